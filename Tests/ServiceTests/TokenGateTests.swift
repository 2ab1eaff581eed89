import Bytes
import EventLoop
@testable import Ingest
import Postgres
import Series
@testable import Store
import Testing
import TestSupport
import Upstream

/// One process's requests to an upstream that counts tokens, on a clock of which a minute takes a hundredth of a second.
@Suite struct TokenGateTests {
    private struct Bench {
        let loop: Loop
        let store: Store
        let clock: ServiceClock
        let upstream: TokenUpstream
        let sender: RequestSender
        let token: Local<RequestSender>
        let base: Base

        /// A call for so many names, which may all be asked for at once.
        func call(
            _ number: Int, _ names: Int, _ lane: Lane = .live, price: Int = 7, splits: Bool = true
        ) async -> CallRunner.Outcome {
            let order = CallOrder(shape: "snap", series: (0..<names).map { SeriesKey(["n\($0)"]) }, periods: 0..<1)
            let runner = CallRunner(
                call: number, shape: shape(price), lane: lane, traceID: nil, meter: CallMeter(dataset: "none") { _ in }, sender: sender,
                token: token, policy: RetryPolicy(maxAttempts: 2, baseSeconds: 0.01, capSeconds: 0.01), inFlightMax: 3, decoding: loop,
                random: { 0 })
            return await runner.run(NamesExchange(order, splits: splits))
        }

        func facts() async throws -> TokenFacts { try #require(try await store.tokenFacts(upstream: "u", now: clock.exactNow)) }

        /// What was told of all that was promised.
        func settled(_ loop: isolated Loop) async throws -> TokenFacts {
            let limit = Deadline.after(.seconds(30))
            while try await facts().reserved > 0 {
                if Deadline.now > limit { throw WaitError.timedOut }
                try await loop.sleep(for: .milliseconds(5))
            }
            return try await facts()
        }
    }

    private static func shape(_ price: Int) -> CallShape {
        CallShape(
            name: "snap", kind: .snapshot(subjects: 100), fixed: Cost(requests: 1), perSeries: Cost(requests: 0, tokens: price),
            secondsPerRequest: 1)
    }

    /// Months of sixty names, all of which one call brings.
    private static func names() -> Dataset {
        Dataset(
            name: "names", title: "Names", keys: ["name"], unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: NamesExchange.slotSeconds, anchor: 0))), dueLag: { _ in 0 }, horizonDays: 1,
            shapes: [shape(7)], periods: .every(seconds: NamesExchange.slotSeconds, anchor: 0), upstream: TokenUpstream.profile(),
            exchange: { NamesExchange($0) },
            schema: RowSchema(
                table: "name_rows", columns: [.init("count", .integer)],
                migrations: [
                    .init(name: "0001 rows", sql: """
                        create table name_rows (
                            series_id int not null references series, time timestamptz not null, count bigint not null, task_id bigint,
                            primary key (series_id, time));
                        """)
                ]),
            slotFields: [], partFields: [], followed: (0..<60).map { SeriesKey(["n\($0)"]) }, dueFrom: .slotBegin)
    }

    private static func with(
        refill: Double = 5, balance: Double = 300, _ body: @escaping @Sendable (isolated Loop, Bench) async throws -> Void
    ) async throws {
        try await TestServers.withDatabase("tokens") { connection in
            _ = try await Store.migrate(connection, datasets: [names()])
        } _: { loop, pool in
            let clock = ServiceClock(Store.StoredClock(realAt: Int64(ServiceClock.realNow), shownAt: 1_700_000_000, speed: 6000))
            let store = Store(pool: pool)
            let profile = TokenUpstream.profile()
            try await store.declareBudget(upstream: "u", quota: profile.rate.count, windowSeconds: profile.rate.seconds)
            try await store.declareTokens(upstream: "u", TokenUpstream.rules, now: clock.exactNow)
            let upstream = try TokenUpstream(on: loop, clock: clock, refill: refill, balance: balance, price: 7)
            let base = try #require(Base("http://\(upstream.address)"))
            let sender = RequestSender(
                profile: profile, access: UpstreamAccess(base: base, credentials: [], rate: profile.rate), store: store,
                fetcher: try Fetcher(on: loop), clock: clock, loop: loop, restSecondsMax: 60, observe: { _ in })
            let pacing = loop.keep(sender.pacing)
            let bench = Bench(
                loop: loop, store: store, clock: clock, upstream: upstream, sender: sender, token: loop.keep(sender), base: base)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await pacing.loop.enter { loop in await loop[pacing].run(as: pacing) } }
                defer { sender.pacing.stop() }
                try await body(loop, bench)
            }
            await upstream.end()
        }
    }

    private final class Ends { var all: [CallRunner.Outcome] = [] }

    /// More is asked for than the bucket holds, from three lanes at once: all is answered, nobody is refused, and the floor stands.
    @Test func callsShareTheBucket() async throws {
        try await Self.with { loop, bench in
            let first = await bench.call(1, 1)
            #expect(first.tokens == 7 && first.end == .proved("all of them answered"))
            let (local, ends) = (loop.keep(BenchBox(bench)), loop.keep(Ends()))
            await withTaskGroup(of: Void.self) { group in
                for (place, lane) in Lane.allCases.enumerated() {
                    group.addTask {
                        await local.loop.enter { loop in loop[ends].all.append(await loop[local].bench.call(10 + place, 35, lane)) }
                    }
                }
            }
            #expect(loop[ends].all.map(\.rows.count) == [35, 35, 35] && loop[ends].all.map(\.tokens) == [245, 245, 245])
            let facts = try await bench.settled(loop)
            #expect(bench.upstream.refused == 0 && bench.upstream.lowest >= 20 && bench.upstream.spent == 742)
            #expect(facts.spent == 742 && facts.ledger.lowest == bench.upstream.lowest)
        }
    }

    private final class BenchBox {
        let bench: Bench
        init(_ bench: Bench) { self.bench = bench }
    }

    /// A request that was made for a larger bucket goes in pieces; where its exchange cannot, it is planned anew.
    @Test func aPlanThatFallsMakesRequestsSmaller() async throws {
        try await Self.with(refill: 25, balance: 1500) { loop, bench in
            _ = await bench.call(1, 1)
            let whole = await bench.call(2, 100)
            #expect(whole.tokens == 700 && bench.upstream.asked == [1, 100])
            (bench.upstream.refill, bench.upstream.balance) = (5, 250)
            _ = await bench.call(3, 1)
            let pieces = await bench.call(4, 100)
            #expect(pieces.end == .proved("all of them answered") && pieces.rows.count == 100 && pieces.tokens == 700)
            #expect(bench.upstream.asked.suffix(3) == [40, 40, 20] || bench.upstream.asked.suffix(3).sorted() == [20, 40, 40])
            let stiff = await bench.call(5, 100, splits: false)
            #expect(stiff.requests == 0 && stiff.failure == nil)
            guard case .tooWide(let reason) = stiff.end else { return #expect(Bool(false), "\(stiff.end)") }
            #expect(reason.contains("at most 40 fit"))
            #expect(bench.upstream.lowest >= 20 && bench.upstream.refused == 0)
        }
    }

    @Test func aSubjectThatNeverFitsFailsAtOnce() async throws {
        try await Self.with { loop, bench in
            // What was only assumed is found out by one.
            let first = await bench.call(1, 1, price: 281)
            #expect(first.tokens == 7)
            bench.upstream.price = 281
            _ = await bench.call(2, 1)
            _ = try await bench.settled(loop)
            try await bench.store.pool.query("update token_prices set mean = 281, high = 281")
            let outcome = await bench.call(3, 1)
            #expect(outcome.requests == 0 && outcome.failure?.reason.contains("one subject costs more tokens than the bucket") == true)
            #expect(bench.upstream.asked == [1, 1])
        }
    }

    /// Somebody else has spent what there was: one request is refused, and told for how long; the rate's budget does not rest.
    @Test func anEmptyBucketIsWaitedFor() async throws {
        try await Self.with { loop, bench in
            _ = await bench.call(1, 1)
            bench.upstream.balance = -1000
            let outcome = await bench.call(2, 2)
            #expect(outcome.end == .proved("all of them answered") && outcome.tokens == 14 && outcome.requests == 2)
            #expect(bench.upstream.refused == 1, "nobody asks before there is something")
            let resting = try await bench.store.pool.query("select from budgets where is_throttled or quiet_until is not null")
            #expect(resting.isEmpty)
            #expect(try await bench.settled(loop).ledger.lowest ?? 0 < -500)
        }
    }

    @Test func anEmptyBucketThatNothingIsAddedToIsLookedAtAgain() async throws {
        try await Self.with { _, bench in
            func seconds(_ left: Double, _ refill: Double?, _ refillIn: Double?) throws -> Double? {
                try #require(bench.sender.pacing.tokens)
                    .emptySeconds(TokenReading(left: left, consumed: 0, refillPerMinute: refill, refillIn: refillIn)).map { $0 * 6000 }
            }
            let found = [
                try seconds(-500, 0, 30), try seconds(-500, 0, nil), try seconds(-11, 5, 30), try seconds(-11, nil, 30),
            ].map { ($0 ?? 0).rounded() }
            #expect(found == [30, 60, 150, 150])
            #expect(try seconds(1, 0, 30) == nil)
        }
    }

    private final class Failures { var all: [Deadline] = [] }

    /// A promise cannot be renewed for the store fails: it is tried again after pauses of 0.1 and 0.2 seconds, not without end at once.
    @Test func aStoreThatFailsIsNotAskedWithoutPause() async throws {
        try await Self.with { loop, bench in
            let (traffic, failures) = (Traffic(atOnceMax: 3), Failures())
            var stop: () -> Void = {}
            let gate = TokenGate(
                upstream: "u", rules: TokenUpstream.rules, traffic: traffic, store: bench.store, clock: bench.clock, loop: loop,
                decoding: nil, leaseSeconds: 0.03
            ) { event in
                guard case .storeFailed = event else { return }
                failures.all.append(.now)
                if failures.all.count == 3 { stop() }
            }
            let local = loop.keep(gate)
            async let ran: Void = local.loop.enter { loop in await loop[local].run() }
            let leave = try await gate.take(1, .live, TokenGate.Cost(shape: "s", subjects: 1, fallback: 7))
            stop = {
                traffic.stop()
                gate.cancel(leave)
                gate.stop()
            }
            try await bench.store.pool.query("alter table token_reservations rename to gone")
            await ran
            let (first, last) = (try #require(failures.all.first), try #require(failures.all.last))
            #expect(last.nanoseconds - first.nanoseconds >= 300_000_000)
        }
    }

    @Test func whoIsGivenUpStopsWaiting() async throws {
        try await Self.with { loop, bench in
            _ = await bench.call(1, 1)
            // Nothing comes for as long as this test may take.
            _ = try await bench.settled(loop)
            try await bench.store.pool.query("update token_budgets set balance = -1e9")
            let local = loop.keep(BenchBox(bench))
            let ends = loop.keep(Ends())
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await local.loop.enter { loop in loop[ends].all.append(await loop[local].bench.call(2, 1)) } }
                for _ in 0..<50 { try? await loop.yield() }
                bench.sender.pacing.abandon(2)
            }
            #expect(loop[ends].all.first?.failure?.isClosing == true && bench.upstream.asked == [1])
        }
    }

    @Test func paymentIsARefusalAndNothingIsRetried() async throws {
        try await Self.with { loop, bench in
            bench.upstream.status = 402
            let outcome = await bench.call(1, 1)
            #expect(outcome.failure?.kind == .refused && outcome.failure?.reason.contains("paid") == true && outcome.requests == 1)
            bench.upstream.status = 404
            try await bench.store.pool.query("update token_budgets set heard_at = now(), balance = 300")
            let missing = await bench.call(2, 1)
            #expect(missing.failure?.kind == .badRequest)
            // What said nothing of tokens counts as spent.
            #expect(try await bench.settled(loop).ledger.lostAt != nil)
        }
    }

    /// A worker's call was planned for a hundred names at once; the bucket is small, and it goes in pieces. What it spent is the task's.
    @Test func aTaskGoesInPiecesAndSaysWhatItSpent() async throws {
        let dataset = Self.names()
        try await Self.with { loop, bench in
            _ = await bench.call(1, 1)
            _ = try await bench.settled(loop)
            let ids = try await bench.store.ensureSeries(dataset.followed, of: "names", now: 0)
            let slot = Int(bench.clock.now) / NamesExchange.slotSeconds
            let id = try await bench.store.insertIngestion(
                Store.NewIngestion(
                    dataset: "names", selection: #"{"dataset":"names","from":"2023-11-14","to":"2023-11-15","mode":"missing"}"#,
                    selectionDigest: "d", planID: nil, requestedBy: "test",
                    figures: PlanFigures(
                        gaps: 1, slots: 60, cost: Cost(requests: 1, tokens: 420), lowerBound: Cost(requests: 1), optimality: .proven,
                        estimatedSeconds: 0),
                    calls: [StoredCall(shape: "snap", seriesIDs: ids, periods: slot..<slot + 1, covers: 60, requests: 1, tokens: 420)],
                    filedAt: bench.clock.now)
            ).id
            let decoding = try Loop(name: "tokens decoding")
            defer { decoding.stop() }
            let fetcher = try Fetcher(on: loop)
            let access = UpstreamAccess(base: bench.base, credentials: [], rate: dataset.upstream.rate)
            let worker = Worker(
                loop: loop, decoding: decoding, store: bench.store, datasets: [dataset], access: ["u": access], fetcher: fetcher,
                clock: bench.clock, settings: Worker.Settings(), observe: { _ in })
            let token = loop.keep(worker)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { worker.stop() }
                let limit = Deadline.after(.seconds(60))
                while try await bench.store.tasks(of: id, after: -1, limit: 1).first?.status != "done" {
                    try #require(Deadline.now < limit, "it takes too long")
                    try await loop.sleep(for: .milliseconds(10))
                }
            }
            fetcher.close()
            // Half of what the bucket lends: 20 of 7 each.
            #expect(bench.upstream.asked == [1, 20, 20, 20] && bench.upstream.lowest >= 20)
            let task = try #require(try await bench.store.tasks(of: id, after: -1, limit: 1).first)
            #expect(task.tokens == 420 && task.call.tokens == 420 && task.requests == 3 && task.counts.written == 60)
            let sums = try #require(try await bench.store.ingestion(id: id)).sums
            #expect(sums.tokens == 420 && sums.tokensPlanned == 420 && sums.tokensExpected == 420)
            #expect(try await bench.store.pool.query("select tokens from receipts").only().int(0) == 420)
        }
    }
}
