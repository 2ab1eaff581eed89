internal import Answers
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
    let interrupts: Interrupts

    /// Starts or joins the private servers, and brings the schema up to date. Ctrl-C ends the process with 130, unless `body` holds it.
    /// `rules`: as of `Preparation.run`.
    static func with(_ settings: Settings, _ log: Log, rules: Bool = false, _ body: (AttachedStore) throws -> Void) throws {
        let interrupts = try Interrupts()
        defer { interrupts.stop() }
        let catalogue = try Catalogue(settings)
        let backing = try Backing.start(settings, log: log, withCache: false)
        defer { backing.stop() }
        interrupts.beforeLeaving { backing.stop() }
        let loop = try Loop(name: "command")
        defer { loop.stop() }
        let ready = try Preparation.run(catalogue, settings, backing, rules: rules, on: loop)
        try body(
            AttachedStore(
                settings: settings, catalogue: catalogue, backing: backing, ready: ready, loop: loop, interrupts: interrupts))
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

    /// Runs `body` on the loop with a reader of its own, so that a command says what a service says.
    func reading<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Reader) async throws -> T) throws -> T {
        let (postgres, catalogue, clock) = (backing.postgres, catalogue, ready.clock)
        return try loop.runBlocking { loop in
            let pool = PostgresPool(postgres, size: 2, on: loop)
            defer { pool.close() }
            let reader = Reader(
                loop: loop, store: Store(pool: pool), redis: nil, datasets: catalogue.datasets, clock: clock, cacheTTL: 0)
            do {
                let result = try await body(loop, reader)
                await reader.leave()
                return result
            } catch {
                // Whoever ends an ingestion must not wait for a reader that is gone.
                await reader.leave()
                throw error
            }
        }
    }
}
