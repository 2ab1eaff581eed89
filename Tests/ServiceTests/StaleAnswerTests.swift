@testable import Answers
import Bytes
import EventLoop
import HTTP
import Ingest
import Postgres
import PrivateServers
import Redis
import Series
import Store
import Synchronization
import Testing
import TestSupport

/// While the store is away the last known answer is given and said to be that; never while the store answers.
@Suite struct StaleAnswerTests {
    private static let stale = "gapless; fwd=stale; detail=store-away"
    private static let known = "/v1/quarters/history?node=a&from=2025-12-01&to=2025-12-02"

    /// The API on a store of its own, which `body` may stop and start. With a lease of zero every answer asks for the versions.
    private static func withOwnStore(
        lease: Duration, isKeptFresh: Bool, _ body: @escaping @Sendable (APIUnderTest, _ conninfo: String, Switch) async throws -> Void
    ) async throws {
        let directory = try TestServers.ownDirectory()
        let postgres = Switch(directory)
        let conninfo = try postgres.start()
        defer { postgres.stop() }
        let loop = try Loop(name: "api test")
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(conninfo)
        let dataset = try Quarters.dataset()
        let shown = try Timestamp.parse(APIUnderTest.now)
        try await loop.run { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await Store.migrate(connection, datasets: [dataset])
            connection.close()
            let pool = PostgresPool(configuration, size: 2, on: loop)
            defer { pool.close() }
            let store = Store(pool: pool)
            _ = try await store.ensureSeries(dataset.followed, of: dataset.name, now: shown)
            let clock = ServiceClock(.init(realAt: Int64(ServiceClock.realNow), shownAt: shown, speed: 1))
            let reader = Reader(loop: loop, store: store, redis: nil, datasets: [dataset], clock: clock, lease: lease)
            let planning = Planning(store: store, datasets: [dataset], clock: clock, rates: [:])
            let token = loop.keep(reader)
            if isKeptFresh {
                loop.start { loop in await loop[token].runVersions() }
                loop.start { loop in await loop[token].runAnnouncements() }
            }
            try await APIUnderTest.serve(reader, planning, nil, on: loop) { api in try await body(api, conninfo, postgres) }
            await reader.leave()
            loop.beginClosing()
        }
    }

    /// A Postgres of one directory, on and off.
    final class Switch: Sendable {
        private let directory: String
        private let running = Mutex<PrivatePostgres?>(nil)

        init(_ directory: String) { self.directory = directory }

        func start() throws -> String {
            let postgres = try PrivatePostgres.start(in: directory)
            running.withLock { $0 = postgres }
            return postgres.conninfo
        }

        func stop() { running.withLock { $0.take() }?.stop() }
    }

    @Test func theLastKnownAnswerIsMarkedAndTheFirstNewOneIsNot() async throws {
        try await Self.withOwnStore(lease: .zero, isKeptFresh: false) { api, _, postgres in
            let before = try await api.get(Self.known)
            let list = try await api.get("/v1/datasets")
            #expect(before.status == 200 && before.header("Cache-Control") != "max-age=0")
            postgres.stop()
            for _ in 0..<3 {
                let after = try await api.get(Self.known)
                #expect(after.status == 200 && after.body == before.body && after.header("ETag") == before.header("ETag"))
                #expect(after.header("Cache-Status") == Self.stale)
                #expect(after.header("Cache-Control") == "max-age=0")
                #expect(after.header("Age").flatMap { Int($0) } != nil)
            }
            let again = try await api.get("/v1/datasets")
            #expect(again.body == list.body && again.header("Cache-Status") == Self.stale && again.header("Cache-Control") == "max-age=0")
            let same = try await api.get(Self.known, [("If-None-Match", before.header("ETag") ?? "")])
            #expect(same.status == 304 && same.header("Cache-Status") == Self.stale)
            // What nobody asked for before is not known.
            let unknown = try await api.get("/v1/quarters/history?node=b&from=2025-12-01&to=2025-12-02")
            #expect(unknown.status == 503 && unknown.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
            _ = try postgres.start()
            let fresh = try await Self.firstUnmarked(api)
            #expect(fresh.status == 200 && fresh.body == before.body)
            #expect(try await api.get("/v1/quarters/history?node=b&from=2025-12-01&to=2025-12-02").status == 200)
        }
    }

    /// As it is served: no answer but a whole one, whatever the store does, and it goes from fresh to stale to fresh.
    @Test func aServedReaderGoesFromFreshToStaleToFresh() async throws {
        try await Self.withOwnStore(lease: Store.readerTrust, isKeptFresh: true) { api, _, postgres in
            let before = try await api.get(Self.known)
            postgres.stop()
            let limit = Deadline.after(.seconds(60))
            var marked = 0
            while marked < 20 && limit > .now {
                let answer = try await api.get(Self.known)
                #expect(answer.status == 200 && answer.body == before.body)
                if answer.header("Cache-Status") == Self.stale { marked += 1 } else { #expect(marked == 0) }
            }
            #expect(marked == 20)
            _ = try postgres.start()
            #expect(try await Self.firstUnmarked(api).body == before.body)
        }
    }

    private static func firstUnmarked(_ api: APIUnderTest) async throws -> HTTPClient.Answer {
        let limit = Deadline.after(.seconds(60))
        while limit > .now {
            let answer = try await api.get(known)
            #expect(answer.status == 200)
            if answer.header("Cache-Status") != stale { return answer }
        }
        throw Missed()
    }

    struct Missed: Error {}

    /// A process that never had the answer in its memory finds it in Redis, also past its validity, but not for ever.
    @Test func whatRedisKeptIsGivenForAnHourBeyondItsValidity() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00", redis: own.socket) { _, test in
            let redis = try #require(test.redis)
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let truth = try await test.reader.history(query)
            guard case .array(let found) = try await redis.command(["KEYS", "gapless:*"].map({ Array($0.utf8) })),
                case .string(let bytes)? = found.first
            else { return #expect(Bool(false), "nothing was kept") }
            let key = String(decoding: bytes, as: UTF8.self)
            guard case .integer(let lives) = try await redis.command(["PTTL", key].map { Array($0.utf8) }) else { return }
            #expect(lives > 3_600_000)
            let held = try await redis.get(key)
            var stored = try #require(StoredAnswer(decoding: held ?? [], key: key))
            let now = Int64(ServiceClock.realNow * 1000)
            for (end, isGiven) in [(now + 1_000_000, true), (now - 1, true), (now - 3_500_000, true), (now - 3_600_001, false)] {
                stored.validUntil = end
                stored.storedAt = end - 3_600_000
                try await redis.set(key, stored.encoded(key: key))
                let other = try await ReadingProcess(like: test, redis: redis.configuration, lease: .zero)
                let parts = other.parts
                try await other.loop.run { loop in
                    try await loop[parts].reader.readVersions()
                    loop[parts].store.pool.close()
                }
                if isGiven {
                    let given = try await other.ask(query)
                    #expect(given == [.init(etag: truth.etag, status: "fwd=stale; detail=store-away")])
                    #expect(try await other.count(.stale) == 1)
                } else {
                    await #expect(throws: AnswerError.storeUnavailable(retryAfter: 1)) { try await other.ask(query) }
                }
                try await other.end()
            }
        }
    }

    /// The store answers, and only is too busy for this: an older version's answer would be wrong, and not only late.
    @Test func anOlderVersionIsNeverGivenWhileVersionsAreKnown() async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            _ = try await test.reader.history(query)
            try await test.fill("b/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            try await test.reader.readVersions()
            let pool = test.store.pool
            try await pool.lease { _ in
                try await pool.lease { _ in
                    try await pool.lease { _ in
                        try await pool.lease { _ in
                            let error = try await answerError { _ = try await test.reader.history(query) }
                            #expect(error == .storeUnavailable(retryAfter: 1))
                        }
                    }
                }
            }
            #expect(try await test.reader.history(query).cacheStatus.hasPrefix("fwd=uri-miss"))
        }
    }
}
