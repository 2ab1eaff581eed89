internal import EventLoop

/// One step of the schema: SQL text under a name that never changes once it has been applied anywhere.
package struct Migration: Sendable {
    package let name: String
    package let script: String

    package init(name: String, script: String) {
        self.name = name
        self.script = script
    }
}

/// An applied migration whose text is no longer what was applied.
package struct MigrationChanged: Error, Sendable, Equatable, CustomStringConvertible {
    package let name: String
    package var description: String { "migration \(name) was applied with another text: add a new migration instead" }
}

/// Applies migrations in order, each in its own transaction and recorded in it, under an advisory lock: any number of
/// processes may start at once, and each step is done by one of them. The server computes the checksums.
///
/// A role that may not create needs no more than to read `schema_migrations` where everything is applied already.
package struct Migrator {
    private let migrations: [Migration]
    private let limit: Duration

    /// `limit` bounds each step, its wait for the lock included.
    package init(_ migrations: [Migration], limit: Duration = .seconds(600)) {
        precondition(Set(migrations.map(\.name)).count == migrations.count, "two migrations of one name")
        self.migrations = migrations
        self.limit = limit
    }

    /// Applies what is missing; the names that this call applied. Throws `MigrationChanged`, `PostgresError`.
    @discardableResult
    package func run(on connection: PostgresConnection) async throws -> [String] {
        var applied: [String] = []
        while let name = try await step(on: connection) { applied.append(name) }
        return applied
    }

    /// The names that are not applied yet, in order. Changes nothing.
    package func pending(on connection: PostgresConnection) async throws -> [String] {
        guard try await hasTable(connection) else { return migrations.map(\.name) }
        return try await missing(connection).map(\.name)
    }

    private func step(on connection: PostgresConnection) async throws -> String? {
        if try await hasTable(connection), try await missing(connection).isEmpty { return nil }
        return try await connection.transaction(until: .after(limit)) { connection in
            let deadline = Deadline.after(limit)
            // The session's limits are for serving; a step may build an index, or wait for another process's steps.
            try await connection.script("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0", until: deadline)
            try await connection.query("select pg_advisory_xact_lock(\(migrationLock))", until: deadline)
            try await connection.script(table, until: deadline)
            guard let next = try await missing(connection).first else { return nil }
            try await connection.script(next.script, until: deadline)
            guard connection.isInTransaction else {
                throw PostgresError(.misuse, "migration \(next.name) ends the transaction that it runs in")
            }
            try await connection.query(
                """
                insert into schema_migrations (name, checksum)
                values (\(next.name), encode(sha256(convert_to(\(next.script), 'UTF8')), 'hex'))
                """)
            return next.name
        }
    }

    private func hasTable(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.query("select to_regclass('schema_migrations') is not null").only().bool(0)
    }

    /// What is not applied, in order; throws for what was applied with another text.
    private func missing(_ connection: PostgresConnection) async throws -> [Migration] {
        let rows = try await connection.query(
            """
            select given.name, applied.name is not null as is_applied,
                   applied.checksum is distinct from encode(sha256(convert_to(given.script, 'UTF8')), 'hex') as is_changed
            from unnest(\(migrations.map(\.name)), \(migrations.map(\.script))) with ordinality as given (name, script, place)
            left join schema_migrations applied using (name)
            order by given.place
            """)
        var missing: [Migration] = []
        for (row, migration) in zip(rows, migrations) {
            if try !row.bool("is_applied") {
                missing.append(migration)
            } else if try row.bool("is_changed") {
                throw MigrationChanged(name: migration.name)
            }
        }
        return missing
    }

    private var table: String {
        """
        create table if not exists schema_migrations (
            name text primary key,
            checksum text not null,
            applied_at timestamptz not null default now()
        )
        """
    }
}

/// Any number would do that nothing else in the database locks by: the bytes of "gaplessm".
private let migrationLock: Int64 = 0x6761_706c_6573_736d
