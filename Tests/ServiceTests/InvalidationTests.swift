@testable import Command
import EventLoop
import Foundation
import HTTP
import Postgres
import PrivateServers
import Redis
import Sandbox
import Store
import Testing
import TestSupport

/// Two services on one store and one Redis: once an ingestion is seen to be completed on one, the other's answers are new.
@Suite(.serialized) struct InvalidationTests {
    private static let node = "DALCAHUE______110"
    private static let history = "/v1/cmg/history?node=\(node)&source=online&from=2025-12-01&to=2025-12-10"

    /// What is done to what stands between the two.
    enum Trouble: CaseIterable { case none, redisKilled, redisPaused, redisFlushed, announcementsCut }

    @Test(arguments: Trouble.allCases)
    func whatIsCompletedIsAnsweredByAll(trouble: Trouble) throws {
        let redis = try TestServers.ownRedis()
        defer { redis.stop() }
        var configuration = Sandbox.Configuration()
        configuration.seed = 11
        configuration.quota = 100_000
        let shared = ["REDIS_URL": "unix://\(redis.socket)", "SIP_RATE_LIMIT": "100000/PT1H"]
        let clock = "2025-12-15T12:00:00-03:00"
        let first = try ServiceUnderTest(configuration, clock: clock, nodes: [Self.node], extra: shared)
        defer { first.stop() }
        let second = try ServiceUnderTest(
            configuration, clock: clock, nodes: [Self.node],
            extra: shared.merging([
                "DATABASE_URL": first.settings.databaseURL ?? "", "SIP_BASE_URL": "http://\(first.sandboxAddress)",
                "KRAKEN_BASE_URL": "http://\(first.sandboxAddress)",
            ]) { $1 })
        defer { second.stop() }
        for day in 1...4 {
            // Each loop of both has the old answer in its memory.
            for _ in 0..<8 {
                #expect(try Self.rows(first) == (day - 1) * 24)
                #expect(try Self.rows(second) == (day - 1) * 24)
            }
            try Self.trouble(trouble, redis, first)
            let job = try first.ingest(#"{"dataset":"cmg","from":"2025-12-0\#(day)","to":"2025-12-0\#(day + 1)"}"#)
            #expect(job["status"] as? String == "completed")
            for _ in 0..<8 {
                #expect(try Self.rows(second) == day * 24, "\(trouble), day \(day)")
                #expect(try Self.rows(first) == day * 24, "\(trouble), day \(day)")
            }
        }
    }

    private static func rows(_ service: ServiceUnderTest) throws -> Int {
        let answer = try service.get(history)
        #expect(answer.status == 200 && answer.header("cache-status")?.contains("stale") == false)
        let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return (object?["data"] as? [Any])?.count ?? -1
    }

    private static func trouble(_ trouble: Trouble, _ redis: PrivateRedis, _ service: ServiceUnderTest) throws {
        switch trouble {
        case .none: break
        case .redisKilled: redis.stop()
        case .redisPaused: try tell(redis, ["CLIENT", "PAUSE", "3000"], service)
        case .redisFlushed: try tell(redis, ["FLUSHALL"], service)
        case .announcementsCut:
            let configuration = service.backing.postgres
            try service.client.runBlocking { loop in
                let connection = try await PostgresConnection.connect(configuration, on: loop)
                defer { connection.close() }
                try await connection.query("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where application_name like '% readers' and datname = current_database()
                    """)
            }
        }
    }

    private static func tell(_ redis: PrivateRedis, _ words: [String], _ service: ServiceUnderTest) throws {
        let socket = redis.socket
        try service.client.runBlocking { loop in
            var configuration = RedisConfiguration(.unix(path: socket))
            configuration.connectTimeout = .seconds(20)
            configuration.commandTimeout = .seconds(20)
            let connection = RedisConnection(configuration, on: loop)
            defer { connection.close() }
            _ = try await connection.command(words.map { Array($0.utf8) })
        }
    }
}
