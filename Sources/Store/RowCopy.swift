internal import Bytes
internal import Postgres
internal import Series

/// Rows of which none is there yet, which is what most calls bring: COPY straight into the table takes half as long as an INSERT that looks
/// for each row.
extension Store {
    /// Fewer are not worth the questions.
    private static let copiedFrom = 1000
    private static let bytesPerPiece = 128 * 1024

    /// Copies the rows, in the order of the primary key, where coverage knows of none in their time. False where any is there after all (of
    /// a call that is not noted yet, or put there by hand): nothing is written then.
    static func copyIfNew(
        _ rows: [StoredRow], filling parts: [Int: SlotSet], task: Int64, schema: RowSchema, on connection: PostgresConnection
    ) async throws -> Bool {
        guard rows.count >= copiedFrom, try await holdsNothing(about: parts, on: connection) else { return false }
        // What is copied waits for others' rows of the same key in the order of keys, as an INSERT does: never in a ring.
        try await connection.script("savepoint before_copy")
        do {
            try await copy(rows, task: task, schema: schema, on: connection)
            return true
        } catch let error as PostgresError where error.kind == .uniqueViolation {
            try await connection.script("rollback to savepoint before_copy")
            return false
        }
    }

    /// Between each series' first part and its last. No lock: what it says may change at once.
    private static func holdsNothing(about parts: [Int: SlotSet], on connection: PostgresConnection) async throws -> Bool {
        let spans = parts.compactMap { id, set in set.first.map { (id: id, first: $0, last: set.last ?? $0) } }
        return try await connection.query("""
            select 1 from unnest(\(spans.map { Int32($0.id) }), \(spans.map(\.first)), \(spans.map(\.last))) as given (id, first, last)
            join coverage c on c.series_id = given.id
            where c.held && int8range(given.first, given.last, '[]') limit 1
            """).isEmpty
    }

    private static func copy(
        _ rows: [StoredRow], task: Int64, schema: RowSchema, on connection: PostgresConnection
    ) async throws {
        let columns = try schema.columns.map { try identifier($0.name) }
        var copied = CopyRows(fields: columns.count + 3)
        var next = 0
        var isEnded = false
        try await connection.copyIn(
            "copy \(try identifier(schema.table)) (series_id, time, task_id, \(columns)) from stdin (format binary)"
        ) {
            if isEnded { return nil }
            while next < rows.count, copied.count < bytesPerPiece {
                write(rows[next], task: task, schema, to: &copied)
                next += 1
            }
            if next == rows.count {
                copied.end()
                isEnded = true
            }
            return copied.take()
        }
    }

    private static func write(_ row: StoredRow, task: Int64, _ schema: RowSchema, to copied: inout CopyRows) {
        copied.beginRow()
        copied.int4(Int32(row.seriesID))
        copied.instant(row.time)
        copied.int8(task)
        for (column, value) in zip(schema.columns, row.values) {
            // As the arrays of an INSERT have it: what is not of the column's kind is null.
            switch (column.kind, value) {
            case (.decimal, .decimal(let value)): copied.numeric(mantissa: value.mantissa, scale: value.scale)
            case (.integer, .integer(let value)): copied.int8(value)
            case (.text, .text(let value)): copied.text(value)
            default: copied.null()
            }
        }
    }
}
