import Bytes
import Series
import Testing

@testable import Datasets

@Suite("Kraken's names and errors")
struct KrakenNamesTests {
    @Test(arguments: [
        ("XBTUSD", "XBTUSD"), ("BTCUSD", "XBTUSD"), ("BTC/USD", "XBTUSD"), ("XBT/USD", "XBTUSD"), ("XXBTZUSD", "XBTUSD"),
        ("btc/usd", "XBTUSD"), ("XXBT/ZUSD", "XBTUSD"), ("XDGUSD", "XDGUSD"), ("DOGEUSD", "XDGUSD"), ("DOGE/EUR", "XDGEUR"),
        ("XXDGXXBT", "XDGXBT"), ("ETHUSD", "ETHUSD"), ("XETHZEUR", "ETHEUR"), ("XLTCZUSD", "LTCUSD"), ("ETH/BTC", "ETHXBT"),
        ("XETHXXBT", "ETHXBT"), ("ETHXBT", "ETHXBT"), ("XBTUSDT", "XBTUSDT"), ("BTCUSDT", "XBTUSDT"), ("SOLUSD", "SOLUSD"),
        ("SOLVUSD", "SOLVUSD"), ("UNIUSD", "UNIUSD"), ("UNITEUSD", "UNITEUSD"), ("XTZUSD", "XTZUSD"), ("XTZ/USD", "XTZUSD"),
        ("USDTZUSD", "USDTUSD"), ("USDT/USD", "USDTUSD"), ("ZEURZUSD", "EURUSD"), ("ZUSDZCAD", "USDCAD"), ("WBTCXBT", "WBTCXBT"),
        ("WBTC/BTC", "WBTCXBT"), ("WBTCUSD", "WBTCUSD"), ("TUSD", "TUSD"), ("XRPRLUSD", "XRPRLUSD"), ("XBTUSD1", "XBTUSD1"),
        ("1INCHUSD", "1INCHUSD"), ("BABYDOGEUSD", "BABYDOGEUSD"), ("ETHUSD.M", "ETHUSD.M"), ("ZETAUSD", "ZETAUSD"), ("XRPUSD", "XRPUSD"),
        ("XXRPZUSD", "XRPUSD"), ("PEPEUSD", "PEPEUSD"),
    ])
    func aPairHasOneName(_ spelling: String, _ name: String) throws {
        let pair = try #require(KrakenPair(spelling))
        #expect(pair.name == name)
        #expect(KrakenPair(name) == pair, "the one name is a spelling of itself")
        #expect(pair.matches(resultKey: spelling) && pair.matches(resultKey: name))
    }

    @Test(arguments: [
        "", "ETH", "USD", "XBT", "USDT", "BTC/", "/USD", "BTC//USD", "BTC/USD/EUR", "XBT USD", "XBT-USD", "XBTUSD\n", "ÄTHUSD",
        "XBTUSD&a=1",
        String(repeating: "A", count: 25),
    ])
    func whatCannotBeAPairIsNone(_ text: String) { #expect(KrakenPair(text) == nil, "\(text)") }

    @Test func lookAlikesAreNotConfused() throws {
        let names = [
            "SOLUSD", "SOLVUSD", "UNIUSD", "UNITEUSD", "XBTUSD", "XBTUSDT", "XBTUSDC", "WBTCUSD", "XBTUSD1", "ETHUSD", "ETHWUSD", "XTZUSD",
            "TUSD", "XDGUSD", "BABYDOGEUSD", "ETCUSD", "XETCZEUR",
        ]
        for one in names {
            for other in names {
                let pair = try #require(KrakenPair(one))
                #expect(pair.matches(resultKey: other) == (one == other), "\(one) \(other)")
            }
        }
        #expect(KrakenPair("XBTUSD")?.matches(resultKey: "last") == false)
    }

    @Test(arguments: [
        ("XXBTZUSD", "XBT", "USD"), ("XBTUSDT", "XBT", "USDT"), ("ETHDAI", "ETH", "DAI"), ("DOGE/BTC", "XDG", "XBT"), ("TUSD", "T", "USD"),
        ("USDTUSD", "USDT", "USD"), ("EURUSD", "EUR", "USD"), ("XRPRLUSD", "XRP", "RLUSD"), ("USDCCHF", "USDC", "CHF"),
        ("SOLETH", "SOL", "ETH"), ("LTCJPY", "LTC", "JPY"), ("LTCAUD", "LTC", "AUD"), ("PYUSDEUR", "PYUSD", "EUR"),
    ])
    func aPairHasABaseAndAQuote(_ spelling: String, _ base: String, _ quote: String) {
        #expect(KrakenPair(spelling)?.base == base)
        #expect(KrakenPair(spelling)?.quote == quote)
    }

    @Test func whereTheQuoteIsUnknownNeitherIsTold() {
        #expect(KrakenPair("XBTUSD1")?.base == nil && KrakenPair("XBTUSD1")?.quote == nil)
    }

    @Test func intervalsKnowTheirSourcesAndDivisors() {
        #expect(KrakenInterval.allCases.map(\.minutes) == [1, 5, 15, 30, 60, 240, 720, 1440, 10_080, 21_600])
        #expect(KrakenInterval.allCases.filter { !$0.isServed } == [.halfDay])
        #expect(KrakenInterval.allCases.filter { !$0.isArchived } == [.week, .fifteenDays])
        #expect(KrakenInterval.minute.divisors.isEmpty)
        #expect(KrakenInterval.day.divisors == [.halfDay, .fourHours, .hour, .halfHour, .quarter, .fiveMinutes, .minute])
        #expect(KrakenInterval.fifteenDays.divisors.first == .day, "two weeks and a day are no weeks")
        #expect(KrakenInterval("60") == .hour)
        for text in ["", "2", "060", "+60", "60.0", "1h"] { #expect(KrakenInterval(text) == nil) }
    }

    @Test(arguments: [
        ("EAPI:Rate limit exceeded", FailureClass.throttled(retryAfterSeconds: nil)),
        ("EGeneral:Too many requests", .throttled(retryAfterSeconds: nil)),
        ("EGeneral:Temporary lockout", .throttled(retryAfterSeconds: nil)), ("EService:Unavailable", .server), ("EService:Busy", .server),
        ("EService:Throttled: 1700000000", .throttled(retryAfterSeconds: nil)), ("EGeneral:Internal error", .server),
        ("EQuery:Unknown asset pair", .badRequest), ("EGeneral:Invalid arguments", .badRequest),
        ("EGeneral:Invalid arguments:interval", .badRequest), ("EAPI:Invalid key", .refused), ("EGeneral:Permission denied", .refused),
        ("ESomething:Never heard of", .server),
    ])
    func errorsInsideTwoHundredAreErrors(_ error: String, _ kind: FailureClass) {
        for body in [#"{"error":["\#(error)"]}"#, #"{"result":{"XBTUSD":[],"last":1},"error":["WGeneral:x","\#(error)"]}"#] {
            let defect = #expect(throws: AnswerDefect.self) { _ = try KrakenAnswer(Array(body.utf8)) }
            #expect(defect?.kind == kind)
            #expect(defect?.reason.contains(error) == true)
        }
    }

    @Test func theGravestErrorDecidesAndAWarningDoesNot() throws {
        #expect(KrakenErrors.defect([]) == nil)
        #expect(KrakenErrors.defect(["WDatabase:No change"]) == nil)
        #expect(KrakenErrors.defect(["EService:Busy", "EQuery:Unknown asset pair", "EAPI:Rate limit exceeded"])?.kind.isPassing == true)
        #expect(KrakenErrors.defect(["EService:Busy", "EQuery:Unknown asset pair"])?.kind == .badRequest)
        let long = try #require(KrakenErrors.defect(["EGeneral:\u{1B}[31m" + String(repeating: "x", count: 5000)]))
        #expect(long.reason.utf8.count < 300 && !long.reason.contains("\u{1B}"))
        #expect(throws: Never.self) { _ = try KrakenAnswer(Array(#"{"error":["WGeneral:old"],"result":{}}"#.utf8)) }
    }

    @Test(arguments: [
        "", "null", "[]", "<html>busy</html>", "{}", #"{"error":[]}"#, #"{"error":[],"result":null}"#, #"{"result":{}}"#, #"{"error":"x"}"#,
        #"{"error":[1],"result":{}}"#, #"{"error":[],"result":{},"result":{}}"#, #"{"error":[],"result":{}} {"#,
    ])
    func whatIsNoEnvelopeIsMalformed(_ body: String) {
        let defect = #expect(throws: AnswerDefect.self) { _ = try KrakenAnswer(Array(body.utf8)) }
        #expect(defect?.kind == .malformed)
    }

    @Test func aListingIsOfOnePairAndSaysWhereItEnds() throws {
        func listing(_ result: String) throws -> KrakenListing {
            let pair = try #require(KrakenPair("XBTUSD"))
            return try KrakenListing(Array(#"{"error":[],"result":\#(result)}"#.utf8), of: pair)
        }
        for key in ["XXBTZUSD", "XBTUSD", "BTC/USD", "XBT/USD"] {
            #expect(try listing(#"{"\#(key)":[],"last":"17"}"#).last == 17)
            #expect(try listing(#"{"last":17,"\#(key)":[["1",2]]}"#).key == key)
        }
        for (result, kind) in [
            (#"{"XBTUSDT":[],"last":1}"#, FailureClass.filterIgnored), (#"{"XXBTZUSD":[],"XETHZUSD":[],"last":1}"#, .malformed),
            (#"{"XXBTZUSD":[]}"#, .malformed), (#"{"last":1}"#, .malformed), (#"{"XXBTZUSD":{},"last":1}"#, .malformed),
            (#"{"XXBTZUSD":[],"last":"x"}"#, .malformed), (#"{"XXBTZUSD":[],"last":1.5}"#, .malformed), ("[]", .malformed),
        ] {
            #expect(throws: AnswerDefect.self, "\(result)") { _ = try listing(result) }
            do { _ = try listing(result) } catch let defect as AnswerDefect { #expect(defect.kind == kind, "\(result)") }
        }
        let odd = try listing(#"{"XXBTZUSD":[["1"],{"a":1},null,[true],["\u0031"]],"last":1}"#)
        #expect(odd.records.map { $0 == nil } == [false, true, true, true, false])
        #expect(odd.place(3) == "XXBTZUSD[3]" && odd.text(1) == #"{"a":1}"#)
    }

    @Test func assetPairsAreRead() throws {
        let body = #"""
            {"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","fees":[[0,0.4]],
            "pair_decimals":1,"status":"online"},"TUSD":{"altname":"TUSD","base":"T","quote":"ZUSD","status":"delisted"}}}
            """#
        let pairs = try KrakenAssetPairs(Array(body.utf8))
        #expect(pairs.entries.count == 2)
        let pair = try #require(KrakenPair("BTC/USD"))
        let bitcoin = try #require(pairs[pair])
        #expect(bitcoin.name == "XXBTZUSD" && bitcoin.wsname == "XBT/USD" && bitcoin.pairDecimals == 1 && bitcoin.status == "online")
        #expect(pairs.entries[1].wsname == nil && pairs.entries[1].pairDecimals == nil && pairs.entries[1].status == "delisted")
        let other = try #require(KrakenPair("SOLUSD"))
        #expect(pairs[other] == nil)
        for result in [#"{"A":{"altname":"AUSD"}}"#, #"{"A":1}"#, "[]"] {
            let broken = Array(#"{"error":[],"result":\#(result)}"#.utf8)
            let defect = #expect(throws: AnswerDefect.self) { _ = try KrakenAssetPairs(broken) }
            #expect(defect?.kind == .malformed)
        }
    }

    @Test func ordersThatNoShapeMeansAreAnsweredByNothing() throws {
        let (hour, half) = (SeriesKey(["XBTUSD", "60"]), SeriesKey(["XBTUSD", "720"]))
        for order in [
            CallOrder(shape: "ohlc", series: [half], periods: 0..<720), CallOrder(shape: "ohlc", series: [hour, half], periods: 0..<720),
            CallOrder(shape: "ohlc", series: [], periods: 0..<720), CallOrder(shape: "archive", series: [hour], periods: 0..<720),
            CallOrder(shape: "trades", series: [hour, SeriesKey(["ETHUSD", "60"])], periods: 0..<720),
            CallOrder(shape: "trades", series: [SeriesKey(["XBTUSD", "7"])], periods: 0..<720),
        ] {
            var exchange = krakenExchange(order)
            #expect(exchange.start().isEmpty)
        }
        var trades = krakenExchange(CallOrder(shape: "trades", series: [half, hour], periods: 1440..<2880))
        #expect(trades.start().count == 1)
    }
}
