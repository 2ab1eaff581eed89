import EventLoop
import Series
@testable import Store
import Testing
import TestSupport

/// Calls in any order over a truth that is told bit by bit and changes: each hour is what a model says that keeps every hour by itself.
@Suite struct AgreementModelTests {
    private static let accounts = ["a", "b", "c"]
    private static let days = 20_000..<20_004

    /// The word of a proved call that did not bring an hour.
    private struct Silence {
        var steps = 1
        var next: Int64?
        var isEmpty: Bool
    }

    private struct Model {
        /// Counts by account, then day or hour.
        var daily: [String: [Int: Int]] = [:]
        var hourly: [String: [Int: Int]] = [:]
        var listed: Set<Int> = []
        var dayless: [String: Set<Int>] = [:]
        var silences: [String: [Int: Silence]] = [:]

        func agrees(_ account: String, _ day: Int) -> Bool {
            daily[account]?[day] == (day * 24..<(day + 1) * 24).reduce(0) { $0 + (hourly[account]?[$1] ?? 0) }
        }

        func exists(_ account: String, _ day: Int) -> Bool {
            daily[account]?[day] != nil || !(listed.contains(day) || dayless[account]?.contains(day) == true)
        }

        /// All that was said before, by what is held now.
        mutating func judge(now: Int64) {
            for (account, all) in silences {
                for (hour, silence) in all {
                    let isEmpty = agrees(account, hour / 24)
                    if isEmpty == silence.isEmpty { continue }
                    silences[account]?[hour] = isEmpty
                        ? Silence(steps: silence.steps, next: nil, isEmpty: true) : Silence(steps: 1, next: now, isEmpty: false)
                }
            }
        }

        mutating func days(_ day: Int, _ told: [String: Int?], isProved: Bool, now: Int64) {
            for (account, count) in told {
                if let count {
                    daily[account, default: [:]][day] = count
                    dayless[account]?.remove(day)
                } else if isProved, daily[account]?[day] == nil, !listed.contains(day) {
                    dayless[account, default: []].insert(day)
                }
            }
            judge(now: now)
        }

        mutating func hours(_ day: Int, _ told: [String: [Int: Int]], isProved: Bool, now: Int64) {
            for (account, counts) in told {
                for (hour, count) in counts {
                    hourly[account, default: [:]][day * 24 + hour] = count
                    silences[account]?[day * 24 + hour] = nil
                }
            }
            judge(now: now)
            for account in told.keys where isProved && exists(account, day) {
                for hour in day * 24..<(day + 1) * 24 where hourly[account]?[hour] == nil {
                    let isEmpty = agrees(account, day)
                    var silence = silences[account]?[hour] ?? Silence(steps: 0, next: now, isEmpty: isEmpty)
                    if silence.next.map({ now >= $0 }) ?? true { silence.steps += 1 }
                    silence.next = isEmpty ? nil : now + [3600, 86_400, 604_800, 2_592_000][min(silence.steps, 4) - 1]
                    silence.isEmpty = isEmpty
                    silences[account, default: [:]][hour] = silence
                }
            }
        }

        func letter(_ account: String, _ hour: Int) -> Character {
            if !exists(account, hour / 24) { return "-" }
            if hourly[account]?[hour] != nil { return "p" }
            if silences[account]?[hour]?.isEmpty == true { return "e" }
            let isTold = daily[account]?[hour / 24] != nil
            return !isTold ? "u" : silences[account]?[hour] == nil ? "m" : "d"
        }
    }

    @Test(arguments: [71, 72, 73, 74] as [UInt64])
    func eachHourIsWhatAModelSays(_ seed: UInt64) async throws {
        try await Counted.with(Self.accounts) { _, held in
            var random = Seeded(seed)
            var model = Model()
            // What happened, and what the upstream tells of it by now.
            var truth: [String: [Int: Int]] = [:]
            for account in Self.accounts {
                for hour in Self.days.lowerBound * 24..<Self.days.upperBound * 24 where random.chance(12) {
                    truth[account, default: [:]][hour] = 1 + random.below(3)
                }
            }
            var now = Int64(20_010) * 86_400
            for round in 0..<70 {
                now += Int64([60, 3600, 90_000, 800_000][random.below(4)])
                let day = Self.days.lowerBound + random.below(Self.days.count)
                let some = Self.accounts.filter { _ in random.chance(60) }
                if some.isEmpty { continue }
                let isProved = random.chance(75)
                func sum(_ account: String) -> Int { (day * 24..<(day + 1) * 24).reduce(0) { $0 + (truth[account]?[$1] ?? 0) } }
                switch random.below(4) {
                case 0:
                    // Now and then a day says more than its hours, or one is not listed.
                    let listed = Dictionary(uniqueKeysWithValues: some.map { ($0, sum($0) + (random.chance(15) ? 1 : 0)) })
                    try await held.make(.roster(day, listed, proved: isProved), now: now)
                    if isProved { model.listed.insert(day) }
                    model.days(day, listed.mapValues { $0 }, isProved: false, now: now)
                case 1:
                    let told = Dictionary(uniqueKeysWithValues: some.map { account -> (String, Int?) in
                        (account, random.chance(80) ? sum(account) + (random.chance(15) ? 1 : 0) : nil)
                    })
                    try await held.make(.days(day, told, proved: isProved), now: now)
                    model.days(day, told, isProved: isProved, now: now)
                default:
                    let told = Dictionary(uniqueKeysWithValues: some.map { account -> (String, [Int: Int]) in
                        let hours = (0..<24).compactMap { hour in
                            // Some come late, and some change.
                            truth[account]?[day * 24 + hour].flatMap { random.chance(75) ? (hour, $0 + (random.chance(5) ? 1 : 0)) : nil }
                        }
                        return (account, Dictionary(uniqueKeysWithValues: hours))
                    })
                    try await held.make(.hours(day, told, proved: isProved), now: now)
                    model.hours(day, told, isProved: isProved, now: now)
                }
                try await Self.check(model, held, now: now, "seed \(seed) round \(round)")
            }
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
        }
    }

    private static func check(_ model: Model, _ held: StoreUnderTest, now: Int64, _ place: String) async throws {
        let judged = try await held.judged()
        let asking = try await held.store.ledgers(of: held.dataset, now: now).reduce(into: [:]) { $0[$1.key] = $1.ledger }
        let hours = days.lowerBound * 24..<days.upperBound * 24
        for account in accounts {
            let one = try #require(judged[Counted.hours(account)])
            let calendar = held.dataset.calendar(of: one.key)
            #expect(
                Counted.letters(of: one, in: hours, held.dataset, now: now) == String(hours.map { model.letter(account, $0) }),
                "\(place) \(account)")
            // What is noted of silence, hour by hour.
            var noted: [Int: Absence] = [:]
            for gap in one.ledger.gaps(in: hours, calendar: calendar, dueBefore: .max, notes: one.notes.runs) {
                if let absence = one.notes.absence(of: gap) { for slot in gap.range { noted[slot] = absence } }
            }
            for hour in hours {
                let letter = model.letter(account, hour)
                guard letter == "e" || letter == "d", let silence = model.silences[account]?[hour] else { continue }
                #expect(noted[hour]?.steps == silence.steps && noted[hour]?.nextAsk == silence.next, "\(place) \(account) \(hour)")
                #expect(noted[hour]?.reason == (letter == "e" ? "no_trade" : "counts_differ"), "\(place) \(account) \(hour)")
            }
            // What a call may ask for by now.
            let missing = asking[one.key]?.missing(in: hours, calendar: calendar, dueBefore: .max) ?? SlotSet()
            let expected = hours.filter { hour in
                switch model.letter(account, hour) {
                case "m": true
                case "d": model.silences[account]?[hour]?.next.map { $0 <= now } ?? false
                default: false
                }
            }
            #expect(Set(missing.ranges.joined()) == Set(expected), "\(place) \(account)")
        }
    }
}
