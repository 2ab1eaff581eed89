import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct KrakenTradesTests {
    /// Pages of every size tell the same tape.
    @Test func pagesLeadThroughAllTrades() throws {
        let desk = try makeExchange(begin: morning - 3 * 86_400, only: ["XBTUSD"])
        let told = desk.get("/_sandbox/truth", [
            "dataset": "kraken", "kind": "trades", "pair": "XBTUSD", "from": "\(morning - 4 * 86_400)", "to": "\(morning)",
        ])
        let lines = try told.body.split(separator: 10).map { try JSONValue(parsing: Array($0)) }
        #expect(lines.count > 10_000 && lines.compactMap { $0["id"]?.int } == (1...Int64(lines.count)).map { $0 })
        for count in [1_000, 7] {
            // A long way in small steps is walked for the last part only.
            let first = count == 1_000 ? 0 : lines.count - 700
            let since = first == 0 ? 0 : try #require(lines[first - 1]["time"]?.int)
            let all = try desk.allTrades("XBTUSD", since: since, count: count)
            let known = lines[first...].drop { $0["time"]?.int == since }
            #expect(all.map(\.id) == known.compactMap { $0["id"]?.int })
            #expect(all.map(\.price) == known.compactMap { $0["price"]?.string.flatMap { Bytes.Decimal($0) } })
            #expect(all.map(\.volume) == known.compactMap { $0["volume"]?.string.flatMap { Bytes.Decimal($0) } })
        }
    }

    @Test func equalTimesSpanTheEndOfAPage() throws {
        let desk = try makeExchange(begin: morning - 86_400, only: ["XBTUSD"])
        let times = try desk.trades("XBTUSD", since: "0").rows
        let twin = try #require((1..<900).first { times[$0].seconds == times[$0 - 1].seconds })
        let page = try desk.trades("XBTUSD", since: "0", count: twin)
        // The next page misses what shares the last one's nanosecond; a nanosecond earlier shows it.
        let next = try desk.trades("XBTUSD", since: page.last, count: 1)
        #expect(next.rows[0].id > Int64(twin) + 1)
        let again = try desk.trades("XBTUSD", since: String(try #require(Int64(page.last)) - 1)).rows
        #expect(again.contains { $0.id == Int64(twin) + 1 })
    }

    @Test func caughtUpIsAnEmptyPage() throws {
        let desk = try makeExchange(only: ["HONEYUSD"])
        let newest = try desk.trades("HONEYUSD", since: "", count: 5)
        let all = try desk.allTrades("HONEYUSD", since: 0)
        #expect(newest.rows.count == 5 && newest.rows == Array(all.suffix(5)))
        let end = try desk.trades("HONEYUSD", since: newest.last)
        #expect(end.rows.isEmpty && end.last == newest.last)
        // Seconds do as well.
        let second = try #require(Int64(newest.last)) / 1_000_000_000
        #expect(try desk.trades("HONEYUSD", since: "\(second)").rows == [newest.rows[4]])
    }

    @Test func idsCountOnOverListingsAndDowntimes() throws {
        let day = morning / 86_400 * 86_400
        let desk = try makeExchange(only: ["XBTUSD", "SOLUSD"]) {
            $0.faults.kraken.downtime = [day - 5 * 86_400 + 25_500..<day - 5 * 86_400 + 30_000, day - 90_000..<day - 80_000]
        }
        let all = try desk.allTrades("XBTUSD", since: 0)
        #expect(all.map(\.id) == (1...Int64(all.count)).map { $0 })
        #expect(!all.contains { (Double(day - 90_000)..<Double(day - 80_000)).contains($0.seconds) })
        for pair in ["XBTUSD", "SOLUSD"] {
            let slots = try desk.truth(pair, 5, day - 90_000, day - 80_000)
            // The last of them reaches beyond its end.
            #expect(slots.count == 34 && slots.dropLast().allSatisfy { $0.trades == 0 && $0.state == "downtime" && $0.down == 300 })
            #expect(slots[33].down == 100 && slots[33].state != "downtime")
        }
        // A prefix of another tape is no other tape: the same day, asked for alone, has the same ids.
        let other = try makeExchange(only: ["XBTUSD"]) { $0.faults.kraken.downtime = desk.kraken.faults.downtime }
        let late = try other.trades("XBTUSD", since: "\(day)")
        #expect(late.rows.first == all.first { $0.seconds > Double(day) })
    }

    @Test func seedsMakeWorlds() throws {
        func closes(_ seed: UInt64) throws -> [String] {
            try makeExchange(only: ["SOLUSD"]) { $0.seed = seed }.ohlc("SOLUSD", 60).rows.map { $0.texts[3] }
        }
        let worlds = try [3, 3, 4].map { try closes($0) }
        #expect(worlds[0] == worlds[1] && worlds[0] != worlds[2])
    }

    @Test func numbersLookLikeKrakens() throws {
        let desk = try makeExchange()
        func text(_ pair: String) -> String {
            String(decoding: desk.get("/0/public/Trades", ["pair": pair, "since": "0"]).body, as: UTF8.self)
        }
        let row = #/\["\d+\.\d0000","\d+\.\d{8,10}",\d{10}\.\d{1,7},"[bs]","[lm]","",\d+\]/#
        #expect(text("XBTUSD").matches(of: row).count == 1_000)
        // Ten decimals now and then.
        #expect(!text("XBTUSD").matches(of: #/"\d+\.\d{9,10}",/#).isEmpty)
        #expect(text("PEPEUSD").matches(of: #/\["0\.0000\d{5}","\d+\.\d{8}",/#).count > 900)
        #expect(text("XBTUSD").contains(#/"last":"\d{19}"/#))
    }
}
