@testable import Answers
import Bytes
import EventLoop
import PrivateServers
import Redis
import Store
import Testing
import TestSupport

/// Of all processes one makes an answer, and the others wait for it.
@Suite struct SharedFillTests {
    private static let now = "2025-12-10T12:00:00-03:00"
    private static let filled = ReadEvent.filled(dataset: "quarters")

    private static func query(_ test: ReaderUnderTest) async throws -> HistoryQuery {
        try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
        return try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
    }

    /// Two processes; `patient`: a busy machine is not taken for a cache that is away.
    private static func twoProcesses(
        like test: ReaderUnderTest, _ socket: String?
    ) async throws -> (ReadingProcess, ReadingProcess) {
        let configuration = socket.map { path in
            var configuration = RedisConfiguration(.unix(path: path))
            configuration.connectTimeout = .seconds(20)
            configuration.commandTimeout = .seconds(20)
            return configuration
        }
        let lease = Duration.seconds(60)
        return (
            try await ReadingProcess(like: test, redis: configuration, lease: lease),
            try await ReadingProcess(like: test, redis: configuration, lease: lease)
        )
    }

    /// So many at once, half of each process.
    private static func ask(
        _ query: HistoryQuery, times: Int, of first: ReadingProcess, _ second: ReadingProcess
    ) async throws -> [ReadingProcess.Given] {
        async let one = first.ask(query, times: times / 2)
        async let other = second.ask(query, times: times / 2)
        return try await one + other
    }

    @Test func aThousandWhoAskTwoProcessesAreOneFill() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { _, test in
            let query = try await Self.query(test)
            let (first, second) = try await Self.twoProcesses(like: test, own.socket)
            let given = try await Self.ask(query, times: 1000, of: first, second)
            #expect(given.count == 1000 && Set(given.map(\.etag)).count == 1)
            #expect(try await first.count(Self.filled) + second.count(Self.filled) == 1)
            #expect(given.count { $0.status == "fwd=uri-miss; stored" } == 1)
            // Nobody is left with the turn.
            #expect(try await Self.keys(test, "*:turn").isEmpty)
            try await first.end()
            try await second.end()
        }
    }

    @Test func atTheEndOfItsValidityAnAnswerIsMadeOnce() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { _, test in
            let redis = try #require(test.redis)
            let query = try await Self.query(test)
            _ = try await test.reader.history(query)
            let key = try #require(try await Self.keys(test, "gapless:*").first)
            let found = try await redis.get(key)
            var late = try #require(StoredAnswer(decoding: found ?? [], key: key))
            late.validUntil = Int64(ServiceClock.realNow * 1000) - 1
            late.storedAt = late.validUntil - 3_600_000
            try await redis.set(key, late.encoded(key: key), px: 3_600_000)
            let (first, second) = try await Self.twoProcesses(like: test, own.socket)
            let given = try await Self.ask(query, times: 1000, of: first, second)
            #expect(Set(given.map(\.etag)).count == 1 && given.count == 1000)
            #expect(try await first.count(Self.filled) + second.count(Self.filled) == 1)
            #expect(try await first.count(.rejected) + second.count(.rejected) == 0)
            try await first.end()
            try await second.end()
        }
    }

    @Test func withoutRedisEachProcessFillsOnce() async throws {
        let nobody = try TestServers.ownDirectory() + "-nobody-listens"
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try await Self.query(test)
            let (first, second) = try await Self.twoProcesses(like: test, nobody)
            let given = try await Self.ask(query, times: 1000, of: first, second)
            #expect(Set(given.map(\.etag)).count == 1 && given.count == 1000)
            #expect(try await first.count(Self.filled) == 1)
            #expect(try await second.count(Self.filled) == 1)
            #expect(try await first.count(.breakerOpened) == 1)
            try await first.end()
            try await second.end()
        }
    }

    /// Who had the turn died with it: the turn ends by itself, and one of those who wait makes the answer.
    @Test func aTurnThatNobodyEndsIsGoneByItself() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { _, test in
            let redis = try #require(test.redis)
            let query = try await Self.query(test)
            _ = try await test.reader.history(query)
            let key = try #require(try await Self.keys(test, "gapless:*").first)
            try await redis.del([key])
            #expect(try await redis.setIfAbsent(key + ":turn", [1], px: 500))
            let (first, second) = try await Self.twoProcesses(like: test, own.socket)
            let given = try await Self.ask(query, times: 100, of: first, second)
            #expect(Set(given.map(\.etag)).count == 1 && given.count == 100)
            #expect(try await first.count(Self.filled) + second.count(Self.filled) == 1)
            // Another's turn is not ended by who does not have it.
            #expect(try await redis.setIfAbsent(key + ":turn", [1], px: 60_000))
            #expect(try await !redis.del(key + ":turn", ifEqual: [2]))
            #expect(try await redis.del(key + ":turn", ifEqual: [1]))
            try await first.end()
            try await second.end()
        }
    }

    private static func keys(_ test: ReaderUnderTest, _ pattern: String) async throws -> [String] {
        let reply = try await test.redis?.command(["KEYS", pattern].map { Array($0.utf8) })
        guard case .array(let found)? = reply else { return [] }
        return found.compactMap { if case .string(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }
}
