import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Calls of one ticker")
struct EquityTickerTests {
    let bench: EquitiesBench

    init() throws { bench = try EquitiesBench() }

    private func days(_ from: String, _ to: String) -> Range<Int> { bench.day(from)..<bench.day(to) + 1 }

    @Test func theQuestion() throws {
        var call = bench.call("BRK.B", days("2024-06-03", "2024-06-07"), now: bench.evening("2024-06-12"))
        let asked = call.start()
        #expect(asked.map(\.path) == ["/v2/aggs/ticker/BRK.B/range/1/day/2024-06-03/2024-06-12"], "up to the order's day")
        #expect(asked[0].query.map { "\($0.name)=\($0.value)" } == ["adjusted=true", "sort=asc", "limit=50000"])
        #expect(asked[0].isDoubtful && asked[0].attempt == 0)
        // Two in the morning of the next day in UTC is still the day before in New York.
        var night = bench.call("A", days("2024-06-03", "2024-06-03"), now: 1_718_157_600)
        #expect(night.start()[0].path.hasSuffix("/2024-06-03/2024-06-11"))
        for name in ["", "a/b", "..", "a b", "é", String(repeating: "a", count: 33)] {
            var none = bench.call(name, days("2024-06-03", "2024-06-07"), now: 0)
            #expect(none.start().isEmpty, "\(name)")
        }
        for shape in ["tickers", "session"] {
            var none = Equities.exchange(
                CallOrder(shape: shape, series: [SeriesKey(["A"])], periods: days("2024-06-03", "2024-06-07")), bench.sessions)
            #expect(none.start().isEmpty)
        }
    }

    @Test func barsAreRowsOfTheirSessions() throws {
        let bars = bench.bars("2024-03-04", "2024-03-15")
        let call = bench.call("A", days("2024-03-06", "2024-03-08"), now: bench.evening("2024-03-13"))
        let outcome = try carryOut(call, serve: bench.serve(bars))
        #expect(outcome.isProved && outcome.quarantined.isEmpty && outcome.needs == nil && outcome.firstAsks == 1)
        // Of the periods, and of all later days up to the order's: on both sides of the change of clocks.
        #expect(outcome.rows.map(\.time) == ["06", "07", "08", "11", "12", "13"].map { bench.time("2024-03-\($0)") })
        #expect(outcome.rows.allSatisfy { $0.series == 0 && $0.values.count == Equities.schema.columns.count })
        let volume = Decimal(1000 + bench.day("2024-03-06"))
        #expect(outcome.rows[0].values == ["10.5", "11.25", "10", "11"].map { .decimal(Decimal($0)!) }
            + [.decimal(volume), .decimal(Decimal("10.7512")!), .integer(96)])
    }

    @Test func whatWasNotAskedForIsDropped() throws {
        let bars = bench.bars("2024-03-04", "2024-03-15")
        let all = bars.map { $0.json(bench.midnight($0.day)) }
        let outcome = try carryOut(bench.call("A", days("2024-03-06", "2024-03-08"), now: bench.evening("2024-03-13"))) { _ in
            bench.body(all, ticker: "A")
        }
        #expect(outcome.isProved && outcome.rows.count == 6 && outcome.dropped == 4 && outcome.quarantined.isEmpty)
        // Nor is what bore the name while this ticker was not listed.
        let first = bench.day("2024-03-07")
        let other = try EquitiesBench(listed: { _ in SlotSet(first..<first + 100) })
        let listed = try carryOut(other.call("A", days("2024-03-06", "2024-03-08"), now: bench.evening("2024-03-08"))) { _ in
            bench.body(all, ticker: "A")
        }
        #expect(listed.rows.map(\.time) == [bench.time("2024-03-07"), bench.time("2024-03-08")])
    }

    @Test func silenceIsProved() throws {
        for text in [#"{"status":"OK","resultsCount":0,"queryCount":0}"#, #"{"status":"DELAYED","results":[]}"#, bench.body([])] {
            let outcome = try carryOut(bench.call("A", days("2024-03-06", "2024-03-08"), now: bench.evening("2024-03-08"))) { _ in text }
            #expect(outcome.isProved && outcome.rows.isEmpty && !outcome.isGone && !outcome.isBeginning)
        }
    }

    @Test(arguments: [
        (#"{"status":"ERROR","error":"You've exceeded the maximum requests per minute"}"#, FailureClass.throttled(retryAfterSeconds: nil)),
        (#"{"status":"ERROR","error":"Unknown API Key"}"#, .refused), (#"{"status":"NOT_AUTHORIZED","message":"no"}"#, .forbidden),
        (#"{"status":"NOT_FOUND"}"#, .badRequest), (#"{"status":"ERROR"}"#, .server), (#"{"status":""}"#, .server),
        (#"{"status":"OK"}"#, .malformed), (#"{"resultsCount":0}"#, .malformed), ("<html>", .malformed), ("", .malformed),
        ("[]", .malformed),
        (#"{"status":"OK","results":{}}"#, .malformed), (#"{"status":"OK","results":[],"results":[]}"#, .malformed),
        (#"{"status":"OK","results":[],"resultsCount":1}"#, .incomplete), (#"{"status":"OK","queryCount":2}"#, .incomplete),
        (#"{"status":"OK","results":[{}],"resultsCount":2}"#, .incomplete), (#"{"status":"OK","ticker":"a","results":[]}"#, .malformed),
        (#"{"status":"OK","adjusted":false,"results":[]}"#, .filterIgnored), (#"{"status":"OK","resultsCount":-1}"#, .malformed),
        (#"{"status":"OK","resultsCount":0,"next_url":7}"#, .malformed), (#"{"status":"OK","resultsCount":"0"}"#, .malformed),
    ])
    func whatIsNoAnswerHasItsClass(body: String, kind: FailureClass) throws {
        var call = bench.call("A", days("2024-03-06", "2024-03-08"), now: bench.evening("2024-03-08"))
        let request = call.start()[0]
        do throws(AnswerDefect) {
            _ = try call.received(UpstreamAnswer(body: Array(body.utf8)), to: request)
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == kind, "\(error.reason)")
        }
        // The machine is as it was.
        let bars = bench.bars("2024-03-06", "2024-03-08")
        let step = try call.received(UpstreamAnswer(body: Array(bench.serve(bars)(request).utf8)), to: request)
        #expect(step.rows.count == 3)
    }

    // MARK: Pages

    @Test(arguments: [false, true])
    func pagesAreReadToTheEnd(repeats: Bool) throws {
        let bars = bench.bars("2024-01-01", "2024-03-15")
        let call = bench.call("BRK.B", days("2024-01-01", "2024-03-15"), now: bench.evening("2024-03-15"), pageRows: 100)
        let outcome = try carryOut(call, serve: bench.serve(bars, page: 20, repeats: repeats))
        #expect(outcome.isProved && outcome.rows.count == bars.count && outcome.quarantined.isEmpty)
        #expect(outcome.dropped == (repeats ? outcome.requests.count - 1 : 0))
        #expect(outcome.needs == Step.Needs(requests: outcome.requests.count, pageRows: 20))
        #expect(outcome.requests.allSatisfy { $0.path.hasPrefix("/v2/aggs/ticker/BRK.B/range/1/day/") && $0.attempt == 0 })
        let second = outcome.requests[1]
        let day = repeats ? bars[19].day : bars[20].day
        #expect(second.path == "/v2/aggs/ticker/BRK.B/range/1/day/\(bench.midnight(day))/2024-03-15")
        #expect(second.query.map { "\($0.name)=\($0.value)" } == ["cursor=bGltaX=\(day)"])
    }

    @Test func aSeamThatContradictsItselfIsTold() throws {
        let bars = bench.bars("2024-01-01", "2024-01-10")
        let honest = bench.serve(bars, page: 5, repeats: true)
        let call = bench.call("A", days("2024-01-01", "2024-01-10"), now: bench.evening("2024-01-10"), pageRows: 100)
        let outcome = try carryOut(call) { request in
            var text = honest(request)
            if request["cursor"] != nil { text.replace(#""v": \#(1000 + bars[4].day)"#, with: #""v": 7"#) }
            return text
        }
        #expect(outcome.isProved && outcome.rows.count == bars.count)
        #expect(outcome.quarantined.map(\.reason) == ["twice with other values"])
        #expect(outcome.quarantined[0].time == bench.sessions.start(bars[4].day) && outcome.quarantined[0].series == 0)
        #expect(outcome.rows[4].values[4] == .decimal(Decimal(1000 + bars[4].day)), "the first is kept")
    }

    @Test func aDearerCallSaysWhatItNeeds() throws {
        let bars = bench.bars("2024-01-01", "2024-03-15")
        let range = days("2024-01-01", "2024-03-15")
        let outcome = try carryOut(bench.call("A", range, now: bench.evening("2024-03-15")), serve: bench.serve(bars, page: 20))
        guard case .costlier(let needs, _) = outcome.end else { return #expect(Bool(false), "\(String(describing: outcome.end))") }
        #expect(needs == Step.Needs(requests: (bars.count + 19) / 20, pageRows: 20) && outcome.requests.count == 1)
        #expect(outcome.rows.count == 20, "what came is kept")
        let shape = Equities.priced(Equities.shapes[0], needs)
        #expect(shape.kind == .window(periods: 28) && shape.fixed.requests == 1)
        #expect(Equities.priced(Equities.shapes[0], Step.Needs(requests: 1, pageRows: 50_000)).kind == .window(periods: 50_000))
        // Then no call asks for more days than a page holds, not even up to today.
        var later = bench.call("A", days("2024-01-01", "2024-01-20"), now: bench.evening("2024-03-15"), pageRows: 20)
        #expect(later.start()[0].path.hasSuffix("/2024-01-01/2024-01-20"))
    }

    @Test(arguments: [
        "https://evil.example/v2/aggs/ticker/B/range/1/day/1/2024-01-10?cursor=1", "https://a/v2/aggs/ticker/A/range/1/minute/1/2?cursor=1",
        "https://a/v2/aggs/ticker/A/range/1/day/1", "https://a/v2/aggs/ticker/A/range/1/day/1/2/3", "https://a", "ftp://a/v2", "", " ", "x",
        "https://a/v2/aggs/ticker/A/range/1/day/../2024-01-10", "https://a/v2/aggs/ticker/A/range/1/day/1/2?c=%4", "//a/v2",
        "https://a/v2/aggs/ticker/a/range/1/day/1/2024-01-10?cursor=1", "https://a/v2/aggs/ticker/A%2Frange/1/day/1/2024-01-10?cursor=1",
        "https://a/v3/aggs/ticker/A/range/1/day/1/2024-01-10?cursor=1", "https://a/v2/aggs/ticker/A/range/1/day/1/2?c=%FF",
        "https://a/v2/aggs/ticker/A/range/1/day/1/2024-01-10?cursor=1\\u000a", "https:\\\\\\\\a/v2/aggs/ticker/A/range/1/day/1/2",
    ])
    func anAddressElsewhereEndsTheCallUnproved(address: String) throws {
        if address.isEmpty { return }
        let bar = FakeBar(day: bench.day("2024-01-02"))
        let call = bench.call("A", days("2024-01-01", "2024-01-10"), now: bench.evening("2024-01-10"), pageRows: 9)
        let outcome = try carryOut(call) { _ in bench.body([bar.json(bench.midnight(bar.day))], next: address) }
        #expect(outcome.isUnproved && outcome.requests.count == 1 && outcome.rows.count == 1 && outcome.witnessed == nil)
    }

    @Test func anAddressIsReadExactly() {
        let page = EquitiesPage(
            following: "HTTPS://user@any:81/v2/aggs/ticker/BRK%2EB/range/1/day/15780/2024-01-10"
                + "?cursor=a%2Bb+c%3D%26=&apiKey=s&flag&x=%25#f",
            of: "BRK.B")
        let request = page?.request(attempt: 2)
        #expect(request?.path == "/v2/aggs/ticker/BRK.B/range/1/day/15780/2024-01-10" && request?.attempt == 2)
        #expect(request?.query.map { "\($0.name)|\($0.value)" } == ["cursor|a+b+c=&=", "flag|", "x|%"])
        #expect(EquitiesPage(following: "/v2/aggs/ticker/A/range/1/day/1/2", of: "A") != nil)
        #expect(EquitiesPage(following: "/v2/aggs/ticker/A/range/1/day/1/2?" + String(repeating: "a", count: 9000), of: "A") == nil)
    }

    @Test func aCursorThatComesAgainEndsTheCallUnproved() throws {
        let bar = FakeBar(day: bench.day("2024-01-02")).json(bench.midnight(bench.day("2024-01-02")))
        let range = days("2024-01-01", "2024-01-10")
        var count = 0
        let same = try carryOut(bench.call("A", range, now: bench.evening("2024-01-10"), pageRows: 9)) { _ in
            bench.body([bar], next: "https://a/v2/aggs/ticker/A/range/1/day/2024-01-01/2024-01-10?cursor=1")
        }
        #expect(same.isUnproved && same.requests.count == 2)
        let endless = try carryOut(bench.call("A", range, now: bench.evening("2024-01-10"), pageRows: 9)) { _ in
            count += 1
            return bench.body([bar], next: "https://a/v2/aggs/ticker/A/range/1/day/2024-01-01/2024-01-10?cursor=\(count)")
        }
        #expect(endless.isUnproved && endless.requests.count == 4 && endless.rows.count == 1)
    }

    // MARK: What is refused

    @Test func aPlanOfTwoYearsIsAskedTwice() throws {
        let now = bench.evening("2024-06-14")
        let bars = bench.bars("2021-01-01", "2024-06-14")
        let outcome = try carryOut(bench.call("A", days("2021-01-04", "2024-06-14"), now: now), cause: { _ in .forbidden }) { request in
            request.path.contains("/2021-01-04/") ? nil : bench.serve(bars)(request)
        }
        #expect(outcome.requests.map { $0.path.split(separator: "/")[7] } == ["2021-01-04", "2022-06-16"])
        #expect(outcome.requests.map(\.attempt) == [0, 1])
        #expect(outcome.isUnproved && outcome.witnessed == bench.day("2022-06-16")..<bench.day("2024-06-14") + 1)
        #expect(outcome.rows.first?.time == bench.time("2022-06-16") && outcome.rows.count == 522 && !outcome.isBeginning)
        guard case .unproved(let why) = outcome.end else { return }
        #expect(why.contains("2022-06-16") && why.contains("POLYGON_HISTORY"))
        for (from, to, asked) in [("2024-01-01", "2024-06-14", 1), ("2021-01-01", "2021-02-01", 1), ("2021-01-01", "2024-06-14", 2)] {
            let none = try carryOut(bench.call("A", days(from, to), now: now), cause: { _ in .forbidden }) { _ in nil }
            #expect(none.isUnproved && none.requests.count == asked && none.witnessed == nil, "\(from) to \(to)")
        }
    }

    @Test func aTickerThatIsNotKnownIsTold() throws {
        let call = bench.call("BRK-B", days("2024-01-01", "2024-01-10"), now: bench.evening("2024-01-10"))
        let outcome = try carryOut(call, cause: { _ in .badRequest }) { _ in nil }
        #expect(outcome.end == .unproved("the upstream does not know the ticker BRK-B") && !outcome.isGone)
    }

    @Test func aRefusalForTheQuotasSakeIsWaitedFor() throws {
        let bars = bench.bars("2024-01-01", "2024-01-10")
        let range = days("2024-01-01", "2024-01-10")
        var refusals = 5
        let outcome = try carryOut(
            bench.call("A", range, now: bench.evening("2024-01-10")), cause: { _ in .throttled(retryAfterSeconds: nil) }
        ) { request in
            refusals -= 1
            return refusals < 0 ? bench.serve(bars)(request) : nil
        }
        #expect(outcome.isProved && outcome.rows.count == 8 && outcome.requests.map(\.attempt) == [0, 1, 2, 3, 4, 5])
        #expect(outcome.requests.allSatisfy { $0.isDoubtful })
        let never = try carryOut(
            bench.call("A", range, now: bench.evening("2024-01-10")), cause: { _ in .throttled(retryAfterSeconds: nil) }) { _ in nil }
        #expect(never.isUnproved && Set(never.requests).count == 9)
    }

    @Test func aPageThatDoesNotComeLeavesTheRestMissing() throws {
        let bars = bench.bars("2024-01-01", "2024-03-15")
        let call = bench.call("A", days("2024-01-01", "2024-03-15"), now: bench.evening("2024-03-15"), pageRows: 100)
        let outcome = try carryOut(call) { $0["cursor"] == nil ? bench.serve(bars, page: 20)($0) : nil }
        #expect(outcome.isUnproved && outcome.rows.count == 20 && outcome.witnessed == nil && !outcome.isBeginning)
    }

    // MARK: Beginnings and ends

    @Test func whereATickerBegins() throws {
        let range = days("2023-10-02", "2024-03-15")
        let now = bench.evening("2024-03-15")
        func begins(_ bars: [FakeBar]) throws -> Bool {
            try carryOut(bench.call("A", range, now: now), serve: bench.serve(bars)).isBeginning
        }
        #expect(try begins(bench.bars("2023-12-25", "2024-03-15")), "sixty sessions of silence")
        #expect(try !begins(bench.bars("2023-12-22", "2024-03-15")), "fifty-nine")
        #expect(try !begins([]))
        var flawed = bench.bars("2023-12-25", "2024-03-15")
        flawed[0].high = "9"
        let outcome = try carryOut(bench.call("A", range, now: now), serve: bench.serve(flawed))
        #expect(outcome.isBeginning && outcome.beginsAt == bench.time("2023-12-25"), "a bar that was refused is one all the same")
        #expect(try !begins(Array(flawed.prefix(1)) + bench.bars("2023-12-22", "2024-03-15")), "and an earlier one is earlier")
        flawed[0] = FakeBar(day: bench.day("2024-02-03"))
        #expect(try begins(flawed), "what is of no session does not")
    }

    @Test func whereATickerEnds() throws {
        func ends(_ to: String, now: Int64, _ last: String, from: String = "2023-10-02") throws -> Bool {
            let bars = bench.bars("2023-10-02", last)
            let outcome = try carryOut(bench.call("A", days(from, to), now: now), serve: bench.serve(bars))
            if outcome.isGone { #expect(outcome.silentSince == bench.time("2023-12-25")) }
            return outcome.isGone
        }
        // Of Friday 15 March the bar is due in the evening; the sixtieth session back is 25 December.
        #expect(try ends("2024-03-15", now: bench.evening("2024-03-15"), "2023-12-22"))
        #expect(try ends("2024-01-20", now: bench.evening("2024-03-15"), "2023-12-22"), "asked is up to today all the same")
        #expect(try !ends("2024-03-15", now: bench.evening("2024-03-15"), "2023-12-25"))
        #expect(try !ends("2024-03-15", now: bench.evening("2024-03-15") - 7200, "2023-12-22"), "not due yet")
        #expect(try ends("2024-03-15", now: bench.evening("2024-03-15"), "2023-11-03", from: "2023-12-25"), "nothing came at all")
        #expect(try !ends("2024-03-15", now: bench.evening("2024-03-15"), "2023-11-03", from: "2023-12-26"), "asked of fifty-nine")
    }

    /// Which of two bars of a session comes first says nothing of which is right.
    @Test func aRightBarIsTakenBesideARefusedOne() throws {
        var bars = bench.bars("2024-03-04", "2024-03-08")
        var flawed = bars[2]
        flawed.high = "9"
        bars.insert(flawed, at: 2)
        let outcome = try carryOut(
            bench.call("A", days("2024-03-04", "2024-03-08"), now: bench.evening("2024-03-15")), serve: bench.serve(bars))
        #expect(outcome.rows.count == 5 && outcome.quarantined.count == 1)
    }

    @Test func oddBarsAreMarked() throws {
        var bars = bench.bars("2024-03-04", "2024-03-15")
        for (index, close) in [(1, "16.5"), (2, "24.76"), (3, "16"), (5, "40")] {
            (bars[index].close, bars[index].high, bars[index].volume) = (close, "50", "\(index)")
        }
        // The same again; but not where a session lies between them.
        for index in [7, 8] { bars[index].volume = "5.0" }
        bars[6].volume = "5"
        bars.remove(at: 4)
        let call = bench.call("A", days("2024-03-04", "2024-03-15"), now: bench.evening("2024-03-15"))
        let outcome = try carryOut(call, serve: bench.serve(bars))
        #expect(outcome.rows.count == 9 && outcome.quarantined.isEmpty)
        // 11 to 16.5 is one and a half, 16.5 to 24.76 is more, as is back to 16, and 40 to 11; 16 to 40 lies across a hole.
        #expect(Set(outcome.marks) == [
            QualityMark(series: 0, check: "jump", records: 3), QualityMark(series: 0, check: "stale", records: 2),
        ])
    }
}
