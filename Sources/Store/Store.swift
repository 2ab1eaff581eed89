package import Postgres
package import Series

/// The store of record, as one loop sees it: a pool of connections and the statements of the engine.
package final class Store {
    package let pool: PostgresPool
    let typicalDays = TypicalDays()

    package init(pool: PostgresPool) { self.pool = pool }

    /// Brings the schema up to date: the engine's tables, then each dataset's. Safe from many processes at once.
    /// Returns the names of what was applied.
    package static func migrate(_ connection: PostgresConnection, datasets: [Dataset]) async throws -> [String] {
        try await migrator(datasets).run(on: connection)
    }

    /// Names of migrations that have not been applied.
    package static func pendingMigrations(_ connection: PostgresConnection, datasets: [Dataset]) async throws -> [String] {
        try await migrator(datasets).pending(on: connection)
    }

    private static func migrator(_ datasets: [Dataset]) -> Migrator {
        let own = datasets.flatMap { dataset in
            dataset.schemas.flatMap(\.migrations).map { RowSchema.Migration(name: "\(dataset.name) \($0.name)", sql: $0.sql) }
        }
        return Migrator((engineMigrations + dailyMigrations + own).map { Migration(name: $0.name, script: $0.sql) })
    }
}

/// A failure that people should read, by its stable name.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Coverage of this dataset came from another upstream address.
    case otherOrigin(dataset: String, stored: String, given: String)
    case otherTerms(dataset: String, stored: String, given: String)
    /// The lease ran out and somebody else has the task: nothing of this attempt was written.
    case leaseLost(task: Int64)
    /// The server cannot be reached for now, or is too busy; with what was said.
    case unavailable(String)

    package var description: String {
        switch self {
        case .otherTerms(let dataset, let stored, let given):
            "the rows of \(dataset) in this store are kept by \(stored), not by \(given): set those again, or take another store"
        case .otherOrigin(let dataset, let stored, let given):
            "dataset \(dataset): what this store holds came from \(stored), but the settings name \(given); "
                + "use another store (GAPLESS_DATA_DIR or DATABASE_URL), so that the two never mix"
        case .leaseLost(let task): "task \(task): the lease ran out and another worker has it"
        case .unavailable(let reason): "the store is unavailable: \(reason)"
        }
    }
}
