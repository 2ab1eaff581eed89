import Bytes
import Series
import Testing

@testable import Datasets

@Suite("Calls of accounts")
struct AccountsExchangeTests {
    let bench: AccountsBench

    init() throws { bench = try AccountsBench() }

    private static let two = [
        FakeMetric(account: "a", hour: 3, trades: 2), FakeMetric(account: "b", hour: 0, trades: 1),
        FakeMetric(account: "b", hour: 23, trades: 4),
    ]

    private static func days(_ count: Int) -> [FakeMetric] { (0..<count).map { FakeMetric(account: "a\($0)", trades: $0 % 7) } }

    @Test func theQuestions() throws {
        var hours = bench.call("hours", ["a", "b"])
        let asked = hours.start()
        #expect(asked.count == 1 && asked[0].path == "/v2/metrics/hourly" && asked[0].attempt == 0 && asked[0].isDoubtful)
        #expect(asked[0].query.map { "\($0.name)=\($0.value)" } == [
            "accountIds=a,b", "dates=20250601", "hours=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23", "limit=1000",
            "skip=0", "include-total=1",
        ])
        var roster = bench.call("roster")
        let all = roster.start()
        #expect(all[0].path == "/v2/metrics/daily" && !all[0].isDoubtful)
        #expect(all[0].query.map(\.name) == ["dates", "limit", "skip", "include-total"])
        for (shape, names) in [("hours", ["*"]), ("days", ["a", "*"]), ("roster", ["a"]), ("weeks", ["a"])] {
            var none = bench.call(shape, names)
            #expect(none.start().isEmpty, "\(shape) of \(names)")
        }
    }

    @Test(arguments: [FakeMetrics.Body.new, .bare, .old])
    func everyShapeOfBodyIsRead(body: FakeMetrics.Body) throws {
        let fake = FakeMetrics(records: Self.two, body: body)
        let outcome = try bench.carry("hours", ["b", "a", "c"], serve: fake.answer)
        #expect(outcome.isProved && outcome.requests.count == (body == .new ? 1 : 2) && outcome.dropped == 0 && outcome.needs == nil)
        #expect(outcome.firstAsks == 1 && Set(outcome.requests).count == outcome.requests.count)
        let rows = outcome.rows.map { [$0.series, Int(($0.time - bench.start) / 3600), Int($0.trades!)] }
        #expect(rows == [[1, 3, 2], [0, 0, 1], [0, 23, 4]])
        let days = try bench.carry("days", ["a7"], serve: FakeMetrics(records: Self.days(9), body: body).answer)
        #expect(days.isProved && days.rows.map(\.time) == [bench.start] && days.rows[0].trades == 0 && days.found.isEmpty)
    }

    @Test func silenceIsProvedToo() throws {
        for body in [FakeMetrics.Body.new, .bare, .old] {
            let outcome = try bench.carry("hours", ["a"], serve: FakeMetrics(records: [], body: body).answer)
            #expect(outcome.isProved && outcome.rows.isEmpty)
        }
    }

    /// A failure inside an answer with status 200.
    @Test(arguments: [
        (#"{"Status":"fail","Message":"Rate exceeded"}"#, FailureClass.throttled(retryAfterSeconds: nil)),
        (#"{"Status":"error","Error":"Too Many Requests"}"#, .throttled(retryAfterSeconds: nil)),
        (#"{"status":"error","message":"request limit reached"}"#, .throttled(retryAfterSeconds: nil)),
        (#"{"Status":"fail","Message":"Too many requests for this account"}"#, .throttled(retryAfterSeconds: nil)),
        (#"{"Status":"fail","Message":"Account rate limit exceeded"}"#, .throttled(retryAfterSeconds: nil)),
        (#"{"Status":"fail","Message":"The account's quota: at most 600 a minute"}"#, .throttled(retryAfterSeconds: nil)),
        (#"{"Status":"fail","Error":"Unauthorized"}"#, .refused), (#"{"Status":"fail","Error":"Invalid API key"}"#, .refused),
        (#"{"Status":"fail","Error":"Too many accounts: limit is 10"}"#, .badRequest),
        (#"{"Status":"fail","Error":"at most 25 accountIds"}"#, .badRequest), (#"{"Status":"fail","Error":"invalid dates"}"#, .badRequest),
        (#"{"Status":"fail","Error":"account not found"}"#, .badRequest), (#"{"Status":"fail","Message":"Bad Request"}"#, .badRequest),
        (#"{"Status":"error","Error":"could not generate a separate report"}"#, .server), (#"{"Status":"error"}"#, .server),
        (#"{"Status":"fail","Error":{"code":17},"Data":[]}"#, .server), (#"{"Status":"maintenance","Data":[]}"#, .server),
        (#"{"Status":"ok"}"#, .malformed), (#"{"Status":"ok","Data":null}"#, .malformed), ("[]", .malformed), ("<html>", .malformed),
        (#"{"Status":"ok","Data":{"data":[{"account_id":"a"}]}}"#, .malformed), (#"{"Status":"ok","Data":[{"a":NaM}]}"#, .malformed),
    ])
    func aFailureInsideAnAnswerHasItsClass(body: String, kind: FailureClass) throws {
        var exchange = bench.call("hours", ["a"])
        let request = exchange.start()[0]
        do throws(AnswerDefect) {
            _ = try exchange.received(UpstreamAnswer(body: Array(body.utf8)), to: request)
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == kind, "\(error.reason)")
        }
        // The machine is as it was.
        let answer = FakeMetrics(records: Self.two).answer(request)!
        #expect(try exchange.received(UpstreamAnswer(body: Array(answer.utf8)), to: request).rows.count == 1)
    }

    @Test(arguments: [
        ("key 0123456789abcdef0123 is\nnot known", "key (left out) is not known"), ("abcd1234 is none", "(left out) is none"),
        ("of qwertyuiopasdfgh", "of (left out)"), ("apikey=abc1 on 20250601", "(left out) on 20250601"), ("", "nothing more"),
        (String(repeating: "word ", count: 39) + "0123456789abcdef", String(repeating: "word ", count: 39) + "(left"),
    ])
    func whatAFailureSaysIsToldWithoutWhatLooksLikeAKey(message: String, told: String) {
        #expect(AccountsErrors.defect(status: "fail", message: message).reason == "the upstream says fail: \(told)")
    }

    @Test func bareNaNsAndNULsAreRead() throws {
        let odd = #", "netProfit": NaN, "note": "x\u0000y", "ratio": -Infinity"#
        let outcome = try bench.one("hours", ["a"], [FakeMetric(account: "a", hour: 1, trades: 1, more: odd).json])
        #expect(outcome.isProved && outcome.rows.count == 1 && outcome.rows[0].values[1] == .null)
        #expect(outcome.rows[0].rest == "{\"note\":\"x\u{FFFD}y\",\"ratio\":null}")
    }

    @Test func whatWasNotAskedForIsDroppedAndCounted() throws {
        let others = [
            FakeMetric(account: "z", hour: 3, trades: 2).json, FakeMetric(account: "a", hour: 3, trades: 2, date: "20250602").json,
            FakeMetric(account: "a", hour: 4, trades: 1, more: ", \"login\": null, \"platform\": null").json,
            #"{"accountId": null, "date": "20250601", "hour": 2, "numTrades": 1}"#,
        ]
        let outcome = try bench.one("hours", ["a"], others + [Self.two[0].json])
        #expect(outcome.isProved && outcome.dropped == 4 && outcome.rows.count == 1 && outcome.quarantined.isEmpty)
    }

    /// One whose slot is known leaves that slot alone open; any other may be of any slot.
    @Test func aRefusedRecordTellsItsSlotWhereItCan() throws {
        let told = try bench.one("hours", ["a", "b"], [FakeMetric(account: "b", hour: 5, trades: -1).json, Self.two[0].json])
        #expect(told.isProved && told.rows.count == 1 && told.quarantined.count == 1)
        #expect(told.quarantined[0].series == 1 && told.quarantined[0].time == bench.start + 5 * 3600)
        #expect(told.quarantined[0].reason == AccountsRecord.badTrades)
        for record in [FakeMetric(account: "b", hour: 25, trades: 1).json, #"{"accountId": [], "numTrades": 1}"#, "7"] {
            let open = try bench.one("hours", ["a", "b"], [record, Self.two[0].json])
            #expect(open.isUnproved && open.rows.count == 1 && open.quarantined.count == 1, "\(record)")
        }
        // What cannot be read of somebody else is nobody's business here.
        let strange = try bench.one("hours", ["a"], [FakeMetric(account: "z", hour: 25, trades: 1).json])
        #expect(strange.isProved && strange.dropped == 1 && strange.quarantined.isEmpty)
    }

    // MARK: Batches

    private static let many = (0..<25).map { "a\($0)" }

    @Test(arguments: [(1, 1), (5, 4), (10, 7), (12, 12), (13, 13), (24, 13)])
    func aBatchThatIsRefusedComesInHalves(limit: Int, taken: Int) throws {
        var fake = FakeMetrics(records: Self.days(25))
        fake.batchMax = limit
        let outcome = try bench.carry("days", Self.many, serve: fake.answer)
        #expect(outcome.isProved && Set(outcome.rows.map(\.series)) == Set(0..<25) && outcome.rows.count == 25)
        #expect(outcome.firstAsks == 1 && outcome.requests.allSatisfy(\.isDoubtful))
        #expect(outcome.needs == Step.Needs(requests: 1, pageRows: taken))
        let batch = bench.dataset.call("days")!
        #expect(bench.dataset.priced(batch, outcome.needs!).kind == .batch(series: taken))
        #expect(bench.dataset.priced(batch, outcome.needs!).fixed == batch.fixed)
    }

    @Test func anAccountThatIsAlwaysRefusedSpoilsNoneOfTheOthers() throws {
        var fake = FakeMetrics(records: Self.days(25))
        fake.poison = ["a17"]
        let outcome = try bench.carry("days", Self.many, serve: fake.answer)
        #expect(outcome.end == .unproved("the upstream refuses to answer for account a17"))
        #expect(Set(outcome.rows.map(\.series)) == Set(0..<25).subtracting([17]) && outcome.needs == nil)
        #expect(outcome.witnessed == bench.day..<bench.day + 1 && outcome.unanswered == [17], "silence of the others is told")
        fake.poison = ["a17", "a3"]
        let two = try bench.carry("days", Self.many, serve: fake.answer)
        #expect(two.isUnproved && two.rows.count == 23 && two.unanswered == [3, 17])
        let alone = try bench.carry("days", ["a3"], serve: fake.answer)
        #expect(alone.isUnproved && alone.witnessed == nil && alone.unanswered.isEmpty)
    }

    @Test func aBatchThatIsRefusedForTheQuotasSakeWaitsAndIsNotCut() throws {
        var exchange = bench.call("hours", ["a", "b"])
        let first = exchange.start()[0]
        let again = exchange.gaveUp(on: first, because: .throttled(retryAfterSeconds: nil)).requests
        #expect(again.count == 1 && again[0]["accountIds"] == "a,b" && !again[0].isDoubtful && again[0].attempt == 1)
        #expect(exchange.gaveUp(on: again[0], because: .throttled(retryAfterSeconds: nil)).end != nil)
    }

    @Test func anAnswerThatDoesNotComeLeavesTheRest() throws {
        var fake = FakeMetrics(records: Self.two)
        fake.batchMax = 1
        let outcome = try carryOut(
            bench.call("hours", ["a", "b"]), cause: { ($0["accountIds"] == "a") ? .timeout : .badRequest }
        ) { $0["accountIds"] == "a" ? nil : fake.answer($0) }
        #expect(outcome.isUnproved && outcome.rows.count == 2 && outcome.rows.allSatisfy { $0.series == 1 } && outcome.witnessed == nil)
    }

    @Test func aFilterThatDoesNothingIsFoundOut() throws {
        var fake = FakeMetrics(records: Self.days(3000))
        fake.honoursFilter = false
        let outcome = try bench.carry("days", ["a1", "a2"], serve: fake.answer)
        guard case .shapeUnusable = outcome.end else {
            Issue.record("\(String(describing: outcome.end))")
            return
        }
        #expect(outcome.requests.count == 1)
        // On one page it costs nothing.
        fake.records = Self.days(30)
        let small = try bench.carry("days", ["a1", "a2"], serve: fake.answer)
        #expect(small.isProved && small.rows.count == 2 && small.dropped == 28)
    }

    // MARK: The roster

    @Test(arguments: [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (1999, 2), (2000, 3), (2500, 3)])
    func aRosterIsReadToItsEnd(count: Int, pages: Int) throws {
        let fake = FakeMetrics(records: Self.days(count))
        let outcome = try bench.carry("roster", serve: fake.answer)
        // One without any record is read twice.
        #expect(outcome.isProved && outcome.requests.count == max(pages, count == 0 ? 2 : 1) && outcome.firstAsks == pages)
        #expect(outcome.needs == Step.Needs(requests: pages, pageRows: 1000) && Accounts.pages(of: count) == pages)
        #expect(outcome.found.count == count && Set(outcome.found.map(\.key)).count == count)
        #expect(outcome.found.allSatisfy { $0.key.values[1] == "day" && $0.time == bench.start })
        #expect(outcome.rows.count == 1 && outcome.rows[0].series == 0 && outcome.rows[0].time == bench.start)
        #expect(outcome.rows[0].trades == Int64((0..<count).reduce(0) { $0 + $1 % 7 }))
        #expect(outcome.rows[0].rest == "{\"accounts\": \(count)}")
        #expect(outcome.rows[0].values.count == Accounts.days.columns.count)
        let shape = bench.dataset.call("roster")!
        #expect(bench.dataset.priced(shape, outcome.needs!).cost(periods: 1, series: 1).requests == pages)
        if pages > 1 {
            let small = try bench.carry("roster", requests: pages - 1, serve: fake.answer)
            guard case .costlier(let needs, _) = small.end else {
                Issue.record("\(String(describing: small.end))")
                return
            }
            #expect(needs.requests == pages && small.requests.count == 1)
        }
    }

    /// A full page says nothing of an end, and a short one not enough: what comes after it has to be the record in which they meet.
    @Test func aRosterWithoutACountEndsWhereNothingFollows() throws {
        for (count, pages) in [(1, 2), (999, 2), (1000, 2), (1001, 3), (1999, 3), (2000, 4)] {
            let fake = FakeMetrics(records: Self.days(count), body: .bare)
            let outcome = try bench.carry("roster", serve: fake.answer)
            #expect(outcome.isProved && outcome.found.count == count, "\(count)")
            #expect(outcome.requests.count == pages && Set(outcome.requests).count == pages, "\(count): \(outcome.requests.count)")
        }
    }

    @Test func anUpstreamThatGivesShorterPagesIsReadAllTheSame() throws {
        for body in [FakeMetrics.Body.new, .bare] {
            let fake = FakeMetrics(records: Self.days(1200), body: body, limitMax: 400)
            let outcome = try bench.carry("roster", serve: fake.answer)
            // A bare list says neither how long its pages are nor how many there are.
            #expect(outcome.isProved && outcome.found.count == 1200)
        }
        // So with a batch: five accounts of it on the first page are not all.
        let named = Self.many.prefix(12).map(\.self)
        let batch = try bench.carry("days", named, serve: FakeMetrics(records: Self.days(12), body: .bare, limitMax: 5).answer)
        #expect(batch.isProved && Set(batch.rows.map(\.series)) == Set(0..<12) && batch.firstAsks == 1)
        // An upstream that gives the same page whatever it is asked for cannot be read to an end.
        let same = FakeMetrics(records: [], body: .bare).text(Self.days(9).map(\.json), total: 9, skip: 0, limit: 9)
        let stuck = try bench.carry("roster") { _ in same }
        #expect(stuck.isUnproved && stuck.rows.isEmpty)
    }

    /// A day without any record is taken for one only when it is so twice.
    @Test(arguments: [FakeMetrics.Body.new, .bare, .old])
    func anEmptyRosterIsBelievedWhenItIsEmptyTwice(body: FakeMetrics.Body) throws {
        let (none, all) = (FakeMetrics(records: [], body: body), FakeMetrics(records: Self.days(9), body: body))
        for (empty, count) in [(0..<1, 9), (0..<2, 0), (1..<2, 9)] {
            var asked = 0
            let outcome = try bench.carry("roster") { request in
                defer { asked += 1 }
                return (empty.contains(asked) ? none : all).answer(request)
            }
            #expect(outcome.isProved && outcome.found.count == count && outcome.rows[0].rest == "{\"accounts\": \(count)}", "\(empty)")
        }
    }

    /// A held roster says that who has no row of the day has none, whoever is followed when it is read.
    @Test func aRosterKeepsAllItsRowsWhereAccountsAreNamed() throws {
        let named = try AccountsBench(Accounts.Following(accounts: ["a3", "a5"]))
        let outcome = try named.carry("roster", serve: FakeMetrics(records: Self.days(9)).answer)
        #expect(outcome.isProved && outcome.found.count == 9 && outcome.rows[0].rest == "{\"accounts\": 9}")
    }

    /// What nobody lists is asked for by name: the days of named accounts, of one date for one request each 25.
    @Test func theDaysOfNamedAccountsAreAskedForByName() throws {
        let dataset = try AccountsBench(Accounts.Following(accounts: Self.many + ["b"])).dataset
        let slots = SlotSet(bench.day..<bench.day + 2)
        let demands = dataset.followed.filter { dataset.channel($0) == "day" }.map { Demand(series: $0, missing: slots) }
        let plan = dataset.plan(dataset.relieved(demands, by: SlotSet()), shapes: dataset.shapes, circumstances: Circumstances(now: 0))
        #expect(plan.calls.map(\.shape.name) == ["days", "days", "days", "days"] && plan.totals.cost.requests == 4)
    }

    /// Whose day it was is told with the record: it would not be expected otherwise. One that does not tell its day leaves the call open.
    @Test func aRosterTellsWhoseRecordItRefuses() throws {
        let (bad, good) = (FakeMetric(account: "x", trades: -1).json, FakeMetric(account: "y", trades: 1).json)
        let outcome = try bench.one("roster", ["*"], [bad, good])
        #expect(outcome.isProved && outcome.found.count == 1 && outcome.rows.count == 1 && outcome.quarantined.count == 1)
        #expect(outcome.quarantined[0].found == SeriesKey(["x", "day"]) && outcome.quarantined[0].time != nil)
        let dateless = try bench.one("roster", ["*"], [#"{"accountId": "x", "login": "1", "date": "soon", "numTrades": 3}"#, good])
        #expect(dateless.isUnproved && dateless.rows.isEmpty && dateless.quarantined.count == 1)
        let nobody = try bench.one("roster", ["*"], [#"{"accountId": null, "date": "20250601", "numTrades": 3}"#])
        #expect(nobody.isProved && nobody.dropped == 1 && nobody.rows[0].rest == "{\"accounts\": 0}")
    }
}
