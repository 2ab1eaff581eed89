internal import EventLoop
internal import Ingest
internal import Postgres
internal import Series
internal import Store

/// The store that the settings name, with one loop to work on it: what a command of a few seconds needs.
struct AttachedStore {
    let settings: Settings
    let catalogue: Catalogue
    let backing: Backing
    let ready: Preparation.Ready
    let loop: Loop

    /// Starts or joins the private servers, and brings the schema up to date.
    /// `rules`: as of `Preparation.run`.
    static func with(_ settings: Settings, _ log: Log, rules: Bool = false, _ body: (AttachedStore) throws -> Void) throws {
        try ProcessSignals.prepare()
        let catalogue = try Catalogue(settings)
        let backing = try Backing.start(settings, log: log, withCache: false)
        defer { backing.stop() }
        let loop = try Loop(name: "command")
        defer { loop.stop() }
        let ready = try Preparation.run(catalogue, settings, backing, rules: rules, on: loop)
        try body(AttachedStore(settings: settings, catalogue: catalogue, backing: backing, ready: ready, loop: loop))
    }

    /// Runs `body` on the loop with a planner of its own.
    func planning<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Planning) async throws -> T) throws -> T {
        let (postgres, catalogue, clock) = (backing.postgres, catalogue, ready.clock)
        return try loop.runBlocking { loop in
            let pool = PostgresPool(postgres, size: 2, on: loop)
            defer { pool.close() }
            let planning = Planning(store: Store(pool: pool), datasets: catalogue.datasets, clock: clock, rates: catalogue.rates)
            return try await body(loop, planning)
        }
    }
}
