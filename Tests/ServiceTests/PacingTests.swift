import EventLoop
import HTTP
@testable import Ingest
import Postgres
import Series
import Store
import Testing
import TestSupport
import Upstream

/// One process's requests to an upstream that counts them apart: by scope.
@Suite struct PacingTests {
    private struct Paced {
        let loop: Loop
        let store: Store
        let traffic: Traffic
        let pacing: Pacing
    }

    /// An upstream that lets one request an hour through for each scope.
    private static func with(
        atOnce: Int = 4, quota: Int = 1, idle: Duration = .seconds(3600),
        _ body: @escaping @Sendable (isolated Loop, Paced) async throws -> Void
    ) async throws {
        try await onAStore(quota: quota) { loop, store in
            let traffic = Traffic(atOnceMax: atOnce)
            let pacing = Pacing(traffic: traffic, loop: loop) { scope in
                Allowance(
                    upstream: "u", scope: scope, rate: RequestRate(count: quota, seconds: 3600), traffic: traffic, timeoutSeconds: 60,
                    doublingMax: 600, store: store, clock: clock, loop: loop, idlePause: idle, observe: { _ in })
            }
            let token = loop.keep(pacing)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { pacing.stop() }
                try await body(loop, Paced(loop: loop, store: store, traffic: traffic, pacing: pacing))
            }
        }
    }

    private static let clock = ServiceClock(Store.StoredClock(realAt: 0, shownAt: 0, speed: 1))

    private static func onAStore(
        quota: Int, _ body: @escaping @Sendable (isolated Loop, Store) async throws -> Void
    ) async throws {
        let configuration = try PostgresConfiguration(try TestServers.postgres())
        let loop = try Loop(name: "pacing test")
        defer { loop.stop() }
        try await loop.run { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await Store.migrate(connection, datasets: [])
            connection.close()
            let pool = PostgresPool(configuration, size: 5, on: loop)
            defer { pool.close() }
            let store = Store(pool: pool)
            try await store.declareBudget(upstream: "u", quota: quota, windowSeconds: 3600)
            try await body(loop, store)
        }
    }

    private static func until(_ loop: isolated Loop, _ isSo: () async throws -> Bool) async throws {
        let limit = Deadline.after(.seconds(60))
        while try await isSo() == false {
            if Deadline.now > limit { throw WaitError.timedOut }
            try await loop.sleep(for: .milliseconds(5))
        }
    }

    @Test func scopesGoBesideEachOther() async throws {
        try await Self.with { loop, paced in
            let pacing = loop.keep(paced.pacing)
            let first = try await paced.pacing.allowance(for: "a").take(1, .history)
            paced.pacing.allowance(for: "a").ended(first, isWell: true, seconds: 0.1)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                // The hour's request of this one is spent.
                group.addTask {
                    await loop.enter { loop in
                        do { _ = try await loop[pacing].allowance(for: "a").take(2, .live) } catch { return false }
                        return true
                    }
                }
                for scope in ["b", "c", nil] {
                    let allowance = paced.pacing.allowance(for: scope)
                    allowance.ended(try await allowance.take(3, .history), isWell: true, seconds: 0.1)
                }
                paced.pacing.abandon(2)
                let wasLetGo = try await group.next()
                #expect(wasLetGo == false, "what waits for its own quota waits still when it is given up")
            }
            #expect(paced.pacing.takeBeginning(of: 3) != nil && paced.pacing.takeBeginning(of: 2) == nil)
        }
    }

    /// All scopes share the places of an upstream; whoever finds none asks the store for nothing.
    @Test func noMoreAreUnderWayThanThereArePlaces() async throws {
        try await Self.with(atOnce: 2) { loop, paced in
            let pacing = loop.keep(paced.pacing)
            let (a, b) = (paced.pacing.allowance(for: "a"), paced.pacing.allowance(for: "b"))
            let (one, two) = (try await a.take(1, .history), try await b.take(1, .history))
            #expect(paced.traffic.room == 0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await loop.enter { loop in
                        let allowance = loop[pacing].allowance(for: "c")
                        let permit = try await allowance.take(2, .history)
                        #expect(loop[pacing].allowance(for: "c") === allowance, "it is kept while it is in use")
                        allowance.ended(permit, isWell: true, seconds: 0.1)
                    }
                }
                try await Self.until(loop) { paced.pacing.scopesInUse == 3 }
                for _ in 0..<20 { try await loop.yield() }
                let asked = try await paced.store.pool.query("select from budgets where scope = 'c'").count
                #expect(asked == 0)
                a.ended(one, isWell: true, seconds: 0.1)
                try await group.waitForAll()
            }
            b.ended(two, isWell: true, seconds: 0.1)
            #expect(paced.traffic.room == 2)
        }
    }

    @Test func whatIsReadInAnAnswerRestsItsScopeOnly() async throws {
        try await Self.with(quota: 100) { loop, paced in
            let (a, b) = (paced.pacing.allowance(for: "a"), paced.pacing.allowance(for: "b"))
            let permit = try await a.take(1, .history)
            a.landed(permit, seconds: 0.1)
            #expect(paced.traffic.room == 4 && !a.isIdle, "another may go, and the answer is not read yet")
            a.judged(permit, .throttled(seconds: 600, sentAt: .now))
            try await Self.until(loop) { try await !paced.store.pool.query("select from budgets where quiet_until > now()").isEmpty }
            let resting = try await paced.store.pool.query("select scope from budgets where is_throttled").map { try $0.string(0) }
            #expect(resting == ["a"])
            b.ended(try await b.take(2, .history), isWell: true, seconds: 0.1)
        }
    }

    @Test func idleScopesGo() async throws {
        try await Self.with(quota: 1000, idle: .milliseconds(20)) { loop, paced in
            for index in 0..<60 {
                let allowance = paced.pacing.allowance(for: "pair \(index)")
                allowance.ended(try await allowance.take(index, .history), isWell: true, seconds: 0.1)
            }
            let held = paced.pacing.allowance(for: "held")
            let permit = try await held.take(100, .history)
            try await Self.until(loop) { paced.pacing.scopesInUse == 1 }
            #expect(paced.pacing.allowance(for: "held") === held, "what is under way is not forgotten")
            held.landed(permit, seconds: 0.1)
            held.judged(permit, .other(isWell: true))
            try await Self.until(loop) { paced.pacing.scopesInUse == 0 }
            // And come back.
            let again = paced.pacing.allowance(for: "held")
            again.ended(try await again.take(101, .history), isWell: true, seconds: 0.1)
            #expect(again !== held)
        }
    }

    /// An upstream that says in an answer with status 200 that it is too much.
    private struct OneQuestion: Series.Exchange {
        let scope: String
        func start() -> [UpstreamRequest] { [UpstreamRequest(path: "/ask/\(scope)", query: [], scope: scope)] }

        mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
            if answer.body == Array("too much".utf8) { throw AnswerDefect(.throttled(retryAfterSeconds: nil), "it said so") }
            var step = Step()
            step.end = .proved("it answered")
            return step
        }

        mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
            var step = Step()
            step.end = .unproved("given up")
            return step
        }
    }

    @Test func aThrottleInABodyRestsAsAStatusDoes() async throws {
        try await Self.onAStore(quota: 100) { loop, store in
            let upstream = try Asked(on: loop)
            let profile = UpstreamProfile(
                name: "u", credential: .none, rate: RequestRate(count: 100, seconds: 3600), requestsInFlight: 4, timeoutSeconds: 60,
                bodyBytesMax: 1000, pacedByChannel: true)
            let access = UpstreamAccess(
                base: try #require(Base("http://\(upstream.address)")), credentials: [], rate: profile.rate, requestsInFlight: 4)
            let sender = RequestSender(
                profile: profile, access: access, store: store, fetcher: try Fetcher(on: loop), clock: Self.clock, loop: loop,
                restSecondsMax: 60, observe: { _ in })
            let (token, pacing) = (loop.keep(sender), loop.keep(sender.pacing))
            func call(_ number: Int, _ scope: String) async -> CallRunner.Outcome {
                let runner = CallRunner(
                    call: number, lane: .live, traceID: nil, meter: CallMeter(dataset: "none") { _ in }, sender: sender, token: token,
                    policy: RetryPolicy(maxAttempts: 1, baseSeconds: 1, capSeconds: 1), inFlightMax: 4, decoding: loop, random: { 0 })
                return await runner.run(OneQuestion(scope: scope))
            }
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await pacing.loop.enter { loop in await loop[pacing].run(as: pacing) } }
                defer { sender.pacing.stop() }
                upstream.body = "too much"
                let refused = await call(1, "a")
                #expect(refused.requests == 1 && refused.end == .unproved("given up (it said so)"))
                try await Self.until(loop) { try await !store.pool.query("select from budgets where is_throttled").isEmpty }
                let row = try await store.pool.query("select scope, rest_seconds from budgets where rested_at is not null").only()
                #expect(try row.string(0) == "a" && row.double(1) == 2, "the next rest without a time is twice as long")
                upstream.body = "well"
                let end2 = await call(2, "b").end
                #expect(end2 == .proved("it answered"))
                // After its rest one goes first, and what it reads opens the way again.
                let end3 = await call(3, "a").end
                #expect(end3 == .proved("it answered"))
                try await Self.until(loop) { try await store.pool.query("select from budgets where is_throttled").isEmpty }
            }
            await upstream.end()
        }
    }

    private final class Asked {
        var body = "well"
        private let server: Server

        init(on loop: isolated Loop) throws {
            let router = Router()
            server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router)
            let local = loop.keep(server)
            router.get("/ask/{word}") { _ in Response(status: 200, body: .bytes(Array(self.body.utf8))) }
            loop.start { loop in await loop[local].run(on: loop) }
        }

        var address: Address { server.address }
        func end() async { await server.end(within: .seconds(5)) }
    }
}
