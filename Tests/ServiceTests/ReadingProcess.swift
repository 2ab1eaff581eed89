@testable import Answers
import EventLoop
import Postgres
import Redis
import Store

/// One of several processes, as far as the store and Redis can tell: a loop with its own pool, Redis connection and reader.
final class ReadingProcess: Sendable {
    final class Parts {
        let store: Store
        let redis: RedisConnection?
        var reader: Reader!
        var events: [ReadEvent] = []

        init(_ store: Store, _ redis: RedisConnection?) {
            self.store = store
            self.redis = redis
        }
    }

    /// An answer, as far as tests look at it.
    struct Given: Sendable, Hashable {
        let etag: String
        let status: String
    }

    let loop: Loop
    let parts: Local<Parts>

    /// `isKeptFresh`: it reads the versions again and again and hears of new ones, as a served reader does.
    init(
        like test: ReaderUnderTest, redis: RedisConfiguration? = nil, lease: Duration = Store.readerTrust, isKeptFresh: Bool = false
    ) async throws {
        let (configuration, dataset, clock) = (test.store.pool.configuration, test.dataset, test.clock)
        loop = try Loop(name: "process")
        parts = try await loop.run { loop in
            let store = Store(pool: PostgresPool(configuration, size: 4, on: loop))
            let parts = Parts(store, redis.map { RedisConnection($0, on: loop) })
            parts.reader = Reader(loop: loop, store: store, redis: parts.redis, datasets: [dataset], clock: clock, lease: lease) {
                parts.events.append($0)
            }
            return loop.keep(parts)
        }
        let parts = parts
        if isKeptFresh {
            loop.start { loop in await loop[parts].reader.runVersions() }
            loop.start { loop in await loop[parts].reader.runAnnouncements() }
        }
    }

    /// The same question, so many times at once.
    func ask(_ query: HistoryQuery, times: Int = 1) async throws -> [Given] {
        let (loop, parts) = (loop, parts)
        return try await loop.run { _ in
            try await withThrowingTaskGroup(of: Given.self) { group in
                for _ in 0..<times {
                    group.addTask {
                        try await loop.enter { loop in
                            let answer = try await loop[parts].reader.history(query)
                            return Given(etag: answer.etag, status: answer.cacheStatus)
                        }
                    }
                }
                var given: [Given] = []
                while let one = try await group.next() { given.append(one) }
                return given
            }
        }
    }

    /// What its memory gives without a wait.
    func cached(_ query: HistoryQuery) async throws -> Given? {
        let parts = parts
        return try await loop.run { loop in
            loop[parts].reader.cached(query).map { Given(etag: $0.etag, status: $0.cacheStatus) }
        }
    }

    func count(_ event: ReadEvent) async throws -> Int {
        let parts = parts
        return try await loop.run { loop in loop[parts].events.count { $0 == event } }
    }

    func end() async throws {
        let parts = parts
        try await loop.run { loop in
            loop[parts].redis?.close()
            loop[parts].store.pool.close()
            loop.beginClosing()
        }
        loop.stop()
    }
}
