import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

@Suite struct FoundRowTests {
    private static let now = Int64(20_010) * 86_400

    @Test func foundRowsMakeTheirSeriesAndThoseTheyTellOf() async throws {
        try await Counted.with { _, held in
            let version = try await held.version()
            let made = try await held.make(.roster(20_000, ["b": 3, "a": 0, "c": 1]), now: Self.now)
            #expect(made.counts.written == 4)
            let keys = try await held.judged().keys.sorted()
            #expect(keys == ([Counted.roster] + ["a", "b", "c"].flatMap { [Counted.days($0), Counted.hours($0)] }).sorted())
            #expect(try await held.version() == version.map { $0 + 1 })
            let series = try await held.judged()
            #expect(series[Counted.days("b")]?.ledger.held.ranges == [20_000..<20_001])
            #expect(try await held.hours("b", 20_000, now: Self.now) == String(repeating: "m", count: 24))
            // The receipt, the task's sums and the call's own story count them.
            let audit = try #require(try await held.store.call(made.task, datasets: [held.dataset]))
            #expect(audit.receipts.map(\.rows) == [4] && audit.receipts.map(\.dropped) == [0] && audit.task.counts.written == 4)
            #expect(audit.written.map(\.key) == [Counted.roster] + ["a", "b", "c"].map(Counted.days))
            #expect(audit.rows == 4)
            // It is told as one of the calls that were to bring a listed slot.
            let facts = try await held.store.facts(of: 20_000, Counted.days("b"), held.dataset, attempts: 5, now: Self.now)
            #expect(facts?.attempts.map(\.task) == [made.task] && facts?.parts.map(\.task) == [made.task])
            let hours = try await held.store.facts(of: 20_000 * 24, Counted.hours("b"), held.dataset, attempts: 5, now: Self.now)
            #expect(hours?.attempts.isEmpty == true)
            #expect(try await held.isVerified())
            // Once more: nothing new, and no number is used up.
            let again = try await held.make(.roster(20_000, ["b": 3, "a": 0, "c": 1]), now: Self.now)
            #expect(again.counts.unchanged == 4 && again.counts.written == 0)
            try await held.make(.roster(20_001, ["d": 1]), now: Self.now)
            let ids = try await held.store.entries(of: "counted").map(\.id)
            #expect(ids.max() == ids.count)
        }
    }

    @Test func rowsOfSeriesThatAreNotFollowedAreDropped() async throws {
        try await StoreUnderTest.with(Counted.dataset(followed: [Counted.days("a"), Counted.hours("a")])) { _, held in
            let made = try await held.make(.roster(20_000, ["a": 3, "b": 4]), now: Self.now)
            #expect(made.counts.written == 2)
            #expect(try await held.store.entries(of: "counted").count == 3)
            let receipts = try await held.store.call(made.task, datasets: [held.dataset])?.receipts
            #expect(receipts?.map(\.rows) == [2] && receipts?.map(\.dropped) == [1])
        }
    }

    /// Its slot is refused and not unheard of: the listing, which is whole, would say that it does not exist.
    @Test func aRefusedRecordOfAListingMakesItsSeries() async throws {
        try await Counted.with { _, held in
            var call = CountedCall.roster(20_000, ["a": 3])
            let time = Int64(20_000) * 86_400
            call.refused = [QuarantinedRecord(reason: "count is above 1000", record: "\(time) 5000", time: time, found: Counted.days("b"))]
            try await held.make(call, now: Self.now)
            let series = try await held.judged()
            let day = try #require(series[Counted.days("b")]?.ledger)
            #expect(day.quarantined.ranges == [20_000..<20_001] && day.unexpected.isEmpty)
            #expect(try await held.hours("b", 20_000, now: Self.now) == String(repeating: "u", count: 24))
            #expect(try await held.hours("a", 20_000, now: Self.now) == String(repeating: "m", count: 24))
            // A row that passes settles it.
            try await held.make(.roster(20_000, ["a": 3, "b": 0]), now: Self.now + 60)
            #expect(try await held.judged()[Counted.days("b")]?.ledger.quarantined.isEmpty == true)
        }
    }

    @Test func nothingIsAbsentOfFoundSeriesBySilence() async throws {
        try await Counted.with(["a"]) { _, held in
            try await held.make(.roster(20_000, ["b": 1]), now: Self.now)
            #expect(try await held.count("absences") == 0)
            let series = try await held.judged()
            #expect(series[Counted.days("a")]?.ledger.unexpected.ranges == [20_000..<20_001])
        }
    }

    @Test func callsThatFindTheSameAtOnceMakeItOnce() async throws {
        try await Counted.with { loop, held in
            let accounts = (0..<60).map { "n\($0)" }
            var calls: [CountedCall] = []
            for n in 0..<6 {
                var call = CountedCall.roster(20_000 + n % 2, Dictionary(uniqueKeysWithValues: accounts.map { ($0, 1) }))
                // In an order of its own.
                call.found.shuffle()
                calls.append(call)
            }
            var tasks: [ClaimedTask] = []
            for call in calls { tasks.append(try await held.claim(call)) }
            let token = loop.keep(held)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (task, call) in zip(tasks, calls) {
                    group.addTask {
                        try await loop.enter { loop in
                            let held = loop[token]
                            _ = try await held.end(task, call, now: Self.now)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await held.store.entries(of: "counted").count == 121)
            #expect(try await held.count("coverage") == 121)
            #expect(try await held.count("counted_days") == 122)
            #expect(try await held.isVerified())
        }
    }

    /// Days and hours of the same accounts end at once: whoever comes second judges by both.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func daysAndHoursThatEndAtOnceAgree(_ seed: UInt64) async throws {
        try await Counted.with { loop, held in
            var random = Seeded(seed)
            let accounts = (0..<12).map { "n\($0)" }
            try await held.make(.roster(20_000, Dictionary(uniqueKeysWithValues: accounts.map { ($0, 1) })), now: Self.now)
            for day in 20_001..<20_006 {
                var calls = [CountedCall.roster(day, Dictionary(uniqueKeysWithValues: accounts.map { ($0, 2) }))]
                for part in [accounts[..<6], accounts[6...]] {
                    calls.append(.hours(day, Dictionary(uniqueKeysWithValues: part.map { ($0, [5: 2]) })))
                    calls.append(.days(day, Dictionary(uniqueKeysWithValues: part.map { ($0, 2) })))
                }
                calls.shuffle(using: &random)
                var tasks: [ClaimedTask] = []
                for call in calls { tasks.append(try await held.claim(call)) }
                let token = loop.keep(held)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (task, call) in zip(tasks, calls) {
                        group.addTask {
                            try await loop.enter { loop in
                                let held = loop[token]
                                _ = try await held.end(task, call, now: Self.now)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let expected = String((0..<24).map { $0 == 5 ? "p" : "e" })
                for account in accounts {
                    #expect(try await held.hours(account, day, now: Self.now) == expected, "\(seed) \(day) \(account)")
                }
            }
            #expect(try await held.isVerified())
        }
    }

    @Test func jsonThatSaysTheSameIsTheSameHoweverItIsWritten() async throws {
        try await Counted.with(["a"]) { _, held in
            let one = "{\"b\":{\"y\":1.50,\"x\":[1e3,null,\"\\u00e9\"]},\"aa\":true}"
            let other = "{ \"aa\": true, \"b\": {\"x\": [1000, null, \"é\"], \"y\": 1.50} }"
            try await held.make(.days(20_000, ["a": 1]), now: Self.now, rest: one)
            let version = try await held.version()
            #expect(try await held.make(.days(20_000, ["a": 1]), now: Self.now, rest: other).counts.unchanged == 1)
            #expect(try await held.version() == version)
            let stored = try await held.store.pool.query("select rest::text from counted_days").only().string(0)
            let schema = held.dataset.schema(of: Counted.days("a"))
            func edition(_ rest: String) -> Edition { Edition([.integer(1), .text(rest)], task: 1, schema: schema) }
            for text in [one, other] { #expect(edition(text) == edition(stored)) }
            #expect(edition(one) != edition("{\"aa\":true}"))
            // What is replaced stays JSON.
            try await held.make(.days(20_000, ["a": 1]), now: Self.now + 1, rest: "{\"b\":2}")
            let revision = try #require(try await held.revisions().first)
            #expect(Edition(revision.old, task: 1, schema: schema) == edition(one))
            #expect(Edition(revision.new, task: 1, schema: schema) == edition("{\"b\":2}"))
            let kind = try await held.store.pool.query("select jsonb_typeof(old_values->'rest') from revisions").only().string(0)
            #expect(kind == "object")
        }
    }
}
