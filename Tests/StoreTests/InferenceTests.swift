import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

@Suite struct InferenceTests {
    private static let intervals = [1, 5, 15]
    private static let start = 20_000 * 1440

    /// Two pairs' trades, and candles of them, a quarter of them missing.
    private static func market(
        _ dataset: Dataset, _ ids: [Int], _ length: Int, _ random: inout Seeded
    ) -> (tapes: [Tape], rows: [StoredRow], held: [SeriesKey: Set<Int>]) {
        var tapes: [Tape] = []
        var rows: [StoredRow] = []
        var held: [SeriesKey: Set<Int>] = [:]
        for pair in 0..<2 {
            var tape = Tape()
            for minute in 0..<length where random.below(3) > 0 {
                tape.trades[start + minute] = (0..<1 + random.below(3)).map { _ in (random.below(90) + 10, random.below(9) + 1) }
            }
            tapes.append(tape)
            for (place, interval) in intervals.enumerated() {
                let key = dataset.followed[pair * 3 + place]
                for slot in start / interval..<(start + length) / interval where random.below(4) > 0 {
                    let trades = tape.within(slot * interval..<(slot + 1) * interval)
                    if trades.isEmpty { continue }
                    held[key, default: []].insert(slot)
                    rows.append(
                        StoredRow(
                            seriesID: ids[pair * 3 + place], time: Int64(slot * interval) * 60,
                            values: Candles.values(trades, "csv")))
                }
            }
        }
        return (tapes, rows, held)
    }

    /// Random trades, random candles of them held, each interval with its own holes: whatever is made of them must be what really happened.
    @Test(arguments: [71, 72, 73] as [UInt64])
    func whatFollowsIsWhatHappened(_ seed: UInt64) async throws {
        let dataset = Candles.dataset(["A", "B"], Self.intervals)
        try await StoreUnderTest.with(dataset) { _, test in
            var random = Seeded(seed)
            let length = 600
            let end = Int64(Self.start + length) * 60
            let (tapes, rows, held) = Self.market(dataset, test.ids, length, &random)
            try await test.call(rows, now: end)
            let task = try await test.begin()
            let all = try await test.store.entries(of: dataset.name)
            for interval in Self.intervals.reversed() {
                let judged = all.filter { $0.key.values[1] == String(interval) }
                _ = try await test.store.weigh(
                    task, judged, among: all, in: Int64(Self.start) * 60..<end, of: dataset, now: end)
            }
            for entry in all {
                let sources = dataset.derivation!.sources(entry.key).compactMap { key in all.first { $0.key == key } }
                let interval = Int(entry.key.values[1])!
                _ = try await test.store.derive(
                    task, entry, from: sources, in: Self.start / interval..<(Self.start + length) / interval, of: dataset, now: end)
            }
            let stored = try await test.held()
            let series = try await test.store.ledgers(of: dataset.name)
            var (derived, proved) = (0, 0)
            for one in series {
                let interval = Int(one.key.values[1])!
                let tape = tapes[one.key.values[0] == "A" ? 0 : 1]
                for slot in Self.start / interval..<(Self.start + length) / interval {
                    let trades = tape.within(slot * interval..<(slot + 1) * interval)
                    let row = stored[[Int64(one.id), Int64(slot * interval) * 60]]
                    #expect(one.ledger.held.contains(slot) == (row != nil))
                    if held[one.key]?.contains(slot) == true {
                        #expect(row == Candles.values(trades, "csv"), "what is held stays")
                    } else if let row {
                        derived += 1
                        #expect(row == Candles.values(trades, "derived"))
                    }
                    if one.ledger.absent.contains(slot) {
                        proved += 1
                        #expect(trades.isEmpty && row == nil, "\(one.key) \(slot)")
                    } else if trades.isEmpty, interval == 1, one.ledger.lifetime?.contains(slot) ?? true, let coarse = series.first(where: {
                        $0.key.values == [one.key.values[0], "5"] && held[$0.key]?.contains(slot / 5) == true
                    }) {
                        // Its five minutes are held but for the empty ones: that proves it.
                        let five = slot / 5 * 5..<slot / 5 * 5 + 5
                        let isWhole = five.allSatisfy { tape.within($0..<$0 + 1).isEmpty || held[one.key]?.contains($0) == true }
                        #expect(!isWhole, "\(coarse.key) proves \(slot)")
                    }
                }
            }
            #expect(derived > 0 && proved > 20)
            #expect(try await test.store.verify(dataset).findings.allSatisfy { !$0.isRepairable })
            let version = try await test.version()
            let again = try await test.store.weigh(
                task, all.filter { $0.key.values[1] == "1" }, among: all, in: Int64(Self.start) * 60..<end, of: dataset, now: end)
            #expect(again.absent == 0 && again.written == 0)
            #expect(try await test.version() == version)
        }
    }

    @Test func aCoarserSlotIsEmptyWhereAllFinerOnesAre() async throws {
        let dataset = Candles.dataset(["A"], [1, 5])
        try await StoreUnderTest.with(dataset) { _, test in
            let (fine, coarse) = (test.ids[0], test.ids[1])
            let first = Self.start
            func row(_ id: Int, _ minute: Int, _ volume: Int = 1) -> StoredRow {
                StoredRow(seriesID: id, time: Int64(minute) * 60, values: Candles.values([(7, volume)], "api"))
            }
            try await test.call([row(fine, first), row(fine, first + 16)], now: 0)
            // Ten minutes down, five without a trade, and one of which nobody knows.
            let quiet = [(1, 5, "no_trade"), (5, 10, "downtime"), (10, 13, "no_trade"), (13, 15, "downtime"), (15, 16, "no_trade")]
            for (from, to, reason) in quiet {
                try await test.store.pool.query("""
                    insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, task_id)
                    values (\(fine), \(first + from), \(first + to), \(reason), now(), now(), 1, 1, 1)
                    """)
            }
            try await test.store.pool.query("update coverage set absent = \(.ranges([first + 1..<first + 16])) where series_id = \(fine)")
            let task = try await test.begin()
            let now = Int64(first + 60) * 60
            let entries = zip(test.ids, dataset.followed).map { SeriesEntry(id: $0, key: $1) }
            let slots = first / 5..<first / 5 + 4
            let span = dataset.instants(of: slots, of: entries[1].key)
            let open = try await test.store.derivable(entries[1], in: span, of: dataset, now: now)
            #expect(open == SlotSet(slots))
            let found = try await test.store.derive(task, entries[1], from: [entries[0]], in: slots, of: dataset, now: now)
            #expect(found.written == 1 && found.filled == 1 && found.absent == 2 && found.left == 1)
            let noted = try await test.store.snapshot(of: dataset, choose: { _ in [coarse] }, notes: 0..<now, span: { _ in nil })
            let absences = noted.series[0].notes.absences
            #expect(absences.map(\.reason) == ["downtime", "no_trade"])
            #expect(absences.allSatisfy { $0.evidence == task.id && $0.nextAsk == nil })
            // What is held is never replaced, nor is it written again.
            #expect(try await test.store.derive(task, entries[1], from: [entries[0]], in: slots, of: dataset, now: now).written == 0)
            try await test.end(task, [row(coarse, first, 9)], now: now)
            let next = try await test.begin()
            #expect(try await test.store.derive(next, entries[1], from: [entries[0]], in: slots, of: dataset, now: now).written == 0)
            #expect(try await test.held()[[Int64(coarse), Int64(first) * 60]] == Candles.values([(7, 9)], "api"))
            // Nobody writes under a claim that is not his any more.
            try await test.end(next, [], now: now)
            await #expect(throws: StoreError.leaseLost(task: next.id)) {
                try await test.store.derive(next, entries[1], from: [entries[0]], in: slots, of: dataset, now: now)
            }
        }
    }

    private static func silence(_ slots: [Int], of series: Int, in store: Store) async throws {
        for slot in slots {
            try await store.pool.query("""
                insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, task_id)
                values (\(series), \(slot), \(slot + 1), 'no_trade', now(), now(), 1, 1, 1)
                """)
        }
        try await store.pool.query("update coverage set absent = \(.ranges(slots.map { $0..<$0 + 1 })) where series_id = \(series)")
    }

    @Test func whatWasDerivedFollowsWhatItIsMadeOf() async throws {
        let intervals = [1, 5, 15, 60]
        let dataset = Candles.dataset(["A"], intervals)
        try await StoreUnderTest.with(dataset) { _, test in
            let first = Self.start / 60 * 60
            let now = Int64(first + 120) * 60
            var prices = Dictionary(uniqueKeysWithValues: (0..<60).map { ($0, 10 + $0) })
            // Nothing happened in the minute 3, nor in the five from 20 on.
            let quiet = [3] + Array(20..<25)
            for minute in quiet { prices[minute] = nil }
            func row(_ minute: Int, _ price: Int) -> StoredRow {
                StoredRow(seriesID: test.ids[0], time: Int64(first + minute) * 60, values: Candles.values([(price, 1)], "api"))
            }
            try await test.call(prices.map { row($0.key, $0.value) })
            try await Self.silence(quiet.map { first + $0 }, of: test.ids[0], in: test.store)
            let entries = zip(test.ids, dataset.followed).map { SeriesEntry(id: $0, key: $1) }
            let task = try await test.begin()
            for (place, length) in intervals.enumerated().dropFirst() {
                let slots = first / length..<first / length + 60 / length
                let found = try await test.store.derive(
                    task, entries[place], from: [entries[place - 1]], in: slots, of: dataset, now: now)
                #expect(found.written == (length == 5 ? 11 : 60 / length) && found.absent == (length == 5 ? 1 : 0))
            }
            try await test.end(task, [], now: now)
            func absent(_ place: Int) async throws -> [Range<Int>] {
                let ledgers = try await test.store.ledgers(of: dataset.name)
                return ledgers.first { $0.id == test.ids[place] }?.ledger.absent.ranges ?? []
            }
            func expectAll() async throws {
                let held = try await test.held()
                for (place, length) in intervals.enumerated().dropFirst() {
                    for begin in stride(from: 0, to: 60, by: length) {
                        let trades = (begin..<begin + length).compactMap { minute in prices[minute].map { ($0, 1) } }
                        let row = held[[Int64(test.ids[place]), Int64(first + begin) * 60]]
                        #expect(row == (trades.isEmpty ? nil : Candles.values(trades, "derived")))
                    }
                }
            }
            try await expectAll()
            // One is revised, with all that stands on it; the call began before the others were derived.
            prices[7] = 500
            let late = try await test.begin()
            let counts = try await test.end(late, [row(7, 500)], now: now, begunAt: Deadline.now)
            #expect(counts.revised == 1)
            try await expectAll()
            #expect(try await test.revisions().count == 4)
            // Something happened after all.
            prices[3] = 1
            #expect(try await test.call([row(3, 1)], now: now).written == 1)
            try await expectAll()
            #expect(try await test.revisions().count == 7)
            // So it did where a longer slot was known to be empty: that is open again, and follows.
            #expect(try await absent(1) == [first / 5 + 4..<first / 5 + 5])
            try await test.call([row(22, 7)], now: now)
            #expect(try await absent(1).isEmpty)
            prices[22] = 7
            let next = try await test.begin()
            #expect(try await test.store.derive(
                next, entries[1], from: [entries[0]], in: first / 5..<first / 5 + 12, of: dataset, now: now).written == 1)
            try await test.end(next, [], now: now)
            try await expectAll()
            // The same again changes nothing.
            let version = try await test.version()
            #expect(try await test.call([row(3, 1), row(7, 500)], now: now).revised == 0)
            #expect(try await test.version() == version)
        }
    }

    @Test func aLongerSlotIsNotEmptyInWhichSomethingIs() async throws {
        let dataset = Candles.dataset(["A", "B"], [1, 5])
        try await StoreUnderTest.with(dataset) { _, test in
            let first = Self.start / 5 * 5
            for place in [1, 3] { try await Self.silence([first / 5, first / 5 + 1, first / 5 + 2], of: test.ids[place], in: test.store) }
            func absent(_ place: Int) async throws -> [Range<Int>]? {
                let ledgers = try await test.store.ledgers(of: dataset.name)
                return ledgers.first { $0.id == test.ids[place] }?.ledger.absent.ranges
            }
            // Of the minutes nothing was ever known.
            let version = try await test.version()
            try await test.call([
                StoredRow(seriesID: test.ids[0], time: Int64(first + 7) * 60, values: Candles.values([(7, 1)], "csv"))
            ])
            #expect(try await absent(1) == [first / 5..<first / 5 + 1, first / 5 + 2..<first / 5 + 3])
            #expect(try await absent(3) == [first / 5..<first / 5 + 3], "that is another pair")
            #expect(try await test.version() == version.map { $0 + 1 })
            #expect(try await test.store.verify(dataset).findings.allSatisfy { !$0.isRepairable })
        }
    }

    @Test func lifetimesBeginWithTheFirstRowOfAnyInterval() async throws {
        let dataset = Candles.dataset(["A", "B"], [1, 5, 15])
        try await StoreUnderTest.with(dataset) { _, test in
            func row(_ place: Int, _ minute: Int) -> StoredRow {
                StoredRow(seriesID: test.ids[place], time: Int64(minute) * 60, values: Candles.values([(7, 1)], "api"))
            }
            func lives() async throws -> [Range<Int>?] {
                let ledgers = try await test.store.ledgers(of: dataset.name)
                return test.ids.map { id in ledgers.first { $0.id == id }?.ledger.lifetime }
            }
            let open = Ledger.always.upperBound
            let first = Self.start
            #expect(try await lives().allSatisfy { $0 == nil })
            /// What a call came to that was told that the channel of the first series is gone.
            func gone() async throws -> TaskRecord? {
                let task = try await test.begin()
                var result = TaskResult(ended: .proved, reason: "not listed")
                (result.isGone, result.askedAt, result.witnessed) = (true, 1, 0..<0)
                _ = try await test.store.finish(task, with: result, dataset: dataset, now: 1)
                return try await test.store.tasks(of: task.ingestionID, after: -1, limit: 1).first
            }
            let never = try await gone()
            #expect(never?.status == "failed" && never?.error == "not listed", "what never was has not ended")
            #expect(try await lives().allSatisfy { $0 == nil })
            // One row is no beginning, until somebody knows that nothing was before it.
            try await test.call([row(2, first)])
            #expect(try await lives().allSatisfy { $0 == nil })
            try await test.call([row(2, first)], isBeginning: true)
            #expect(try await lives() == [first..<open, first / 5..<open, first / 15..<open, nil, nil, nil])
            // A finer slot tells it more closely where it is known to be the first of its series; that it is the first held says nothing.
            try await test.call([row(1, first + 10), row(1, first + 20)])
            #expect(try await lives()[0] == first..<open)
            try await test.call([row(1, first + 10)], isBeginning: true)
            #expect(try await lives()[0] == first + 10..<open)
            #expect(try await lives()[2] == first / 15..<open)
            try await test.call([row(0, first + 900)])
            #expect(try await lives()[0] == first + 10..<open)
            // Earlier rows move it.
            try await test.call([row(2, first - 150)])
            #expect(try await lives()[0] == first - 150..<open)
            #expect(try await lives()[3] == nil)
            let version = try await test.version()
            try await test.call([row(2, first - 150)])
            #expect(try await test.version() == version)
            // Delisted; then it is traded again.
            #expect(try await gone()?.status == "done")
            let (five, quarter) = ((first - 150) / 5, (first - 150) / 15)
            #expect(try await lives().prefix(3) == [first - 150..<first + 901, five..<first / 5 + 181, quarter..<first / 15 + 61])
            #expect(try await test.version() == version.map { $0 + 1 })
            let page = try await test.store.ledgers(of: dataset.name).first { $0.id == test.ids[0] }
            let calendar = dataset.calendar(of: dataset.followed[0])
            let states = page?.ledger.tally(in: first..<first + 2000, calendar: calendar, dueBefore: first + 2000)
            #expect(states?.slots == 901)
            // Told once more, and rows within it: nothing else.
            #expect(try await gone()?.status == "done")
            try await test.call([row(0, first + 30)])
            #expect(try await lives()[0] == first - 150..<first + 901)
            try await test.call([row(0, first + 1000)])
            #expect(try await lives().prefix(3) == [first - 150..<open, five..<open, quarter..<open])
        }
    }
}
