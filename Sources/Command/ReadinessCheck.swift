internal import API
internal import EventLoop
internal import Postgres
internal import Redis
internal import Series
internal import Store

/// Whether the service can do its work: Postgres must answer and be migrated; Redis only makes it slower.
final class ReadinessCheck {
    private let store: Store
    private let redis: RedisConnection?
    private let datasets: [Dataset]
    private let loop: Loop
    private var isMigrated = false
    private var last: (readiness: Service.Readiness, until: Deadline)?
    private var isLooking = false
    private var waiting: [Waiter] = []

    init(loop: Loop, store: Store, redis: RedisConnection?, datasets: [Dataset]) {
        self.loop = loop
        self.store = store
        self.redis = redis
        self.datasets = datasets
    }

    /// One look at a time, good for a second: anybody may ask, as often as they like.
    func check() async -> Service.Readiness {
        if let last, last.until > .now { return last.readiness }
        if isLooking {
            let waiter = Waiter(loop)
            waiting.append(waiter)
            try? await waiter.wait(until: .after(.seconds(5)))
            if let last { return last.readiness }
        }
        isLooking = true
        let readiness = Service.Readiness(postgres: await postgres(), redis: await cache())
        last = (readiness, .after(.seconds(readiness.isReady ? 1 : 0)))
        isLooking = false
        for waiter in waiting { waiter.wake() }
        waiting = []
        return readiness
    }

    private func postgres() async -> Service.Readiness.State {
        let datasets = datasets
        do {
            let isMigrated = isMigrated
            let pending = try await store.pool.lease(until: .after(.seconds(2))) { connection in
                if isMigrated {
                    _ = try await connection.query("select 1")
                    return [String]()
                }
                return try await Store.pendingMigrations(connection, datasets: datasets)
            }
            if !pending.isEmpty { return .down("\(pending.count) migrations are not applied: run gapless migrate") }
            self.isMigrated = true
            return .up
        } catch {
            return .down("does not answer")
        }
    }

    private func cache() async -> Service.Readiness.State? {
        guard let redis else { return nil }
        do {
            _ = try await redis.ping()
            return .up
        } catch {
            return .down("does not answer")
        }
    }
}
