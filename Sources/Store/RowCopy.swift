internal import Bytes
internal import Postgres
internal import Series

/// Rows of which none is there yet, which is what most calls bring: COPY straight into the table takes half as long as an INSERT that looks
/// for each row.
extension Store {
    /// Fewer in a row are not worth the questions.
    private static let copiedFrom = 1000
    private static let bytesPerPiece = 128 * 1024

    /// Rows that stand beside each other, by place.
    struct Stretch: Equatable {
        var places: Range<Int>
        /// Coverage knows of nothing about them.
        var isNew: Bool
    }

    /// Cuts rows, in the order of the primary key, where it changes whether coverage knows of anything of their series between the first
    /// part and the last that they fill. A hint: nothing is locked.
    static func stretches(
        of rows: [StoredRow], filling parts: [Int: SlotSet], on connection: PostgresConnection
    ) async throws -> [Stretch] {
        if rows.count < copiedFrom { return [Stretch(places: rows.indices, isNew: false)] }
        let spans = parts.compactMap { id, set in set.first.map { (id: id, first: $0, last: set.last ?? $0) } }
        let known = try await connection.query("""
            select c.series_id from unnest(\(spans.map { Int32($0.id) }), \(spans.map(\.first)), \(spans.map(\.last)))
                as given (id, first, last)
            join coverage c on c.series_id = given.id
            where c.held && int8range(given.first, given.last, '[]')
            """)
        return stretches(of: rows.map(\.seriesID), known: Set(try known.map { try $0.int(0) }))
    }

    /// `series`: of each row, in order.
    static func stretches(of series: [Int], known: Set<Int>) -> [Stretch] {
        var raw: [Stretch] = []
        for place in series.indices {
            if place > 0, series[place] == series[place - 1] || known.contains(series[place]) != raw[raw.count - 1].isNew {
                raw[raw.count - 1].places = raw[raw.count - 1].places.lowerBound..<place + 1
            } else {
                raw.append(Stretch(places: place..<place + 1, isNew: !known.contains(series[place])))
            }
        }
        var stretches: [Stretch] = []
        for stretch in raw {
            let isNew = stretch.isNew && stretch.places.count >= copiedFrom
            if let last = stretches.last, last.isNew == isNew {
                stretches[stretches.count - 1].places = last.places.lowerBound..<stretch.places.upperBound
            } else {
                stretches.append(Stretch(places: stretch.places, isNew: isNew))
            }
        }
        return stretches
    }

    /// Copies rows. False where any is there after all (of a call that is not noted yet, or put there by hand): nothing is written then.
    static func copyIfNew(
        _ rows: [StoredRow], task: Int64, schema: RowSchema, on connection: PostgresConnection
    ) async throws -> Bool {
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
            case (.json, .text(let value)): copied.json(value)
            default: copied.null()
            }
        }
    }
}
