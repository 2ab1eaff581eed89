import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

/// Files of one series that overlap: the later edition holds, whichever was imported first.
@Suite struct EditionOrderTests {
    @Test func anEarlierEditionThatComesLaterFillsOnlyWhatIsMissing() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let later = (100..<400).filter { $0 != 200 }.map { Candle($0, price: 2000) }
            let earlier = (0..<300).map { Candle($0, price: $0 < 150 ? 1000 : 2000) }
            try await held.load(later, 1)
            let outcome = try await held.load(earlier, 2)
            // 0..<100 and 200 are new, 100..<150 differ, and the rest says the same.
            #expect(outcome.counts.all == [101, 199, 0, 0, 50] && outcome.outdone == 50)
            let stored = try await held.minutes()
            for candle in later { #expect(stored[candle.minute] == candle.values()) }
            #expect(stored[99] == Candle(99).values() && stored[200] == Candle(200, price: 2000).values() && stored.count == 400)
            let file = try #require(try await held.store.archiveFiles(of: "candles", limit: 9).last)
            #expect(file.reason == "50 of its rows differ from what is held of later editions and calls, which stays")
            // What it said is kept all the same, as what the other took the place of.
            let revisions = try await held.revisions()
            #expect(revisions.count == 50)
            #expect(revisions.allSatisfy { $0.old == Candle($0.time / 60).values() })
            #expect(revisions.allSatisfy { $0.new == Candle($0.time / 60, price: 2000).values() })
            #expect(try await held.isSound())
        }
    }

    @Test func ofTwoThatEndAlikeTheOneWrittenLaterHolds() async throws {
        for order in [[0, 1], [1, 0]] {
            try await StoreUnderTest.with(candles()) { _, held in
                for place in order {
                    let rows = (0..<50).map { Candle($0, price: Int64(1000 + place)) }
                    try await held.load(rows, UInt8(place + 1), modified: Int64(place + 7))
                }
                #expect(try await held.minutes().values.allSatisfy { $0[0] == Candle(0, price: 1001).values()[0] })
            }
        }
    }

    /// Several editions in every order: the store comes to the same, and to what the latest edition that tells a minute says.
    @Test(arguments: [nil, 81, 82] as [UInt64?])
    func theOrderOfImportsChangesNothing(_ given: UInt64?) async throws {
        let seed = given ?? UInt64.random(in: 1...UInt64.max)
        print("EditionOrderTests seed \(seed)")
        try await StoreUnderTest.with(candles()) { _, held in
            var random = Seeded(seed, isTold: false)
            var content: UInt8 = 0
            for _ in 0..<4 {
                let editions = (1...3).map { edition -> [Candle] in
                    let from = Int64(random.below(40))
                    var rows = (from..<from + 20 + Int64(random.below(40))).filter { _ in random.chance(80) }.map {
                        Candle($0, price: 100 + Int64(random.below(3)))
                    }
                    if random.chance(30) { rows.shuffle(using: &random) }
                    // By the number they end later, or alike.
                    let last = Int64(100 + (random.chance(50) ? edition : 0))
                    return rows + [Candle(last)]
                }
                let ranks = (0..<3).sorted { a, b in
                    let (x, y) = (editions[a].map(\.minute).max()!, editions[b].map(\.minute).max()!)
                    return (x, a) < (y, b)
                }
                var model: [Int64: Candle] = [:]
                for place in ranks { for candle in editions[place] { model[candle.minute] = candle } }
                for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                    for place in order {
                        let rows = editions[place]
                        try await held.load(rows, content &+ UInt8(place), modified: Int64(place), batch: 1 + random.below(50))
                    }
                    #expect(try await held.minutes() == model.mapValues { $0.values() }, "seed \(seed), order \(order)")
                    #expect(try await held.isSound(), "seed \(seed), order \(order)")
                    content += 3
                    try await held.store.pool.query("delete from kraken_candles")
                    try await held.store.pool.query("delete from archive_files")
                    try await held.store.pool.query("update coverage set held = '{}'")
                    try await held.store.pool.query("delete from revisions")
                }
            }
        }
    }

    /// Of one series one file is read at a time, in the order in which they were filed; others are not kept waiting.
    @Test func filesOfOneSeriesAreClaimedOneAfterTheOther() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let files = [try await held.register(1), try await held.register(2), try await held.register(3, series: 1)]
            let calls = zip(files, [0, 0, 1]).map { file, series in
                StoredCall(
                    shape: "archive", seriesIDs: [held.ids[series]], periods: 0..<9, covers: 9, requests: 0, tokens: 0, file: file.id)
            }
            _ = try await held.store.insertIngestion(
                Store.NewIngestion(
                    dataset: "candles", selection: #"{"dataset":"candles"}"#, selectionDigest: "files", planID: nil, requestedBy: "test",
                    figures: PlanFigures(
                        gaps: 0, slots: 0, cost: .zero, lowerBound: .zero, optimality: .proven, estimatedSeconds: 0),
                    calls: calls, filedAt: 0))
            func claim() async throws -> ClaimedTask? {
                try await held.store.claimTask(worker: "w", datasets: ["candles"], leaseSeconds: 60)
            }
            let first = try #require(try await claim())
            #expect(first.file == files[0].id)
            #expect(try await claim()?.file == files[2].id)
            #expect(try await claim() == nil)
            _ = try await held.store.finish(first, with: TaskResult(ended: .proved, reason: ""), dataset: held.dataset, now: 0)
            #expect(try await claim()?.file == files[1].id)
        }
    }
}
