import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct KrakenAnswerTests {
    @Test func candlesAreThoseOfTheTradesPages() throws {
        let desk = try makeExchange()
        for (pair, interval) in [("XBTUSD", 1), ("XBTUSD", 60), ("HONEYUSD", 5), ("PEPEUSD", 5), ("SOLUSD", 240)] {
            let rows = try desk.ohlc(pair, interval).rows
            let step = Int64(interval) * 60
            let trades = try desk.allTrades(pair, since: rows[0].time * 1_000_000_000 - 1)
            let slots = Dictionary(grouping: trades) { Int64($0.seconds / Double(step)) * step }
            #expect(rows.count { !$0.isPlaceholder } == slots.count, "\(pair) \(interval)")
            for row in rows {
                guard let inside = slots[row.time] else {
                    #expect(row.isPlaceholder && row.texts[4] == "0.0" && row.texts[5] == "0.00000000")
                    #expect(Set(row.texts[0...3]).count == 1)
                    continue
                }
                let folded = try Folded(inside)
                #expect(row.prices[0] == folded.open && row.prices[1] == folded.high && row.prices[2] == folded.low)
                #expect(row.prices[3] == folded.close && row.prices[5] == folded.volume && row.count == folded.count)
            }
        }
    }

    @Test func averagePriceIsCutOffNotRounded() throws {
        let desk = try makeExchange(only: ["XBTUSD"])
        let rows = try desk.ohlc("XBTUSD", 1).rows
        let slots = Dictionary(grouping: try desk.allTrades("XBTUSD", since: rows[0].time * 1_000_000_000 - 1)) {
            Int64($0.seconds / 60) * 60
        }
        var cut = 0
        for row in rows {
            guard let trades = slots[row.time] else { continue }
            // In tenths of a dollar and ten-thousand-millionths of a coin: whole numbers, so that the mean is exact.
            let parts = try trades.map { (try units($0.price, 1), try units($0.volume, 10)) }
            let (weight, volume) = (parts.reduce(0) { $0 + $1.0 * $1.1 }, parts.reduce(0) { $0 + $1.1 })
            #expect(try units(row.prices[4], 1) == weight / volume)
            if weight % volume * 2 >= volume { cut += 1 }
        }
        // Rounding would have given another number for these.
        #expect(cut > 50)
    }

    private func units(_ value: Bytes.Decimal, _ decimals: Int) throws -> Int {
        try #require(value.scale <= decimals)
        return (value.scale..<decimals).reduce(Int(value.mantissa)) { units, _ in units * 10 }
    }

    @Test func depthIs720AndTheCurrentOne() throws {
        let desk = try makeExchange()
        let (key, rows, last) = try desk.ohlc("XBTUSD", 5)
        let current = morning / 300 * 300
        #expect(key == "XXBTZUSD" && rows.count == 721 && rows.map(\.time) == (0...720).map { current - Int64(720 - $0) * 300 })
        #expect(last == current - 300)
        // What lies before the window cannot be had; the current one always comes.
        #expect(try desk.ohlc("XBTUSD", 5, since: 1).rows == rows)
        let some = try desk.ohlc("XBTUSD", 5, since: current - 1_500)
        #expect(some.rows == Array(rows.suffix(5)) && some.last == last)
        let none = try desk.ohlc("XBTUSD", 5, since: current + 3_000)
        #expect(none.rows == Array(rows.suffix(1)))
        // Nothing before the first trade.
        let days = try desk.ohlc("HONEYUSD", 1440).rows
        let listed = try #require(desk.kraken.market.candles("HONEYUSD")).tape.pair.listed
        #expect(days[0].time == listed / 86_400 * 86_400 && days.count < 9)
        #expect(try desk.ohlc("HONEYUSD", 1).rows.count { $0.isPlaceholder } > 500)
    }

    @Test func currentCandleGrowsUntilItsEnd() throws {
        func at(_ now: Int64) throws -> OHLCLine {
            let desk = try makeExchange(begin: morning - 86_400, only: ["XBTUSD"]) { $0.clockStart = now }
            return try #require(try desk.ohlc("XBTUSD", 60).rows.first { $0.time == morning / 3600 * 3600 })
        }
        let start = morning / 3600 * 3600
        let counts = try [600, 1_800, 3_000, 3_600, 90_000].map { try at(start + $0).count }
        #expect(counts[0] < counts[1] && counts[1] < counts[2] && counts[2] < counts[3] && counts[3] == counts[4])
    }

    @Test func errorsComeInside200() throws {
        let desk = try makeExchange()
        #expect(try desk.error("OHLC", ["pair": "NOPEUSD"]) == "EQuery:Unknown asset pair")
        for interval in ["720", "2", "0", "x", "-1"] {
            #expect(try desk.error("OHLC", ["pair": "XBTUSD", "interval": interval]) == "EGeneral:Invalid arguments")
        }
        #expect(try desk.error("OHLC", [:]) == "EGeneral:Invalid arguments")
        #expect(try desk.error("Trades", ["pair": "XBTUSD", "count": "1001"]) == "EGeneral:Invalid arguments")
        #expect(try desk.error("Depth", ["pair": "XBTUSD"]) == "EGeneral:Unknown method")
        let calls = String(decoding: desk.get("/_sandbox/calls", [:]).body, as: UTF8.self)
        #expect(calls.contains(#""status":200,"rows":0,"spoiled":0,"upstream":"kraken"}"#))
    }

    @Test func pairsHaveManyNames() throws {
        let desk = try makeExchange(only: ["XBTUSD", "XDGUSD", "SOLUSD", "SOLVUSD"])
        for name in ["XBTUSD", "XXBTZUSD", "XBT/USD", "BTC/USD", "BTCUSD"] { #expect(try desk.ohlc(name, 60).key == "XXBTZUSD") }
        let keys = try ["DOGEUSD", "SOLVUSD"].map { try desk.ohlc($0, 60).key }
        #expect(keys == ["XDGUSD", "SOLVUSD"])
        let shown = try desk.kraken("OHLC", ["pair": "XXBTZUSD", "interval": "60", "assetVersion": "1"])
        #expect(shown.object?.map(\.0) == ["BTC/USD", "last"])
        let pairs = try desk.kraken("AssetPairs", [:])
        #expect(pairs.object?.map(\.0) == ["SOLUSD", "SOLVUSD", "XXBTZUSD", "XDGUSD"])
        #expect(pairs["XXBTZUSD"]?["altname"]?.string == "XBTUSD" && pairs["XXBTZUSD"]?["wsname"]?.string == "XBT/USD")
        #expect(pairs["XXBTZUSD"]?["base"]?.string == "XXBT" && pairs["XXBTZUSD"]?["pair_decimals"]?.int == 1)
        #expect(pairs["SOLVUSD"]?["base"]?.string == "SOLV" && pairs["SOLVUSD"]?["tick_size"]?.string == "0.00001")
        #expect(try desk.kraken("AssetPairs", ["pair": "SOLUSD,XBTUSD"]).object?.map(\.0) == ["SOLUSD", "XXBTZUSD"])
        #expect(try desk.kraken("Time", [:])["rfc1123"]?.string == "Fri, 21 Mar 25 10:07:30 +0000")
        #expect(try desk.kraken("SystemStatus", [:])["status"]?.string == "online")
    }

    @Test func pairsComeAndGo() throws {
        let desk = try makeExchange(only: ["XBTUSD"]) { configuration in
            let texts = ["NEWUSD:2:2025-03-10", "OLDEUR:2:2025-03-05:2025-03-15", "SOONUSD:2:2025-04-01", "x", "NEWUSD:-1", "NEWUSD:1:x"]
            let verdicts = texts.map { configuration.kraken.add($0) }
            #expect(verdicts == [true, true, true, false, false, false])
            configuration.kraken.only = ["XBTUSD", "NEWUSD", "OLDEUR", "SOONUSD"]
        }
        #expect(try desk.kraken("AssetPairs", [:]).object?.map(\.0) == ["NEWUSD", "XXBTZUSD"])
        for gone in ["OLDEUR", "SOONUSD"] { #expect(try desk.error("Trades", ["pair": gone]) == "EQuery:Unknown asset pair") }
        let days = Int64(86_400), march = try #require(Instant.parse("2025-03-01"))
        let old = try desk.truth("OLDEUR", 1440, march, march + 20 * days)
        #expect(old.map(\.state) == Array(repeating: "unlisted", count: 4) + Array(repeating: "traded", count: 10)
            + Array(repeating: "delisted", count: 6))
        let new = try desk.truth("NEWUSD", 1440, march, march + 22 * days).map(\.state)
        #expect(new[8] == "unlisted" && new[9] == "traded" && new[20] == "open" && new[21] == "open")
        let told = String(decoding: desk.get("/_sandbox/truth", ["dataset": "kraken", "kind": "pairs"]).body, as: UTF8.self)
        #expect(told.split(separator: "\n").count == 4 && told.contains(#""pair":"OLDEUR","key":"OLDEUR","wsname":"OLD/EUR""#))
        #expect(told.contains(#""delisted":\#(march + 14 * days),"#))
    }
}
