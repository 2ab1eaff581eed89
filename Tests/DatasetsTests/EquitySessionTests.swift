import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Calls of one session")
struct EquitySessionTests {
    let bench: EquitiesBench

    init() throws { bench = try EquitiesBench() }

    private func answer(_ day: String, _ tickers: [String], at stamp: Int64? = nil) -> String {
        let day = bench.day(day)
        return bench.body(tickers.map { FakeBar(ticker: $0, day: day).json(stamp ?? bench.closing(day)) })
    }

    @Test func theQuestion() throws {
        var call = bench.session(["A", "BRK.B"], "2024-07-03")
        let asked = call.start()
        #expect(asked.map(\.path) == ["/v2/aggs/grouped/locale/us/market/stocks/2024-07-03"])
        #expect(asked[0].query.map { "\($0.name)=\($0.value)" } == ["adjusted=true", "include_otc=false"] && asked[0].isDoubtful)
        var wide = Equities.exchange(
            CallOrder(shape: "session", series: [SeriesKey(["A"])], periods: 19_000..<19_002), bench.sessions)
        #expect(wide.start().isEmpty)
    }

    @Test(arguments: ["2024-01-03", "2024-07-03", "2024-11-29"])
    func barsOfTheOrdersTickersAreTaken(day: String) throws {
        let outcome = try carryOut(bench.session(["KIMpL", "ZZZ", "BRK.B"], day)) { _ in answer(day, ["A", "BRK.B", "KIMPL", "KIMpL"]) }
        #expect(outcome.isProved && outcome.rows.map(\.series) == [2, 0] && outcome.rows.allSatisfy { $0.time == bench.time(day) })
        // Others are nobody's loss; silence on one of ours proves nothing.
        #expect(outcome.dropped == 0 && outcome.unanswered == [1] && outcome.witnessed == bench.day(day)..<bench.day(day) + 1)
        #expect(outcome.rows[0].values.count == 7 && outcome.marks.isEmpty)
    }

    @Test func anEarlyCloseMayBearTheOrdinaryHour() throws {
        let day = bench.day("2024-11-29")
        #expect(bench.closing(day) % 86_400_000 == 18 * 3_600_000)
        let outcome = try carryOut(bench.session(["A"], "2024-11-29")) { _ in
            answer("2024-11-29", ["A"], at: bench.closing(day) + 3 * 3_600_000)
        }
        #expect(outcome.rows.count == 1 && outcome.unanswered.isEmpty)
    }

    @Test(arguments: [-86_400_000, -3_600_000, -1, 1, 1000, 86_400_000, Int64(-1_720_000_000_000)])
    func barsOfOtherInstantsAreRefused(off: Int64) throws {
        let outcome = try carryOut(bench.session(["A", "B"], "2024-07-03")) { _ in
            answer("2024-07-03", ["A"], at: bench.closing(bench.day("2024-07-03")) + off)
        }
        #expect(outcome.rows.isEmpty && outcome.quarantined.map(\.reason) == ["not of this session"])
        #expect(outcome.quarantined[0].series == 0 && outcome.quarantined[0].time == nil && outcome.unanswered == [0, 1])
    }

    @Test func aTickerThatComesTwice() throws {
        let day = bench.day("2024-07-03")
        let one = FakeBar(ticker: "A", day: day).json(bench.closing(day))
        let other = FakeBar(ticker: "A", day: day, close: "10.25").json(bench.closing(day))
        let outcome = try carryOut(bench.session(["A"], "2024-07-03")) { _ in bench.body([one, one, other]) }
        #expect(outcome.rows.count == 1 && outcome.rows[0].values[3] == .decimal(Decimal(11)) && outcome.dropped == 1)
        #expect(outcome.quarantined.map(\.reason) == ["twice with other values"] && outcome.quarantined[0].place == "results[2]")
        #expect(outcome.quarantined[0].time == bench.time("2024-07-03"))
    }

    @Test func aRefusedBarOfAStrangerIsNobodys() throws {
        let day = bench.day("2024-07-03")
        let bars = ["A", "B"].map { FakeBar(ticker: $0, day: day, high: "9").json(bench.closing(day)) }
        let outcome = try carryOut(bench.session(["B"], "2024-07-03")) { _ in bench.body(bars + ["7", "null", #"{"T": 3}"#]) }
        #expect(outcome.quarantined.map(\.reason) == ["high below low"] && outcome.rows.isEmpty && outcome.unanswered == [0])
        #expect(outcome.quarantined[0].record == bars[1])
    }

    @Test func anEmptyAnswerSaysThatThereWasNoSession() throws {
        let whole = try carryOut(bench.session(["A", "B"], "2024-07-04")) { _ in bench.body([]) }
        #expect(whole.isProved && whole.unanswered.isEmpty && whole.rows.isEmpty)
        let early = bench.session(["A"], "2024-07-03", now: bench.evening("2024-07-03") - 2 * 3600)
        #expect(try carryOut(early) { _ in bench.body([]) }.isUnproved)
    }

    @Test func answersWithoutNamesAreNone() throws {
        var call = bench.session(["A"], "2024-07-03")
        let request = call.start()[0]
        let text = bench.body([FakeBar(day: 19_000).json(0)])
        #expect(throws: AnswerDefect(.malformed, "no bar of the session names its ticker")) {
            try call.received(UpstreamAnswer(body: Array(text.utf8)), to: request)
        }
    }

    @Test func whatIsGivenUp() throws {
        let causes: [(FailureClass, Bool)] = [(.forbidden, true), (.badRequest, false), (.server, false), (.filterIgnored, false)]
        for (cause, isUnusable) in causes {
            let call = bench.session(["A"], "2024-07-03", now: bench.evening("2024-07-09"))
            let outcome = try carryOut(call, cause: { _ in cause }) { _ in nil }
            if case .shapeUnusable = outcome.end { #expect(isUnusable) } else { #expect(!isUnusable && outcome.isUnproved) }
        }
        // Of a session that is not over, or that is older than two years, it says nothing of others.
        for now in [bench.evening("2024-07-03") - 2 * 3600, bench.evening("2026-07-04")] {
            let outcome = try carryOut(bench.session(["A"], "2024-07-03", now: now), cause: { _ in .forbidden }) { _ in nil }
            #expect(outcome.isUnproved)
        }
        var refusals = 3
        let outcome = try carryOut(bench.session(["A"], "2024-07-03"), cause: { _ in .throttled(retryAfterSeconds: nil) }) { _ in
            refusals -= 1
            return refusals < 0 ? answer("2024-07-03", ["A"]) : nil
        }
        #expect(outcome.isProved && outcome.requests.map(\.attempt) == [0, 1, 2, 3])
    }
}
