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

    /// Made by another between the look and the turn: the second look finds it, and the turn is given back.
    @Test func whatWasMadeJustBeforeTheTurnIsNotMadeAgain() async throws {
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        try await ReaderUnderTest.with(now: Self.now, redis: own.socket) { loop, test in
            let redis = try #require(test.redis)
            let stored = StoredAnswer(
                body: [1], contentType: "", etag: "", headers: [], nextCursor: nil, version: 1, storedAt: 1000, validUntil: 2000)
            try await redis.set("k", stored.encoded(key: "k"))
            // Valid from the second look on, as if it had come meanwhile.
            var moments: [Int64] = [3000, 1500]
            var isDown = false
            let shared = SharedAnswers(loop: loop, redis: redis) { _ in }
            let found = await shared.find("k", 1, now: { moments.removeFirst() }, isAway: { false }, &isDown)
            guard case .answer(stored, hasWaited: true) = found else { return #expect(Bool(false), "\(found)") }
            #expect(try await redis.get("k:turn") == nil && !isDown && moments.isEmpty)
            // Of a value that holds no longer the turn is ours, and kept until it is ended.
            guard case .ours(let turn?) = await shared.find("k", 1, now: { 3000 }, isAway: { false }, &isDown) else {
                return #expect(Bool(false), "no turn")
            }
            #expect(try await redis.get("k:turn") == turn)
            await shared.end(turn: turn, of: "k")
            #expect(try await redis.get("k:turn") == nil)
        }
    }

    private static func keys(_ test: ReaderUnderTest, _ pattern: String) async throws -> [String] {
        let reply = try await test.redis?.command(["KEYS", pattern].map { Array($0.utf8) })
        guard case .array(let found)? = reply else { return [] }
        return found.compactMap { if case .string(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { nil } }
    }
}
