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
    private var isMigrated = false

    init(store: Store, redis: RedisConnection?, datasets: [Dataset]) {
        self.store = store
        self.redis = redis
        self.datasets = datasets
    }

    func check() async -> Service.Readiness { Service.Readiness(postgres: await postgres(), redis: await cache()) }

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

    private func cache() async -> Service.Readiness.State {
        guard let redis else { return .down("is not configured") }
        do {
            _ = try await redis.ping()
            return .up
        } catch {
            return .down("does not answer")
        }
    }
}
