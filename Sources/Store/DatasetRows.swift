internal import Bytes
internal import Postgres
package import Series

/// A row on its way to the store, by series id.
package struct StoredRow: Sendable, Equatable {
    package let seriesID: Int
    package let time: Int64
    package let values: [Value]

    package init(seriesID: Int, time: Int64, values: [Value]) {
        self.seriesID = seriesID
        self.time = time
        self.values = values
    }
}

/// What storing did.
package struct RowCounts: Sendable, Equatable {
    package var written = 0
    package var unchanged = 0
    package var revised = 0

    package init() {}
}

/// The rows of any dataset, by its schema.
extension Store {
    /// Writes rows: new ones are inserted, changed ones updated, equal ones left alone. A row given twice counts once, the
    /// last one wins: an upstream's pages may repeat a record.
    static func upsert(
        _ rows: [StoredRow], task: Int64, schema: RowSchema, on connection: PostgresConnection
    ) async throws -> RowCounts {
        var counts = RowCounts()
        let unique = lastOfEach(rows)
        var start = 0
        while start < unique.count {
            let chunk = Array(unique[start..<min(start + rowsPerStatement, unique.count)])
            let answer = try await connection.query(upsertStatement(chunk, task: task, schema: schema))
            let row = try answer.only()
            let inserted = try row.int(0)
            let touched = try row.int(1)
            counts.written += inserted
            counts.revised += touched - inserted
            counts.unchanged += chunk.count - touched
            start += chunk.count
        }
        return counts
    }

    /// Measured on the design's machine: up to ten thousand rows, unnest is on a par with COPY into a temporary table.
    private static let rowsPerStatement = 10_000

    private static func lastOfEach(_ rows: [StoredRow]) -> [StoredRow] {
        struct Place: Hashable { let series: Int, time: Int64 }
        var last: [Place: Int] = [:]
        last.reserveCapacity(rows.count)
        for (i, row) in rows.enumerated() { last[Place(series: row.seriesID, time: row.time)] = i }
        // By primary key: random order costs the index more than twice as much.
        return last.values.map { rows[$0] }.sorted { ($0.seriesID, $0.time) < ($1.seriesID, $1.time) }
    }

    private static func upsertStatement(_ rows: [StoredRow], task: Int64, schema: RowSchema) throws -> SQL {
        let table = try identifier(schema.table)
        let columns = try schema.columns.map { try identifier($0.name) }
        let arrays = schema.columns.indices.map { i in array(rows, column: i, kind: schema.columns[i].kind) }
        let assignments = columns.map { "\($0) = excluded.\($0)" as SQL }
        let stored = columns.map { "\(table).\($0)" as SQL }
        let given = columns.map { "excluded.\($0)" as SQL }
        return """
            with touched as (
                insert into \(table) (series_id, time, task_id, \(columns))
                select s, t, \(task), \(columns)
                from unnest(\(rows.map { Int32($0.seriesID) }), \(.instants(rows.map(\.time))), \(arrays.joined(separator: ", ")))
                    as given (s, t, \(columns))
                on conflict (series_id, time) do update
                set \(assignments.joined(separator: ", ")), task_id = excluded.task_id
                where (\(stored.joined(separator: ", "))) is distinct from (\(given.joined(separator: ", ")))
                returning xmax = 0 as inserted
            )
            select count(*) filter (where inserted), count(*) from touched
            """
    }

    private static func array(_ rows: [StoredRow], column: Int, kind: RowSchema.Column.Kind) -> SQL {
        switch kind {
        case .decimal:
            "\(.numerics(rows.map { if case .decimal(let value) = $0.values[column] { value.description } else { nil } }))"
        case .integer:
            "\(rows.map { row -> Int64? in if case .integer(let value) = row.values[column] { value } else { nil } })"
        case .text:
            "\(rows.map { row -> String? in if case .text(let value) = row.values[column] { value } else { nil } })"
        }
    }

    static func value(of row: Postgres.Row, at place: Int, kind: RowSchema.Column.Kind) throws -> Value {
        switch kind {
        case .decimal:
            guard let parts = try row.numericOrNil(.at(place)) else { return .null }
            return Decimal(mantissa: parts.mantissa, scale: parts.scale).map(Value.decimal) ?? .null
        case .integer: return try row.int64OrNil(.at(place)).map(Value.integer) ?? .null
        case .text: return try row.stringOrNil(.at(place)).map(Value.text) ?? .null
        }
    }

    static func identifier(_ name: String) throws -> Identifier {
        guard let identifier = Identifier(name) else { preconditionFailure("\(name) cannot name a table or a column") }
        return identifier
    }
}
