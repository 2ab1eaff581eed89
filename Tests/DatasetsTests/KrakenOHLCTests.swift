import Bytes
import Series
import Testing

@testable import Datasets

/// OHLC as Kraken serves it: the newest 720 whole candles and the current one.
struct FakeCandles {
    var pair = "XXBTZUSD"
    var interval: Int64 = 60
    /// Start of the first candle it serves, and of the current one, seconds.
    var first: Int64
    var current: Int64
    var isInclusive = false
    /// Slots by their number in which nothing was traded.
    var quiet: @Sendable (Int64) -> Bool = { $0 % 3 == 0 }
    var spoil: @Sendable (Int64, String) -> String? = { _, line in line }

    static func line(_ time: Int64, price: Int64 = 100, count: Int = 2) -> String {
        count == 0
            ? #"[\#(time),"\#(price).5","\#(price).5","\#(price).5","\#(price).5","0.0","0.00000000",0]"#
            : #"[\#(time),"\#(price).5","\#(price + 2).0","\#(price).1","\#(price + 1).0","\#(price).7","1.50000000",\#(count)]"#
    }

    func answer(_ request: UpstreamRequest) -> String {
        let since = Int64(request["since"]!)!
        let lines = stride(from: first, through: current, by: Int(interval)).filter { isInclusive ? $0 >= since : $0 > since }.compactMap {
            spoil($0, Self.line($0, price: 100 + $0 / interval % 50, count: quiet($0 / interval) ? 0 : 2))
        }
        return #"{"error":[],"result":{"\#(pair)":[\#(lines.joined(separator: ","))],"last":\#(current - interval)}}"#
    }
}

@Suite("Kraken's candles")
struct KrakenOHLCTests {
    /// A minute since the epoch, on no round number.
    let minute = 29_379_617

    private func order(_ slots: Range<Int>, interval: Int = 1, now: Int64 = .max) -> CallOrder {
        CallOrder(
            shape: "ohlc", series: [SeriesKey(["XBTUSD", "\(interval)"])],
            periods: slots.lowerBound * interval..<slots.upperBound * interval, now: now)
    }

    private func upstream(_ slots: Range<Int>, interval: Int64 = 60) -> FakeCandles {
        FakeCandles(interval: interval, first: Int64(slots.lowerBound) * interval, current: Int64(slots.upperBound - 1) * interval)
    }

    @Test func oneQuestionThatCannotLoseTheFirstSlot() throws {
        var exchange = krakenExchange(order(100..<110, interval: 60))
        let asked = exchange.start()
        #expect(asked.count == 1)
        #expect(asked[0].path == "/0/public/OHLC" && asked[0].scope == "XBTUSD" && asked[0].attempt == 0)
        #expect(asked[0].query.map { "\($0.name)=\($0.value)" } == ["pair=XBTUSD", "interval=60", "since=\(99 * 3600 - 1)"])
        var oldest = krakenExchange(order(0..<2))
        #expect(oldest.start()[0]["since"] == "0")
        for isInclusive in [false, true] {
            var upstream = upstream(minute - 300..<minute + 20)
            upstream.isInclusive = isInclusive
            let outcome = try carryOut(krakenExchange(order(minute..<minute + 10)), serve: upstream.answer)
            #expect(outcome.isProved && outcome.requests.count == 1)
            #expect(outcome.witnessed == minute..<minute + 10)
            let traded = (minute..<minute + 10).filter { !upstream.quiet(Int64($0)) }
            #expect(outcome.rows.map(\.time) == traded.map { Int64($0) * 60 }, "placeholders give no row")
        }
    }

    @Test func aRowHasTheColumnsInTheirOrder() throws {
        let outcome = try carryOut(krakenExchange(order(minute + 1..<minute + 2)), serve: { _ in
            let (a, b, c) = (Int64(minute + 1) * 60, Int64(minute + 2) * 60, Int64(minute) * 60)
            let rows = "\(FakeCandles.line(c)),\(FakeCandles.line(a)),\(FakeCandles.line(b))"
            return #"{"result":{"last":"\#(a)","BTC/USD":[\#(rows)]},"error":[]}"#
        })
        #expect(outcome.isProved)
        #expect(outcome.dropped == 1)
        let d = { (text: String) in Value.decimal(Decimal(text)!) }
        #expect(outcome.rows == [
            Row(series: 0, time: Int64(minute + 1) * 60, values: [
                d("100.5"), d("102"), d("100.1"), d("101"), d("100.7"), d("1.5"), .integer(2), .text("api"),
            ])
        ])
    }

    @Test func theCurrentCandleIsNeverTaken() throws {
        var upstream = upstream(minute - 5..<minute + 6)
        upstream.quiet = { _ in false }
        let wanted = order(minute..<minute + 8)
        let byLast = try carryOut(krakenExchange(wanted), serve: upstream.answer)
        #expect(byLast.isUnproved)
        #expect(byLast.rows.count == 5 && byLast.witnessed == minute..<minute + 5)
        // By our own clock a candle is still open that the upstream has closed.
        let now = Int64(minute + 3) * 60 + 59
        let byClock = try carryOut(krakenExchange(order(minute..<minute + 8, now: now)), serve: upstream.answer)
        #expect(byClock.rows.count == 3 && byClock.witnessed == minute..<minute + 3)
        // The newest entry is the current one, even where `last` names it.
        let (body, current) = (upstream.answer(UpstreamRequest(path: "", query: [("since", "0")])), upstream.current)
        let renamed = body.replacing(#""last":\#(current - 60)"#, with: #""last":\#(current)"#)
        #expect(renamed != body)
        let byPlace = try carryOut(krakenExchange(wanted), serve: { _ in renamed })
        #expect(byPlace.rows.map(\.time).max() == current - 60)
        var none = krakenExchange(order(minute..<minute + 8, now: Int64(minute) * 60 + 30))
        #expect(none.start().isEmpty, "nothing of it is over")
    }

    @Test func theWindowMovedOn() throws {
        let upstream = upstream(minute..<minute + 721, interval: 3600)
        let outcome = try carryOut(krakenExchange(order(minute - 7..<minute + 50, interval: 60)), serve: upstream.answer)
        #expect(outcome.isUnproved)
        #expect(outcome.witnessed == minute * 60..<(minute + 50) * 60)
        #expect(outcome.rows.count == (minute..<minute + 50).count { !upstream.quiet(Int64($0)) })
        let gone = try carryOut(krakenExchange(order(minute - 70..<minute - 60, interval: 60)), serve: upstream.answer)
        #expect(gone.isUnproved && gone.rows.isEmpty && gone.witnessed?.isEmpty == true)
    }

    /// Fewer candles than an answer can hold, and something was traded in the first.
    @Test func aPairIsYoungerThanTheAnswerReaches() throws {
        func begins(_ first: Int, through end: Int, asking from: Int, _ change: (inout FakeCandles) -> Void = { _ in }) throws -> Bool {
            var upstream = upstream(first..<end, interval: 3600)
            change(&upstream)
            return try carryOut(krakenExchange(order(from..<end - 1, interval: 60)), serve: upstream.answer).isBeginning
        }
        let traded = minute / 3 * 3 + 1
        #expect(try begins(traded, through: traded + 400, asking: traded - 10))
        #expect(try !begins(traded, through: traded + 720, asking: traded - 10), "as many as there can be")
        #expect(try !begins(traded, through: traded + 400, asking: traded - 10) { $0.quiet = { _ in false } }, "no placeholder")
        #expect(try !begins(traded, through: traded + 400, asking: traded - 10) { $0.spoil = { $0 / 3600 % 3 == 0 ? nil : $1 } })
        #expect(try !begins(traded, through: traded + 400, asking: traded + 5), "nothing was asked of the time before")
        #expect(try !begins(traded - 1, through: traded + 400, asking: traded - 10), "it begins with a placeholder")
        let broken = Int64(traded + 7) * 3600
        #expect(try !begins(traded, through: traded + 400, asking: traded - 10) { $0.spoil = { $0 == broken ? "7" : $1 } })
    }

    @Test func aSlotForWhichNothingCameIsNotKnown() throws {
        var upstream = upstream(minute - 5..<minute + 40)
        let hole = Int64(minute + 4) * 60
        upstream.spoil = { $0 == hole ? nil : $1 }
        let outcome = try carryOut(krakenExchange(order(minute..<minute + 20)), serve: upstream.answer)
        #expect(outcome.isUnproved)
        #expect(outcome.witnessed == minute + 5..<minute + 20, "the longest run without a hole")
        #expect(outcome.rows.count == (minute..<minute + 20).count { !upstream.quiet(Int64($0)) && Int64($0) * 60 != hole })
    }

    @Test(arguments: [
        ("high below low", #""1.0","0.5","0.9","1.0","1.0","1.0",2"#),
        ("open outside high and low", #""3.0","2.0","1.0","2.0","1.5","1.0",2"#),
        ("close outside high and low", #""1.5","2.0","1.0","0.5","1.5","1.0",2"#), ("negative volume", #""1","1","1","1","1","-1.0",2"#),
        ("price not above zero", #""0.0","1","0.0","1","1","1.0",2"#), ("negative count of trades", #""1","1","1","1","1","1.0",-2"#),
        ("volume without trades", #""1","1","1","1","0.0","1.0",0"#), ("not a candle", #""1","1","1","1","x","1.0",2"#),
        ("not a candle", #""1","1","1","1","1.0",2"#), ("not a candle", #""1","1","1","1",null,"1.0",2"#),
        ("negative vwap", #""1","1","1","1","-1","1.0",2"#),
    ])
    func aCandleThatContradictsItselfIsSetAside(_ reason: String, _ fields: String) throws {
        var upstream = upstream(minute - 5..<minute + 40)
        let bad = Int64(minute + 16) * 60
        upstream.spoil = { $0 == bad ? "[\($0),\(fields)]" : $1 }
        let outcome = try carryOut(krakenExchange(order(minute..<minute + 20)), serve: upstream.answer)
        #expect(outcome.isUnproved)
        #expect(outcome.witnessed == minute..<minute + 16)
        #expect(!outcome.rows.contains { $0.time == bad })
        #expect(outcome.quarantined.map(\.reason) == [reason])
        let record = try #require(outcome.quarantined.first)
        #expect(record.series == 0 && record.place == "XXBTZUSD[17]" && record.record == "[\(bad),\(fields)]")
        #expect(record.time == (reason == "not a candle" ? nil : bad))
    }

    @Test func candlesBesideTheGridAndDoubledOnesAreSetAside() throws {
        var upstream = upstream(minute - 5..<minute + 40)
        upstream.quiet = { _ in false }
        let (odd, same, other) = (Int64(minute + 2) * 60, Int64(minute + 6) * 60, Int64(minute + 15) * 60)
        upstream.spoil = { time, line in
            switch time {
            case odd: line + "," + FakeCandles.line(time + 7)
            case same: line + "," + line
            case other: line + "," + FakeCandles.line(time, price: 7)
            default: line
            }
        }
        let outcome = try carryOut(krakenExchange(order(minute..<minute + 20)), serve: upstream.answer)
        #expect(outcome.quarantined.map(\.reason) == ["off the grid", "doubled", "doubled", "doubled"])
        #expect(outcome.quarantined.map(\.time) == [odd + 7, same, other, other])
        #expect(outcome.rows.count == 19, "of two that differ neither is taken")
        #expect(!outcome.rows.contains { $0.time == other } && outcome.witnessed == minute..<minute + 15)
    }

    @Test func anotherPairIsRefusedAndEndsTheCall() throws {
        var upstream = upstream(minute - 5..<minute + 40)
        upstream.pair = "XBTUSDT"
        #expect(throws: AnswerDefect.self) {
            _ = try carryOut(krakenExchange(order(minute..<minute + 20)), serve: upstream.answer)
        }
        let outcome = try carryOut(
            krakenExchange(order(minute..<minute + 20)), givesDefectsUp: true, cause: { _ in .filterIgnored }, serve: upstream.answer)
        #expect(outcome.isUnproved && outcome.rows.isEmpty && outcome.witnessed?.isEmpty == true)
    }

    /// Cut off anywhere, the answer is malformed; with any byte changed it never brings the call down.
    @Test func noBodyBringsItDown() throws {
        let upstream = upstream(minute - 2..<minute + 6)
        let wanted = order(minute..<minute + 5)
        let body = Array(upstream.answer(UpstreamRequest(path: "", query: [("since", "0")])).utf8)
        for length in 0..<body.count {
            var exchange = krakenExchange(wanted)
            let request = exchange.start()[0]
            let defect = #expect(throws: AnswerDefect.self) {
                _ = try exchange.received(UpstreamAnswer(body: Array(body[..<length])), to: request)
            }
            #expect(defect?.kind == .malformed)
        }
        for place in body.indices {
            for byte in [UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "\""), 0, 0xFF] {
                var changed = body
                changed[place] = byte
                var exchange = krakenExchange(wanted)
                let request = exchange.start()[0]
                let step = try? exchange.received(UpstreamAnswer(body: changed), to: request)
                if let step { #expect(step.rows.allSatisfy { (minute..<minute + 5).contains(Int($0.time / 60)) }) }
            }
        }
    }
}
