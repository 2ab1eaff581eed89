import Bytes
import EventLoop
import Foundation
import Testing

@testable import Sandbox

@Suite struct KrakenFaultTests {
    @Test func documentIsTakenAndShown() throws {
        let desk = try makeExchange()
        let some = """
            {"kraken":{"busyRate":0.25,"lastIsNumber":true,"rateLimit":{"perSecond":2.0,"burst":5},"downtime":[["2025-03-20",1742515200]]}}
            """
        #expect(desk.putFaults(some) == 200)
        let shown = String(decoding: desk.get("/_sandbox/faults", [:]).body, as: UTF8.self)
        for part in [
            #""busyRate":0.25"#, #""lastIsNumber":true"#, #""rateLimit":{"perSecond":2.0,"burst":5}"#,
            #"[["2025-03-20T00:00:00Z","2025-03-21T00:00:00Z"]]"#,
        ] {
            #expect(shown.contains(part), "\(part)")
        }
        for bad in [#"{"busyRate":2}"#, #"{"x":1}"#, "[]", #"{"downtime":[["2025-03-20"]]}"#] {
            #expect(desk.putFaults(#"{"kraken":\#(bad)}"#) == 400, "\(bad)")
        }
        #expect(desk.kraken.faults.busyRate == 0.25)
        _ = desk.answer("DELETE", Question(path: "/_sandbox/faults", query: []))
        #expect(desk.kraken.faults.busyRate == 0 && desk.kraken.market.downtimes.isEmpty)
    }

    @Test func doorSaysNo() throws {
        let desk = try makeExchange()
        for (name, status, text) in [
            ("http429Rate", 429, "<html>"), ("http503Rate", 503, "<html>"), ("http520Rate", 520, "<html>"),
            ("busyRate", 200, "EService:Busy"), ("unavailableRate", 200, "EService:Unavailable"),
            ("rateLimitRate", 200, "EAPI:Rate limit exceeded"),
        ] {
            #expect(desk.putFaults(#"{"kraken":{"\#(name)":1}}"#) == 200)
            let answer = desk.get("/0/public/OHLC", ["pair": "XBTUSD"])
            #expect(answer.status == status && String(decoding: answer.body, as: UTF8.self).contains(text))
            #expect(desk.putFaults(#"{"kraken":{"\#(name)":0}}"#) == 200)
        }
        _ = desk.putFaults(#"{"kraken":{"resetRate":1}}"#)
        #expect(desk.get("/0/public/Time", [:]).isBroken)
        _ = desk.putFaults(#"{"kraken":{"resetRate":0,"stallRate":1,"stallMs":700,"cutBodyRate":1}}"#)
        let answer = desk.get("/0/public/Trades", ["pair": "XBTUSD", "since": "0"])
        #expect(answer.pause == 700 && answer.isCut && answer.rows == 1_000)
    }

    @Test func candlesAreSpoiledAndCounted() throws {
        let desk = try makeExchange()
        let good = try desk.ohlc("SOLUSD", 5).rows
        _ = desk.putFaults(#"{"kraken":{"doubledRowRate":1}}"#)
        let doubled = try desk.ohlc("SOLUSD", 5).rows
        #expect(doubled.count == good.count + 1 && Set(doubled.map(\.time)).count == good.count)
        _ = desk.putFaults(#"{"kraken":{"doubledRowRate":0,"offGridRowRate":1}}"#)
        #expect(try desk.ohlc("SOLUSD", 5).rows.count { $0.time % 300 != 0 } == 1)
        _ = desk.putFaults(#"{"kraken":{"offGridRowRate":0,"contradictoryRowRate":1}}"#)
        let bad = try desk.ohlc("SOLUSD", 5).rows
        #expect(bad.count { $0.prices[1] < $0.prices[2] } == 1)
        let calls = String(decoding: desk.get("/_sandbox/calls", ["since": "3"]).body, as: UTF8.self)
        #expect(calls.contains(#""rows":721,"spoiled":1,"upstream":"kraken""#))
        _ = desk.putFaults(#"{"kraken":{"contradictoryRowRate":0,"placeholdersOmitted":true}}"#)
        let thin = try desk.ohlc("HONEYUSD", 1).rows
        #expect(!thin.contains(where: \.isPlaceholder) && thin.count < 200)
        _ = desk.putFaults(#"{"kraken":{"placeholdersOmitted":false,"wrongKeyRate":1}}"#)
        #expect(try desk.ohlc("SOLUSD", 5).key == "HONEYUSD")
        _ = desk.putFaults(#"{"kraken":{"wrongKeyRate":0,"sinceIgnoredRate":1}}"#)
        #expect(try desk.ohlc("SOLUSD", 5, since: good[700].time).rows == good)
        _ = desk.putFaults(#"{"kraken":{"sinceIgnoredRate":0,"sinceInclusive":true}}"#)
        #expect(try desk.ohlc("SOLUSD", 5, since: good[700].time).rows == Array(good[700...]))
    }

    @Test func pagesOfTradesGoWrong() throws {
        let desk = try makeExchange(only: ["XBTUSD"])
        let good = try desk.trades("XBTUSD", since: "\(morning - 86_400)").rows
        let first = try desk.trades("XBTUSD", since: "0")
        _ = desk.putFaults(#"{"kraken":{"repeatedPageRate":1}}"#)
        #expect(try desk.trades("XBTUSD", since: first.last).rows == first.rows)
        _ = desk.putFaults(#"{"kraken":{"repeatedPageRate":0,"missingIdsRate":1}}"#)
        let holed = try desk.trades("XBTUSD", since: "\(morning - 86_400)").rows
        #expect(holed.first == good.first && holed.last == good.last && (995..<1_000).contains(holed.count))
        _ = desk.putFaults(#"{"kraken":{"missingIdsRate":0,"lastIsNumber":true}}"#)
        #expect(try desk.kraken("Trades", ["pair": "XBTUSD", "since": "0"])["last"]?.int.map { "\($0)" } == first.last)
        _ = desk.putFaults(#"{"kraken":{"lastIsNumber":false,"garbageRate":1,"garbage":["shape"]}}"#)
        #expect(String(decoding: desk.get("/0/public/Trades", ["pair": "XBTUSD"]).body, as: UTF8.self) == #"{"error":[],"result":[]}"#)
    }

    @Test func paceIsOfAPairAndLeaks() {
        var faults = Sandbox.KrakenFaults()
        var pace = PaceKeeper()
        /// At so many tenths of a second.
        func take(_ pair: String, _ tenths: UInt64) -> Bool { pace.take(pair, faults, now: 1_000_000_000_000 + tenths * 100_000_000) }
        let first = (0..<5).map { _ in take("XBTUSD", 0) }
        #expect(first == [true, true, true, false, false])
        let next = [take("ETHUSD", 0), take("XBTUSD", 5), take("XBTUSD", 10)]
        #expect(next == [true, false, true])
        // A pace of one a second is served for ever.
        let steady = (10..<100).map { take("XBTUSD", $0 * 10) }
        #expect(!steady.contains(false))
        faults.hammer = Sandbox.KrakenFaults.Hammer(calls: 3, seconds: 10, blockSeconds: 60)
        let hammering = (0..<6).map { _ in take("XBTUSD", 10_000) }
        #expect(hammering == [true, true, true, false, false, false])
        let blocked = [take("ETHUSD", 10_590), take("ETHUSD", 10_600)]
        #expect(blocked == [false, true])
        (faults.rateLimit, faults.hammer) = (nil, nil)
        let free = (0..<100).map { _ in take("XBTUSD", 20_000) }
        #expect(!free.contains(false))
    }

    @Test func tooManyOfAPairAreRefused() throws {
        let desk = try makeExchange { $0.faults.kraken.rateLimit = .init(perSecond: 0.001, burst: 2) }
        _ = try desk.ohlc("XBTUSD", 60)
        _ = try desk.trades("XXBTZUSD", since: "0")
        #expect(try desk.error("OHLC", ["pair": "BTC/USD"]) == "EGeneral:Too many requests")
        #expect(try desk.ohlc("SOLUSD", 60).key == "SOLUSD")
    }
}
