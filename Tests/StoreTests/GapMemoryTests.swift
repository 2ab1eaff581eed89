import EventLoop
import Series
import Store
import Testing
import TestSupport

@Suite struct GapMemoryTests {
    /// What is known of one slot, as the words of the definition have it.
    private struct Word: Equatable {
        var reason: String
        var since: Int64
        var asked: Int64
        var attempts = 1
        var steps = 1
        var evidence: Int64

        init(_ reason: String, _ now: Int64, _ evidence: Int64) {
            (self.reason, since, asked, self.evidence) = (reason, now, now, evidence)
        }

        var nextAsk: Int64? {
            Memory.finalReasons.contains(reason) ? nil : asked + [0, 3600, 86_400, 604_800, 2_592_000][min(steps, 4)]
        }

        mutating func again(_ reason: String, _ now: Int64, _ evidence: Int64) {
            if nextAsk.map({ now >= $0 }) ?? true { steps += 1 }
            attempts += 1
            (self.reason, asked, self.evidence) = (reason, now, evidence)
        }
    }

    private struct Model {
        var held: [Set<Int>] = [[], [], []]
        var absent: [[Int: Word]] = [[:], [:], [:]]
        var excluded: Set<Int> = []

        /// Slots of the call that it found absent.
        mutating func take(
            series: [Int], periods: Range<Int>, isProved: Bool, askedAt: Int64, rows: [(series: Int, part: Int)], now: Int64, task: Int64
        ) -> Int {
            var found = 0
            var new: [Set<Int>] = [[], [], []]
            for row in rows where held[row.series].insert(row.part).inserted { new[row.series].insert(row.part / 2) }
            for one in 0..<3 {
                for slot in new[one] { absent[one][slot] = nil }
                guard isProved, series.contains(one) else { continue }
                for slot in periods.lowerBound * 24..<periods.upperBound * 24 {
                    let parts = [slot * 2, slot * 2 + 1].filter(held[one].contains)
                    let isDue = Int64(slot + 1) * 3600 + Memory.dueLag <= askedAt
                    let isServed = one != 1 || slot >= Memory.firstDay * 24
                    if parts.count == 2 || !isDue || !isServed || excluded.contains(slot) && one == 2 { continue }
                    found += 1
                    let reason = parts.isEmpty ? Memory.reason(Int64(slot) * 3600) : "partial"
                    if absent[one][slot] == nil {
                        absent[one][slot] = Word(reason, now, task)
                    } else {
                        absent[one][slot]?.again(reason, now, task)
                    }
                }
            }
            return found
        }
    }

    @Test(arguments: [41, 42, 43] as [UInt64])
    func whatIsRememberedIsWhatEachSlotWouldRememberAlone(_ seed: UInt64) async throws {
        try await Memory.with { _, store, dataset, ids in
            var random = Seeded(seed)
            var model = Model()
            var now: Int64 = 20_001 * 86_400
            var exclusions: [(id: String, slots: Range<Int>)] = []
            for round in 0..<60 {
                now += Int64([60, 3600, 86_400][random.below(3)] + random.below(600))
                if random.below(6) == 0 {
                    let from = 20_000 * 24 + random.below(96)
                    let slots = from..<from + 1 + random.below(30)
                    exclusions.append((try await Memory.exclude(store, ids[2], slots, now: now).id, slots))
                } else if random.below(6) == 0, let gone = exclusions.indices.randomElement(using: &random) {
                    #expect(try await store.lift(exclusion: exclusions.remove(at: gone).id, of: "memory", by: "test", now: now))
                }
                model.excluded = Set(exclusions.flatMap { Array($0.slots) })
                let first = 20_000 + random.below(3)
                let periods = first..<first + 1 + random.below(3)
                let series = [0, 1, 2].filter { _ in random.below(3) > 0 }
                if series.isEmpty { continue }
                let ended = [TaskResult.Ended.proved, .proved, .proved, .unproved, .failed, .shapeUnusable][random.below(6)]
                var result = TaskResult(ended: ended, reason: "")
                result.askedAt = now - Int64(random.below(7200))
                var rows: [(series: Int, part: Int)] = []
                for one in series {
                    for _ in 0..<random.below(3) {
                        let part = periods.lowerBound * 48 + random.below(periods.count * 48)
                        rows += (part..<min(part + random.below(20), periods.upperBound * 48)).map { (one, $0) }
                    }
                }
                result.rows = rows.map { Memory.row(ids[$0.series], $0.part) }
                let (task, ingestion) = try await Memory.claim(store, series.map { ids[$0] }, periods)
                _ = try await store.finish(task, with: result, dataset: dataset, now: now)
                let found = model.take(
                    series: series, periods: periods, isProved: ended == .proved, askedAt: result.askedAt ?? 0, rows: rows, now: now,
                    task: task.id)
                #expect(try await store.ingestion(id: ingestion)?.sums.absent == found, "seed \(seed) round \(round)")
                try await Self.check(model, store, dataset, now: now, "seed \(seed) round \(round)")
            }
        }
    }

    private static func check(_ model: Model, _ store: Store, _ dataset: Dataset, now: Int64, _ place: String) async throws {
        let ledgers = try await store.ledgers(of: "memory", now: now)
        for (one, stored) in try await Memory.series(store, dataset).enumerated() {
            let words = model.absent[one]
            #expect(Set(stored.ledger.held.ranges.flatMap(Array.init)) == model.held[one], "\(place)")
            #expect(Set(stored.ledger.absent.ranges.flatMap(Array.init)) == Set(words.keys), "\(place)")
            let due = Set(words.filter { $0.value.nextAsk.map { $0 <= now } ?? false }.keys)
            #expect(Set(ledgers[one].ledger.recheck.ranges.flatMap(Array.init)) == due, "\(place)")
            #expect(Set(stored.ledger.excluded.ranges.flatMap(Array.init)) == (one == 2 ? model.excluded : []), "\(place)")
            let noted = Set((stored.notes.runs[.excluded] ?? []).flatMap { Array($0.slots) })
            #expect(noted == (one == 2 ? model.excluded : []), "\(place)")
            let runs = stored.notes.runs[.absent] ?? []
            #expect(runs.reduce(0) { $0 + $1.slots.count } == words.count, "\(place)")
            for run in runs {
                let absence = stored.notes.absences[run.note]
                for slot in run.slots {
                    guard let word = words[slot] else { continue }
                    #expect(absence.reason == word.reason && absence.since == word.since && absence.asked == word.asked, "\(place)")
                    #expect(absence.attempts == word.attempts && absence.steps == word.steps, "\(place)")
                    #expect(absence.nextAsk == word.nextAsk && absence.evidence == word.evidence, "\(place)")
                }
            }
            // A row for every run of slots that are alike, and no more.
            let turns = words.keys.sorted().count { slot in words[slot - 1] != words[slot] }
            #expect(runs.count == turns, "\(place)")
        }
    }

    @Test func aRowEndsAnAbsenceAndTheVersionTells() async throws {
        try await Memory.with { _, store, dataset, ids in
            let day = 20_010
            let now = Int64(day + 2) * 86_400
            var silent = TaskResult(ended: .proved, reason: "no rows")
            silent.askedAt = now
            let first = try await Memory.claim(store, [ids[0]], day..<day + 1)
            let before = try await store.versions()["memory"]?.number ?? 0
            _ = try await store.finish(first.task, with: silent, dataset: dataset, now: now)
            #expect(try await store.versions()["memory"]?.number == before + 1)
            #expect(try await store.ledgers(of: "memory")[0].ledger.absent.count == 24)
            #expect(try await store.ingestion(id: first.ingestion)?.sums.absent == 24)
            // Half an hour comes by a call that is not proved: the absence ends, the slot is missing again.
            var late = TaskResult(ended: .unproved, reason: "")
            late.rows = [Memory.row(ids[0], day * 48 + 10)]
            late.askedAt = now + 60
            let second = try await Memory.claim(store, [ids[0]], day..<day + 1).task
            _ = try await store.finish(second, with: late, dataset: dataset, now: now + 60)
            let ledger = try await store.ledgers(of: "memory", now: now + 3600)[0].ledger
            #expect(ledger.absent.count == 23 && !ledger.absent.contains(day * 24 + 5))
            // Every sixth hour has a final reason and is never asked for again, the others after an hour.
            let final = SlotSet(ranges: [0, 6, 12, 18].map { day * 24 + $0..<day * 24 + $0 + 1 })
            #expect(ledger.recheck == ledger.absent.subtracting(final))
            #expect(try await store.ledgers(of: "memory", now: now + 3599)[0].ledger.recheck.isEmpty)
            // The same half hour again is no news: with proof it is partial, and stays so.
            var proved = late
            proved.ended = .proved
            for (round, attempts) in [(1, 1), (2, 2)] {
                let at = now + Int64(round) * 600
                let task = try await Memory.claim(store, [ids[0]], day..<day + 1).task
                _ = try await store.finish(task, with: proved, dataset: dataset, now: at)
                let one = try await Memory.series(store, dataset)[0]
                let run = try #require(one.notes.runs[.absent]?.first { $0.slots.contains(day * 24 + 5) })
                #expect(one.notes.absences[run.note].reason == "partial" && one.notes.absences[run.note].attempts == attempts)
            }
        }
    }

    @Test func aCallThatIsNotProvedNotesNothing() async throws {
        try await Memory.with { _, store, dataset, ids in
            for ended in [TaskResult.Ended.unproved, .failed, .shapeUnusable] {
                var result = TaskResult(ended: ended, reason: "")
                result.askedAt = 20_020 * 86_400
                let task = try await Memory.claim(store, ids, 20_010..<20_012).task
                _ = try await store.finish(task, with: result, dataset: dataset, now: 20_020 * 86_400)
            }
            #expect(try await store.ledgers(of: "memory").allSatisfy { $0.ledger.absent.isEmpty })
        }
    }

    @Test func whatIsHeldStaysPresentWhereItIsExcluded() async throws {
        try await Memory.with { _, store, dataset, ids in
            let slot = 20_010 * 24
            let task = try await Memory.claim(store, [ids[0]], 20_010..<20_011).task
            var result = TaskResult(ended: .unproved, reason: "")
            result.rows = [Memory.row(ids[0], slot * 2), Memory.row(ids[0], slot * 2 + 1)]
            _ = try await store.finish(task, with: result, dataset: dataset, now: 20_020 * 86_400)
            let first = try await Memory.exclude(store, ids[0], slot..<slot + 4, now: 0)
            let second = try await Memory.exclude(store, ids[0], slot + 2..<slot + 6, now: 0)
            func tally() async throws -> Tally {
                try await store.ledgers(of: "memory")[0].ledger.tally(
                    in: slot..<slot + 8, calendar: dataset.calendar(of: dataset.followed[0]),
                    dueBefore: slot + 8)
            }
            #expect(try await tally().present == 1)
            #expect(try await tally().excluded == 5)
            #expect(try await store.lift(exclusion: first.id, of: "memory", by: "test", now: 0))
            #expect(try await tally().excluded == 4)
            // Once more changes nothing; the other still holds; of another dataset there is none.
            #expect(try await store.lift(exclusion: first.id, of: "memory", by: "somebody", now: 0))
            #expect(try await store.exclusion(id: first.id, of: "memory")?.liftedBy == "test")
            #expect(try await store.lift(exclusion: second.id, of: "other", by: "test", now: 0) == false)
            #expect(try await store.exclusions(of: "memory", state: .inForce, after: nil, limit: 9).map(\.id) == [second.id])
            #expect(try await store.exclusions(of: "memory", state: .lifted, after: nil, limit: 9).map(\.id) == [first.id])
            #expect(try await store.exclusions(of: "memory", state: .all, after: second.id, limit: 9).map(\.id) == [first.id])
        }
    }
}
