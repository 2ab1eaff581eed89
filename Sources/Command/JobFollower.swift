internal import EventLoop
internal import Postgres
internal import Store
internal import Synchronization

/// Looks at one job five times a second on a loop of its own, so that a command never waits for a store that is away: it has the last
/// known state, and its hands free for Ctrl-C.
final class JobFollower: Sendable {
    private let loop: Loop
    private let seen = Mutex<StoredIngestion?>(nil)

    init(_ id: String, in postgres: PostgresConfiguration) throws {
        let loop = try Loop(name: "follow")
        self.loop = loop
        loop.start { loop in await self.follow(id, postgres, on: loop) }
    }

    /// As it was last seen; nil before the first look.
    var job: StoredIngestion? { seen.withLock { $0 } }

    func stop() {
        try? loop.runBlocking { loop in loop.beginClosing() }
        loop.stop()
    }

    private func follow(_ id: String, _ postgres: PostgresConfiguration, on loop: isolated Loop) async {
        let pool = PostgresPool(postgres, size: 1, on: loop)
        defer { pool.close() }
        let store = Store(pool: pool)
        while true {
            if let job = try? await store.ingestion(id: id) { seen.withLock { $0 = job } }
            guard (try? await loop.sleep(for: .milliseconds(200))) != nil else { return }
        }
    }
}
