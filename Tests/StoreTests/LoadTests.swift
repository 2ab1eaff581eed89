import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

/// Files of rows into the table, all or none.
@Suite struct LoadTests {
    private static let thousand = (0..<1000).map { Candle($0 + $0 / 10, price: 1000 + $0 % 7) }

    @Test func anEmptyRangeTakesAllRows() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let version = try await held.version()
            let outcome = try await held.load(Self.thousand, now: 70)
            #expect(outcome.counts.all == [1000, 0, 0, 0, 0])
            #expect(outcome.rows == 1000 && outcome.edition == 1 && outcome.filled == 1000)
            #expect(outcome.times == 0...(Self.thousand[999].time))
            let stored = try await held.minutes()
            #expect(stored.count == 1000)
            for candle in Self.thousand { #expect(stored[candle.minute] == candle.values()) }
            let coverage = try await held.coverage()
            #expect(coverage[0] == (0..<100).map { $0 * 11..<$0 * 11 + 10 } && coverage[1].isEmpty)
            #expect(try await held.version() == version.map { $0 + 1 })
            #expect(try await held.isSound())
            let file = try #require(try await held.store.archiveFiles(of: "candles", limit: 9).first)
            #expect(file.status == .imported && file.importedAt == 70 && file.rows == 1000 && file.counts.written == 1000)
            #expect(file.times == outcome.times && file.edition == 1 && file.paths == ["1.csv"])
            let task = try await held.store.pool.query("""
                select t.status, t.ended, t.written, t.filled, r.rows from tasks t join receipts r on r.task_id = t.id
                where t.id = \(file.task)
                """).only()
            #expect(try [task.string(0), task.string(1)] == ["done", "proved"])
            #expect(try [task.int(2), task.int(3), task.int(4)] == [1000, 1000, 1000])
        }
    }

    @Test func aSecondTimeNothingIsWritten() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load(Self.thousand)
            let version = try await held.version()
            let before = try await held.minutes()
            #expect(try await held.load(Self.thousand, 2).counts.all == [0, 1000, 0, 0, 0])
            #expect(try await held.load(Self.thousand.shuffled(), 3).counts.all == [0, 1000, 0, 0, 0])
            #expect(try await held.version() == version)
            #expect(try await held.minutes() == before)
            #expect(try await held.store.archiveFiles(of: "candles", limit: 9).map(\.edition) == [1, 2, 3])
            let writers = try await held.store.pool.query("select count(distinct task_id) from kraken_candles").only().int(0)
            #expect(writers == 1)
        }
    }

    /// What stands before, in and behind what is held takes its way each; an outage's end is within.
    @Test func anEditionRevisesWhatItRestates() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load((1000..<3000).filter { $0 != 2000 }.map { Candle($0) })
            let later = (500..<4000).map { Candle($0, volume: (2500..<2591).contains($0) ? 5 : 123_456_789) }
            let outcome = try await held.load(later, 2, now: 90)
            #expect(outcome.counts.all == [1501, 1908, 91, 0, 91])
            #expect(outcome.edition == 2)
            let revisions = try await held.revisions()
            #expect(revisions.map { $0.time / 60 } == Array(2500..<2591))
            let tasks = try await held.store.archiveFiles(of: "candles", limit: 9).map(\.task)
            #expect(revisions.allSatisfy { $0.oldCall?.task == tasks[0] && $0.newCall?.task == tasks[1] && $0.changedAt == 90 })
            #expect(revisions.first?.old == Candle(2500).values())
            #expect(revisions.first?.new == Candle(2500, volume: 5).values())
            let stored = try await held.minutes()
            #expect(stored.count == 3500)
            for candle in later { #expect(stored[candle.minute] == candle.values()) }
            #expect(try await held.coverage()[0] == [500..<4000])
            #expect(try await held.isSound())
        }
    }

    @Test func rowsInAnyOrderAreStoredAsInOrder() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let outcome = try await held.load(Self.thousand.shuffled(), batch: 37)
            #expect(outcome.counts.all == [1000, 0, 0, 0, 0] && outcome.quarantined == 0)
            let stored = try await held.minutes()
            for candle in Self.thousand { #expect(stored[candle.minute] == candle.values()) }
            #expect(try await held.isSound())
            // The last row of all is out of its place: what was copied until then goes back.
            let late = (10_000..<12_000).map { Candle($0) } + [Candle(9000)]
            #expect(try await held.load(late, 2).counts.all == [2001, 0, 0, 0, 0])
            #expect(try await held.coverage()[0].suffix(2) == [9000..<9001, 10_000..<12_000])
            #expect(try await held.isSound())
        }
    }

    @Test func aTimeThatComesTwiceCountsOnceOrNotAtAll() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load([Candle(5, price: 7)])
            var rows = (0..<100).map { Candle($0) }
            rows += [Candle(20), Candle(20), Candle(30, price: 3), Candle(40), Candle(40, price: 4), Candle(5, price: 9)]
            let outcome = try await held.load(rows, 2)
            // 20 is told three times alike; 5, 30 and 40 otherwise.
            #expect(outcome.counts.all == [97, 0, 0, 0, 0])
            #expect(outcome.quarantined == 6 && outcome.rows == 106)
            #expect(outcome.contradictions.map(\.place) == ["row 6", "row 31", "row 41", "row 103", "row 105", "row 106"])
            #expect(outcome.contradictions[3].time == 1800)
            #expect(outcome.contradictions[3].record.hasPrefix("open=0.3 high=0.8 low=0.3"))
            let stored = try await held.minutes()
            #expect(stored[5] == Candle(5, price: 7).values() && stored[30] == nil && stored[40] == nil && stored[20] != nil)
            #expect(try await held.coverage()[0] == [0..<30, 31..<40, 41..<100])
            #expect(try await held.isSound())
            let file = try #require(try await held.store.archiveFiles(of: "candles", limit: 9).last)
            #expect(file.quarantined == 6 && file.rows == 106)
        }
    }

    @Test func rowsThatCoverageDoesNotKnowOfAreFoundAllTheSame() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load([Candle(600), Candle(700, price: 3)])
            try await held.store.pool.query("update coverage set held = '{}'")
            let outcome = try await held.load(Self.thousand.map { Candle($0.minute) }, 2)
            #expect(outcome.counts.all == [998, 1, 1, 0, 1])
            #expect(try await held.isSound())
        }
    }

    @Test func anEmptyFileIsAFile() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let version = try await held.version()
            let outcome = try await held.load([])
            #expect(outcome.rows == 0 && outcome.times == nil && outcome.counts.all == [0, 0, 0, 0, 0])
            #expect(try await held.version() == version)
            #expect(try await held.store.archiveFiles(of: "candles", status: .imported, limit: 9).count == 1)
        }
    }

    /// Files of random rows in random order over random rows, against a dictionary.
    @Test(arguments: [nil, 3, 77] as [UInt64?])
    func randomFilesOverRandomRows(_ given: UInt64?) async throws {
        let seed = given ?? UInt64.random(in: 1...UInt64.max)
        print("LoadTests seed \(seed)")
        try await StoreUnderTest.with(candles()) { _, held in
            var random = Seeded(seed, isTold: false)
            var model: [Int64: Candle] = [:]
            for content in 1...12 {
                let from = Int64(random.below(400))
                var rows = (from..<from + Int64(1 + random.below(300))).filter { _ in random.chance(70) }.map {
                    Candle($0, price: 100 + Int64(random.below(2)))
                }
                // Each ends later than those before it, and so is the later edition.
                rows.append(Candle(1000 + Int64(content)))
                if random.chance(50) { rows.shuffle(using: &random) }
                if random.chance(40), let row = rows.randomElement(using: &random) { rows.append(Candle(row.minute, price: 101)) }
                var told: [Int64: Set<Int64>] = [:]
                for row in rows { told[row.minute, default: []].insert(row.price) }
                let sole = told.filter { $0.value.count == 1 }.mapValues { $0.first! }
                let new = sole.filter { model[$0.key] == nil }.count
                let other = sole.filter { model[$0.key] != nil && model[$0.key]?.price != $0.value }.count
                let outcome = try await held.load(rows, UInt8(content), batch: 1 + random.below(90))
                #expect(outcome.counts.all == [new, sole.count - new - other, other, 0, other], "seed \(seed), file \(content)")
                for (minute, price) in sole { model[minute] = Candle(minute, price: price) }
                #expect(try await held.minutes() == model.mapValues { $0.values() }, "seed \(seed), file \(content)")
                #expect(try await held.isSound(), "seed \(seed), file \(content)")
            }
        }
    }

    /// A million rows pass; the loader keeps none of them: who reads fills the same arrays again and again.
    @Test func aMillionRowsPassThroughOneBatch() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let file = try await held.register(1)
            let outcome = try await held.store.load(file: file.id, for: try await held.begin(), of: held.dataset, now: 0) {
                var batch = Candle.batch((0..<10_000).map { Candle($0) })
                var read = 0
                var storage: Set<UInt> = []
                return {
                    if read == 1_000_000 {
                        #expect(storage.count == 1)
                        return .end(LoadEnd(sha256: StoreUnderTest.digest(1), rows: read))
                    }
                    if read > 0 { for row in batch.times.indices { batch.times[row] += 600_000 } }
                    storage.insert(batch.times.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) })
                    read += batch.count
                    return .rows(batch)
                }
            }
            #expect(outcome.counts.written == 1_000_000)
            #expect(try await held.coverage()[0] == [0..<1_000_000])
        }
    }
}
