import Bytes
import EventLoop
import Foundation
import Postgres
import Series
@testable import Store
import Testing

/// Accounts with days, and with hours on days that they have: what rosters are tried on. An hour and a day count what happened in them,
/// and have a JSON column for the rest. A record is `START COUNT`; none above a thousand is good.
enum Counted {
    static let roster = SeriesKey(["*", "day"])
    static func hours(_ account: String) -> SeriesKey { SeriesKey([account, "hour"]) }
    static func days(_ account: String) -> SeriesKey { SeriesKey([account, "day"]) }

    static let lag: Int64 = 7200
    static let hour = Ruler.every(seconds: 3600, anchor: 0)
    static let day = Ruler.every(seconds: 86_400, anchor: 0)

    /// `followed`: nil of all that are stored.
    static func dataset(followed: [SeriesKey]? = nil) -> Dataset {
        let ofDays = RowTable(schema: schema("counted_days"), slotFields: [])
        return Dataset(
            name: "counted", title: "Counted hours", keys: ["account", "grain"], unit: "1", zone: .utc,
            calendars: .each(finest: hour, of: { Calendar(ruler: $0.values[1] == "hour" ? hour : day) }),
            dueLag: { _ in Int(lag) }, horizonDays: 30, shapes: [], periods: .days(.utc), upstream: .nowhere,
            exchange: { _ in preconditionFailure("this dataset makes no calls") }, schema: schema("counted_hours"), slotFields: [],
            partFields: [], tables: ["day": ofDays, "roster": ofDays], followed: [roster] + (followed ?? []),
            channel: { $0 == roster ? "roster" : $0.values[1] }, absenceWords: .always("no_daily_row"), emptyReasons: ["no_trade"],
            followsStored: followed == nil,
            reread: { _, kept, leniently in
                let words = kept.record.split(separator: " ").compactMap { Int64($0) }
                guard words.count == 2, leniently || words[1] <= 1000 else { return .failure(RereadRefusal("count is above 1000")) }
                return .success(Row(series: 0, time: words[0], values: [.integer(words[1]), .null]))
            },
            dueFrom: .periodEnd,
            roster: Roster(
                series: roster, key: "account", isListed: { $0.values[1] == "day" && $0 != roster },
                teller: { $0.values[1] == "hour" ? days($0.values[0]) : nil },
                told: { $0.values[1] == "day" && $0 != roster ? [hours($0.values[0])] : [] }, tellerCount: "count", toldCount: "count",
                emptyReason: "no_trade", doubtReason: "counts_differ", untoldReason: "day_unknown"))
    }

    private static func schema(_ table: String) -> RowSchema {
        RowSchema(
            table: table, columns: [.init("count", .integer), .init("rest", .json)],
            migrations: [
                .init(name: "0001 \(table)", sql: """
                    create table \(table) (
                        series_id int not null references series, time timestamptz not null, count bigint not null, rest jsonb,
                        task_id bigint, primary key (series_id, time));
                    """)
            ])
    }

    /// A migrated database with these accounts' series, on a loop of its own.
    static func with<T: Sendable>(
        _ accounts: [String] = [], _ body: @escaping @Sendable (isolated Loop, StoreUnderTest) async throws -> T
    ) async throws -> T {
        try await StoreUnderTest.with(dataset()) { loop, held in
            _ = try await held.store.ensureSeries(accounts.flatMap { [days($0), hours($0)] }, of: "counted", now: 0)
            return try await body(loop, held)
        }
    }
}

/// A call of the counted dataset, and what came of it.
struct CountedCall {
    var series: [SeriesKey]
    var days: Range<Int>
    var ended = TaskResult.Ended.proved
    /// Rows of series that the call names: key, slot of the series, count.
    var rows: [(SeriesKey, Int, Int)] = []
    /// Of others.
    var found: [(SeriesKey, Int, Int)] = []
    var refused: [QuarantinedRecord] = []

    static func roster(_ day: Int, _ listed: [String: Int], proved: Bool = true) -> CountedCall {
        CountedCall(
            series: [Counted.roster], days: day..<day + 1, ended: proved ? .proved : .unproved,
            rows: proved ? [(Counted.roster, day, listed.values.reduce(0, +))] : [],
            found: listed.sorted { $0.key < $1.key }.map { (Counted.days($0.key), day, $0.value) })
    }

    static func days(_ day: Int, _ accounts: [String: Int?], proved: Bool = true) -> CountedCall {
        CountedCall(
            series: accounts.keys.sorted().map(Counted.days), days: day..<day + 1, ended: proved ? .proved : .unproved,
            rows: accounts.compactMap { account, count in count.map { (Counted.days(account), day, $0) } })
    }

    /// `counts`: by account, then hour of the day.
    static func hours(_ day: Int, _ counts: [String: [Int: Int]], proved: Bool = true) -> CountedCall {
        CountedCall(
            series: counts.keys.sorted().map(Counted.hours), days: day..<day + 1, ended: proved ? .proved : .unproved,
            rows: counts.flatMap { account, hours in hours.map { (Counted.hours(account), day * 24 + $0.key, $0.value) } })
    }
}

extension StoreUnderTest {
    func ids(_ keys: [SeriesKey]) async throws -> [Int] {
        let known = try await store.entries(of: dataset.name).reduce(into: [SeriesKey: Int]()) { $0[$1.key] = $1.id }
        return try keys.map { try #require(known[$0], "no series \($0)") }
    }

    @discardableResult
    func make(_ call: CountedCall, now: Int64, rest: String? = nil) async throws -> (counts: RowCounts, task: Int64) {
        let task = try await claim(call)
        return (try await end(task, call, now: now, rest: rest), task.id)
    }

    func claim(_ call: CountedCall) async throws -> ClaimedTask {
        _ = try await store.insertIngestion(
            Store.NewIngestion(
                dataset: dataset.name, selection: "{}", selectionDigest: UUID().uuidString, planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 1, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
                calls: [
                    StoredCall(shape: "s", seriesIDs: try await ids(call.series), periods: call.days, covers: 1, requests: 1, tokens: 0)
                ], filedAt: 0))
        return try #require(try await claim())
    }

    func end(_ task: ClaimedTask, _ call: CountedCall, now: Int64, rest: String? = nil) async throws -> RowCounts {
        func time(_ key: SeriesKey, _ slot: Int) -> Int64 { dataset.calendar(of: key).ruler.start(of: slot) }
        func values(_ count: Int) -> [Value] { [.integer(Int64(count)), rest.map(Value.text) ?? .null] }
        let places = Dictionary(uniqueKeysWithValues: zip(call.series, task.seriesIDs))
        var result = TaskResult(ended: call.ended, reason: "")
        result.askedAt = now
        result.rows = call.rows.compactMap { key, slot, count in
            places[key].map { StoredRow(seriesID: $0, time: time(key, slot), values: values(count)) }
        }
        result.found = call.found.map { FoundRow(key: $0.0, time: time($0.0, $0.1), values: values($0.2)) }
        var refusals = Refusals()
        refusals.add(call.refused)
        result.refused = RefusedRecords(refusals, of: task.seriesIDs)
        result.quarantined = refusals.count
        return try await store.finish(task, with: result, dataset: dataset, now: now)
    }

    /// Each series as answers see it, with the notes of all its slots.
    func judged() async throws -> [SeriesKey: StoredSeries] {
        let series = try await store.snapshot(of: dataset, choose: { $0.map(\.id) }, notes: 0..<4_000_000_000, span: { _ in nil }).series
        return Dictionary(uniqueKeysWithValues: series.map { ($0.key, $0) })
    }

    /// The states of an account's hours of a day, one letter each: present, empty, doubted, untold, quarantined, missing, `-` for those
    /// that do not exist.
    func hours(_ account: String, _ day: Int, now: Int64) async throws -> String {
        let key = Counted.hours(account)
        let one = try #require(try await judged()[key])
        return Counted.letters(of: one, in: day * 24..<(day + 1) * 24, dataset, now: now)
    }
}

extension Counted {
    static func letters(of one: StoredSeries, in slots: Range<Int>, _ dataset: Dataset, now: Int64) -> String {
        let states = one.ledger.states(in: slots, calendar: dataset.calendar(of: one.key), dueBefore: dataset.dueBefore(one.key, now: now))
        var letters = [Character](repeating: "-", count: slots.count)
        for (state, set) in states {
            for slot in set.ranges.joined() {
                letters[slot - slots.lowerBound] =
                    switch state {
                    case .present: "p"
                    case .absent: "e"
                    case .quarantined: "q"
                    case .missing where one.ledger.untold.contains(slot): "u"
                    case .missing where one.ledger.resting.contains(slot): "d"
                    case .missing: "m"
                    case .pending, .excluded, .unfillable: "?"
                    }
            }
        }
        return String(letters)
    }
}
