internal import EventLoop
internal import Ingest
internal import Postgres
internal import Series
internal import Store

/// What every start does with the store before anything is served or fetched: schema, clock, origins, series, budgets.
enum Preparation {
    struct Ready: Sendable {
        let clock: ServiceClock
        let applied: [String]
    }

    /// `rules`: these settings are to hold for the store from now on (followed series, budgets, schedules). A command that only looks
    /// must not change what a running service was told.
    static func run(
        _ catalogue: Catalogue, _ settings: Settings, _ backing: Backing, rules: Bool, on loop: Loop
    ) throws -> Ready {
        let postgres = backing.postgres
        let clockSetting = settings.clock
        return try loop.runBlocking { loop in
            let connection = try await connect(postgres, on: loop)
            let applied = try await Store.migrate(connection, datasets: catalogue.datasets)
            connection.close()
            let pool = PostgresPool(postgres, size: 1, on: loop)
            defer { pool.close() }
            let store = Store(pool: pool)
            let real = Int64(ServiceClock.realNow)
            let clock = ServiceClock(
                try await store.clock(
                    proposed: Store.StoredClock(realAt: real, shownAt: clockSetting?.instant ?? real, speed: clockSetting?.speed ?? 1)))
            for dataset in catalogue.datasets {
                // Without a key nothing can be fetched, so nothing can mix: a report needs no address.
                if catalogue.access[dataset.upstream.name] != nil, let origin = catalogue.origins[dataset.name] {
                    try await store.claimOrigin(dataset: dataset.name, baseURL: origin)
                }
                if rules, settings.schedules, catalogue.access[dataset.upstream.name] != nil {
                    // Who starts a service for the first time does not want to wait for the night.
                    try await store.ensureSchedules(
                        dataset.schedules, of: dataset.name, now: clock.now, atOnce: dataset.schedules.first?.name)
                }
                try await store.claimTerms(of: dataset, now: clock.now)
                // A new store has no rules yet: the first command's are as good as any.
                let isNew = try await store.entries(of: dataset.name).isEmpty
                // What is followed by these settings and by no service yet is planned and reported too: all of it is missing.
                _ = try await store.ensureSeries(dataset.followed, of: dataset, now: clock.now)
                if rules || isNew, let rate = catalogue.rates[dataset.upstream.name] {
                    try await store.declareBudget(upstream: dataset.upstream.name, quota: rate.count, windowSeconds: rate.seconds)
                    if let tokens = dataset.upstream.tokens {
                        try await store.declareTokens(upstream: dataset.upstream.name, tokens, now: clock.exactNow)
                    }
                }
            }
            return Ready(clock: clock, applied: applied)
        }
    }

    /// A server that was killed a moment ago recovers first, and says so: it is waited for.
    private static func connect(_ postgres: PostgresConfiguration, on loop: isolated Loop) async throws -> PostgresConnection {
        let deadline = Deadline.after(.seconds(60))
        while true {
            do {
                return try await PostgresConnection.connect(postgres, on: loop)
            } catch let error as PostgresError where error.kind == .shuttingDown && .now < deadline {
                try await loop.sleep(for: .milliseconds(200))
            }
        }
    }
}
