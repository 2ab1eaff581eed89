import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Candles out of trades")
struct KrakenTradesTests {
    static let minute = 29_379_600
    let minute = KrakenTradesTests.minute
    let second: Int64 = 1_000_000_000

    private func order(
        _ minutes: Range<Int>, _ intervals: [Int] = [1, 5, 60], now: Int64? = nil, requests: Int = .max
    ) -> CallOrder {
        CallOrder(
            shape: "trades", series: intervals.map { SeriesKey(["XBTUSD", "\($0)"]) }, periods: minutes,
            now: now ?? Int64(minutes.upperBound + 500) * 60, requests: requests)
    }

    private func call(
        _ tape: FakeTape, _ order: CallOrder, givesDefectsUp: Bool = false, serve: ((UpstreamRequest) -> String?)? = nil
    ) throws -> Outcome {
        let exchange = try #require(KrakenTradesExchange(order, pageSize: tape.pageSize))
        return try carryOut(exchange, givesDefectsUp: givesDefectsUp, serve: serve ?? tape.answer)
    }

    private func truth(_ tape: FakeTape, _ order: CallOrder, whole: Range<Int>? = nil) -> [Row] {
        order.series.indices.flatMap { tape.rows(Int(order.series[$0].values[1])!, series: $0, in: whole ?? order.periods) }
    }

    /// Trades at the nanosecond of a minute's beginning: the simplest tape.
    private func plain(_ minutes: some Sequence<Int>) -> FakeTape {
        FakeTape(trades: minutes.enumerated().map { place, minute in
            FakeTrade(nanoseconds: Int64(minute) * 60 * second, price: 10_001 + place, volume: 5 + place, id: 100 + Int64(place))
        })
    }

    @Test func theFirstQuestion() throws {
        var exchange = krakenExchange(order(minute..<minute + 60))
        let asked = exchange.start()
        #expect(asked.count == 1 && asked[0].path == "/0/public/Trades" && asked[0].scope == "XBTUSD" && asked[0].attempt == 0)
        #expect(asked[0].query.map { "\($0.name)=\($0.value)" } == [
            "pair=XBTUSD", "since=\(Int64(minute) * 60 * second - 1)", "count=1000",
        ])
        var early = krakenExchange(order(0..<60))
        #expect(early.start()[0]["since"] == "0")
        var none = krakenExchange(order(minute..<minute + 60, now: Int64(minute) * 60))
        #expect(none.start().isEmpty, "nothing of it is over")
    }

    /// Wherever a page ends, whatever stands at that instant, with ids or without, whether `since` is answered or not.
    @Test(arguments: 1...5)
    func noBoundaryLosesOrDoublesATrade(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        let minutes = minute - 60..<minute + 240
        var tape = FakeTape(trades: FakeTape.random(minutes, count: 120, &dice))
        let order = order(minute..<minute + 120, [1, 5, 15, 60])
        for pageSize in 6...24 {
            tape.pageSize = pageSize
            for (isInclusive, hasIDs) in [(false, true), (true, true), (false, false), (true, false)] {
                (tape.isInclusive, tape.hasIDs) = (isInclusive, hasIDs)
                let outcome = try call(tape, order)
                #expect(outcome.isProved, "\(String(describing: outcome.end))")
                #expect(outcome.witnessed == order.periods)
                #expect(outcome.sortedRows == truth(tape, order))
                #expect(outcome.requests.first?.attempt == 0, "every page was full; the beginning may be asked about")
                #expect(Set(outcome.requests).count == outcome.requests.count)
            }
        }
    }

    /// A page that was meant for another question is no silence: neither at the beginning, where none stands before it, nor later.
    @Test func anotherQuestionsPageIsNoSilence() throws {
        let tape = plain(minute - 30..<minute + 200)
        let order = order(minute..<minute + 120, [1, 60])
        for (wrong, numbers) in [
            (minute + 100, [1]), (minute + 100, [2]), (minute + 50, [3]), (minute + 90, [5]), (minute + 100, [1, 2]),
            (minute + 60, [1, 2, 3]),
        ] {
            let page = tape.trades.filter { $0.nanoseconds >= Int64(wrong) * 60 * second }.prefix(8)
            var small = tape
            small.pageSize = 8
            var asked = 0
            let outcome = try call(small, order) { request in
                asked += 1
                return numbers.contains(asked) ? small.body(Array(page), last: page.last?.nanoseconds ?? 0) : small.answer(request)
            }
            #expect(outcome.isProved && outcome.sortedRows == truth(tape, order), "\(wrong - minute), \(numbers)")
        }
        // One from before is not even read.
        let early = tape.body(Array(tape.trades.prefix(8)), last: tape.trades[7].nanoseconds)
        #expect(throws: AnswerDefect.self) { try call(tape, order) { _ in early } }
    }

    /// Calls of few requests, one after the other, come to the same as one.
    /// By its id, or since nothing stands before it, however far back is asked.
    @Test func theFirstTradeOfAllIsKnownForIt() throws {
        let asked = order(minute - 50..<minute + 30)
        let tape = plain(minute..<minute + 40)
        #expect(try call(tape, asked).isBeginning)
        let numbered = FakeTape(trades: tape.trades.map { trade in
            var trade = trade
            trade.id -= 99
            return trade
        })
        #expect(try call(numbered, asked).isBeginning)
        #expect(try !call(plain([minute - 9000] + Array(minute..<minute + 40)), asked).isBeginning)
        #expect(try !call(tape, order(minute + 3..<minute + 30)).isBeginning, "nothing was asked of the time before")
    }

    @Test(arguments: 21...24)
    func aLaterCallGoesOnWhereTheRequestsWereSpent(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        var tape = FakeTape(trades: FakeTape.random(minute..<minute + 400, count: 300, &dice))
        tape.pageSize = 20
        let end = minute + 300
        let requests = 2 + dice.below(3)
        var (from, rows, calls) = (minute, [Row](), 0)
        while from < end {
            let order = order(from..<end, [1], requests: requests)
            let outcome = try call(tape, order)
            let witnessed = try #require(outcome.witnessed)
            #expect(witnessed.lowerBound == from && witnessed.upperBound > from)
            #expect(outcome.firstAsks <= requests)
            #expect(outcome.isProved == (witnessed.upperBound == end) && outcome.isUnproved == (witnessed.upperBound < end))
            #expect(outcome.rows == truth(tape, order, whole: witnessed), "neither more nor less than is known whole")
            rows += outcome.rows
            from = witnessed.upperBound
            calls += 1
        }
        #expect(rows == tape.rows(1, series: 0, in: minute..<end))
        #expect(calls > 2)
    }

    @Test func aCandleThatReachesBeyondWhatWasAskedForIsNotGiven() throws {
        let tape = plain(minute - 30..<minute + 200)
        let outcome = try call(tape, order(minute + 7..<minute + 133, [5, 60]))
        #expect(outcome.isProved)
        let first = { (series: Int) in outcome.rows.filter { $0.series == series }.map { Int($0.time / 60) - minute } }
        #expect(first(0).first == 10 && first(0).last == 125)
        #expect(first(1) == [60])
    }

    // MARK: The tape's end

    @Test func nothingClosesACandleButWhatCameLater() throws {
        let tape = plain([minute + 1, minute + 2, minute + 9])
        let later = try call(tape, order(minute..<minute + 9, [1, 5]))
        #expect(later.isProved && later.requests.count == 5 && later.rows.count == 3, "the trade of minute 9 closes all before it")
        // Nothing later: a second answer without news says so, up to a minute before the call.
        let now = Int64(minute + 15) * 60
        let quiet = try call(tape, order(minute..<minute + 14, [1, 5], now: now))
        #expect(quiet.isProved && quiet.rows.count == 5, "\(String(describing: quiet.end))")
        #expect(quiet.requests.map(\.attempt) == [0, 1, 2, 3, 4, 1], "to make sure of beginning and end costs no page of the plan")
        let young = try call(tape, order(minute..<minute + 15, [1, 5], now: now))
        #expect(young.isUnproved && young.witnessed == minute..<minute + 14)
        let open = try call(tape, order(minute + 9..<minute + 10, [1], now: Int64(minute + 10) * 60 + 30))
        #expect(open.isUnproved && open.rows.isEmpty && open.witnessed?.isEmpty == true)
    }

    @Test func anEmptyAnswerCountsUpToTheCallsBeginning() throws {
        var tape = plain([minute + 1])
        let now = Int64(minute + 15) * 60
        tape.lastOfNothing = now * second + 5
        let told = try call(tape, order(minute + 2..<minute + 15, now: now))
        #expect(told.isProved && told.rows.isEmpty && told.requests.count == 2)
        tape.lastOfNothing = Int64(minute + 12) * 60 * second
        let until = try call(tape, order(minute + 2..<minute + 15, now: now))
        #expect(until.witnessed == minute + 2..<minute + 14 && until.requests.count == 3, "its beginning and its end asked twice")
        // Of an order that is not over only what is over is asked.
        let future = try call(tape, order(minute + 2..<minute + 90, now: now))
        #expect(future.isUnproved && future.witnessed == minute + 2..<minute + 14)
    }

    @Test func aTradeThatComesWhileTheEndIsMadeSureOfIsTaken() throws {
        let all = plain([minute + 1, minute + 2, minute + 3]).trades
        var asked = 0
        let tape = plain([])
        let outcome = try call(tape, order(minute..<minute + 10, [1], now: Int64(minute + 20) * 60)) { request in
            asked += 1
            return FakeTape(trades: Array(all.prefix(asked))).answer(request)
        }
        #expect(outcome.isProved && outcome.rows.count == 3)
        #expect(asked == 7, "the beginning, and the end")
    }

    // MARK: What is wrong with answers

    /// `lost` is left out of the first answers; the pages hold ten.
    private func without(_ lost: Set<Int64>, times: Int) throws -> (tape: FakeTape, outcome: Outcome) {
        var tape = plain((0..<100).map { minute + $0 })
        tape.pageSize = 10
        var asked: [String: Int] = [:]
        let outcome = try call(tape, order(minute..<minute + 90, [1, 5])) { request in
            asked[request["since"]!, default: 0] += 1
            let page = tape.trades.filter { $0.nanoseconds > Int64(request["since"]!)! }.prefix(10)
            let isSpoilt = asked[request["since"]!]! <= times
            return tape.body(page.filter { !isSpoilt || !lost.contains($0.id) }, last: page.last!.nanoseconds)
        }
        return (tape, outcome)
    }

    @Test func whatIsMissingIsAskedForOnceMore() throws {
        let (tape, outcome) = try without([142, 143], times: 1)
        #expect(outcome.isProved)
        #expect(outcome.sortedRows == truth(tape, order(minute..<minute + 90, [1, 5])))
        #expect(outcome.requests.count { $0.attempt > 0 } == 1)
    }

    @Test func whatStaysMissingSpoilsItsCandlesOnly() throws {
        let (tape, outcome) = try without([142, 143], times: 9)
        #expect(outcome.isUnproved)
        #expect(outcome.witnessed == minute..<minute + 41, "the trades between 41 and 44 are not known")
        let spoilt = { (row: Row) in
            let from = Int(row.time / 60) - minute
            return from < 45 && from + (row.series == 0 ? 1 : 5) > 41
        }
        #expect(outcome.sortedRows == truth(tape, order(minute..<minute + 90, [1, 5])).filter { !spoilt($0) })
    }

    @Test func atAPagesEdgeToo() throws {
        for lost in [[Int64(109)], [110], [109, 110], [100]] {
            let (tape, outcome) = try without(Set(lost), times: 1)
            if lost == [100] {
                #expect(outcome.rows.count { $0.series == 0 } == 89, "ahead of the first trade of all nothing tells")
            } else {
                #expect(outcome.isProved && outcome.sortedRows == truth(tape, order(minute..<minute + 90, [1, 5])), "\(lost)")
            }
        }
    }

    @Test(arguments: [
        #"["x","1.0",1.0,"b","m","",1]"#, #"["-1.0","1.0",1.0,"b","m","",1]"#, #"["1.0","1.0"]"#, #"["1.0","1.0",1.0,"b","m","",null]"#,
        #"["1.0","1.0",9223372036.5,"b","m","",1]"#, #"["1.0","1.0",1.0,"b","m","",9223372036854775807]"#,
    ])
    func aTradeThatCannotBeReadIsSetAside(_ bad: String) throws {
        for (place, hasIDs) in [(0, true), (2, true), (5, true), (0, false), (2, false), (5, false)] {
            var tape = plain((0..<6).map { minute + $0 })
            tape.hasIDs = hasIDs
            let broken = tape.answer(UpstreamRequest(path: "", query: [("since", "0")]))
                .replacing(tape.trades[place].json(hasID: hasIDs), with: bad)
            let outcome = try call(tape, order(minute..<minute + 20, [1]), givesDefectsUp: true) { _ in broken }
            #expect(outcome.isUnproved)
            let until = minute + max(0, place - 1)
            #expect(outcome.witnessed == minute..<until, "\(place) \(hasIDs)")
            #expect(outcome.rows.allSatisfy { truth(tape, order(minute..<minute + 20, [1])).contains($0) })
            #expect(outcome.quarantined.first?.reason == "not a trade" && outcome.quarantined.first?.place == "XXBTZUSD[\(place)]")
            // Once only: the second answer is whole.
            var asked = 0
            let mended = try call(tape, order(minute..<minute + 5, [1])) { request in
                asked += 1
                return asked == 1 ? broken : tape.answer(request)
            }
            #expect(mended.isProved && mended.rows.count == 5 && mended.quarantined.isEmpty)
        }
    }

    @Test func aLastThatIsNotWhereTheTradesEndIsMalformed() throws {
        var tape = plain((0..<30).map { minute + $0 })
        tape.pageSize = 10
        let page = Array(tape.trades.prefix(10))
        for last in [0, 1_700_000_000, page[9].nanoseconds + 90 * second] {
            let defect = #expect(throws: AnswerDefect.self) {
                _ = try call(tape, order(minute..<minute + 20)) { _ in tape.body(page, last: last) }
            }
            #expect(defect?.kind == .malformed)
        }
        let back = tape.body([page[0], page[5], page[2]], last: page[5].nanoseconds)
            .replacing(",102]", with: ",100000]")
        #expect(throws: AnswerDefect.self) { _ = try call(tape, order(minute..<minute + 20)) { _ in back } }
        #expect(throws: AnswerDefect.self) {
            _ = try call(tape, order(minute + 5..<minute + 20)) { _ in tape.body(page, last: page[9].nanoseconds) }
        }
    }

    @Test func moreTradesInOneInstantThanAPageHoldsAreNotGuessed() throws {
        var tape = plain((0..<30).map { minute + $0 })
        for index in 5..<20 { tape.trades[index].nanoseconds = tape.trades[5].nanoseconds }
        tape.pageSize = 10
        let outcome = try call(tape, order(minute..<minute + 25, [1]))
        #expect(outcome.isUnproved && outcome.witnessed == minute..<minute + 5 && outcome.rows.count == 5)
    }

    @Test func aPageThatDoesNotComeEndsTheCallWithWhatIsWhole() throws {
        var tape = plain((0..<30).map { minute + $0 })
        tape.pageSize = 10
        let outcome = try call(tape, order(minute..<minute + 25, [1])) { request in
            request["since"]! < "\(tape.trades[8].nanoseconds)" ? tape.answer(request) : nil
        }
        #expect(outcome.isUnproved && outcome.witnessed == minute..<minute + 9 && outcome.rows.count == 9)
        tape.pair = "XBTUSDT"
        #expect(throws: AnswerDefect.self) { _ = try call(tape, order(minute..<minute + 25)) }
        let other = try call(tape, order(minute..<minute + 25), givesDefectsUp: true)
        #expect(other.isUnproved && other.witnessed?.isEmpty == true)
    }

    @Test func sumsBeyondSixtyFourBitsAreExact() throws {
        /// Trades of one minute, and one that closes it.
        func rows(_ trades: [(price: String, volume: String)]) throws -> Outcome {
            let (time, end) = (Int64(minute) * 60, Int64(minute + 9) * 60)
            let lines = trades.enumerated().map { #"["\#($1.price)","\#($1.volume)",\#(time).5,"b","m","",\#($0 + 1)]"# }
                + [#"["0.000001","1",\#(end),"b","m","",\#(trades.count + 1)]"#]
            let body = #"{"error":[],"result":{"XXBTZUSD":[\#(lines.joined(separator: ","))],"last":"\#(end)000000000"}}"#
            return try call(FakeTape(trades: []), order(minute..<minute + 9, [1])) { _ in body }
        }
        let large = (price: "0.0000012345", volume: "9999999999.99999999")
        let held = try rows(Array(repeating: large, count: 9))
        #expect(held.isProved && held.rows.count == 1)
        #expect(held.rows[0].values[4] == .decimal(Decimal("0.0000012345")!), "no product fits 64 bits")
        #expect(held.rows[0].values[5] == .decimal(Decimal("89999999999.99999991")!))
        let over = try rows(Array(repeating: large, count: 31))
        #expect(over.rows.isEmpty && over.quarantined.map(\.reason) == ["more digits than are held"])
        #expect(over.isUnproved && over.witnessed?.isEmpty == true, "what could not be written down is not absent")
        let cut = try rows([("0.200001", "1"), ("0.3", "2")])
        #expect(cut.rows.first?.values[4] == .decimal(Decimal("0.266667")!), "0.26666700 exactly")
        let short = try rows([("0.2", "1"), ("0.3", "2")])
        #expect(short.rows.first?.values[4] == .decimal(Decimal("0.266666")!), "0.2666666... is cut off, not rounded")
    }
}
