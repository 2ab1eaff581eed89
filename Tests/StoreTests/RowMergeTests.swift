import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// Rows of several sources that meet, whichever way they come: Kraken's candles.
@Suite struct RowMergeTests {
    private static let minutes: [Int64] = Array(0..<2000)

    @Test func aFileLeavesWhatACallBroughtAsItIs() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.call(Self.minutes.map { Candle($0).row(held.ids[0], "api", vwap: "100.1") })
            let version = try await held.version()
            #expect(try await held.load(Self.minutes.map { Candle($0) }).counts.all == [0, 2000, 0, 0, 0])
            #expect(try await held.version() == version)
            #expect(try await held.minutes().values.allSatisfy { $0 == Candle(0).values("api", vwap: "100.1") })
        }
    }

    @Test func aCallAddsWhatAFileDidNotTell() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load(Self.minutes.map { Candle($0) })
            let version = try await held.version()
            let rows = Self.minutes.prefix(100).map { Candle($0).row(held.ids[0], "api", vwap: "100.1") }
            #expect(try await held.call(rows).all == [0, 100, 0, 100, 0])
            #expect(try await held.version() == version.map { $0 + 1 })
            #expect(try await held.call(rows).all == [0, 100, 0, 0, 0])
            let stored = try await held.minutes()
            #expect(stored[99] == Candle(99).values("csv", vwap: "100.1") && stored[100] == Candle(100).values())
            #expect(try await held.revisions().isEmpty)
            #expect(try await held.isSound())
        }
    }

    @Test func theHigherRankWinsAndTheOtherIsNotedOnce() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let id = held.ids[0]
            try await held.call([Candle(1, price: 1).row(id, "derived"), Candle(2, price: 2).row(id, "trades", vwap: "2")])
            // The archive's candles: both are replaced. Then lower ones that say otherwise: neither is.
            #expect(try await held.load([Candle(1), Candle(2)]).counts.all == [0, 0, 2, 0, 2])
            let lower = [Candle(1, price: 5).row(id, "trades", vwap: "5"), Candle(2, price: 6).row(id, "derived")]
            #expect(try await held.call(lower).all == [0, 2, 0, 0, 2])
            #expect(try await held.call(lower).all == [0, 2, 0, 0, 0])
            #expect(try await held.minutes() == [1: Candle(1).values(), 2: Candle(2).values()])
            #expect(try await held.revisions().map(\.change) == ["0.1->100", "0.2->100", "0.5->100", "0.6->100"])
            // Of equal ranks the newer.
            #expect(try await held.call([Candle(1, price: 8).row(id, "api", vwap: "1")]).all == [0, 0, 1, 0, 1])
            #expect(try await held.minutes()[1] == Candle(1, price: 8).values("api", vwap: "1"))
        }
    }

    @Test func ofEqualRanksTheCallThatBeganLaterWins() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let early = try await held.begin()
            let late = try await held.begin()
            try await held.end(late, [Candle(1, price: 9).row(held.ids[0], "api", vwap: "9"), Candle(2).row(held.ids[0], "api")])
            let counts = try await held.end(
                early, [Candle(1, price: 8).row(held.ids[0], "api", vwap: "8"), Candle(2).row(held.ids[0], "csv", vwap: "2")])
            #expect(counts.all == [0, 2, 0, 1, 1])
            let stored = try await held.minutes()
            #expect(stored[1] == Candle(1, price: 9).values("api", vwap: "9"))
            #expect(stored[2] == Candle(2).values("api", vwap: "2"))
        }
    }

    @Test func theViewNamesPairAndInterval() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load([Candle(1)])
            try await held.store.pool.query("update series set dataset = 'kraken' where id = \(held.ids[0])")
            let row = try await held.store.pool.query("select pair, interval::int8, time, close, vwap, source from kraken_ohlcvt").only()
            #expect(try [row.string(0), row.numericText(3), row.string(5)] == ["AUSD", "100.5", "csv"])
            #expect(try [row.int64(1), row.instant(2)] == [1, 60])
            #expect(try row.isNull(4))
        }
    }
}
