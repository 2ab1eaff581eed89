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

/// What storing did, counted by series and time.
package struct RowCounts: Sendable, Equatable {
    package var written = 0
    package var unchanged = 0
    /// Held values that changed.
    package var revised = 0
    /// Of the unchanged, those that got a value where they had none (`RowSchema.compared`).
    package var supplemented = 0
    /// What was noted of editions that others outrank, those that were never held included.
    package var revisions = 0

    package init() {}

    /// The store is other than before.
    var isChange: Bool { written + revised + supplemented + revisions > 0 }

    mutating func add(_ other: RowCounts) {
        written += other.written
        unchanged += other.unchanged
        revised += other.revised
        supplemented += other.supplemented
        revisions += other.revisions
    }
}

/// The rows of any dataset, by its schema.
extension Store {
    /// Writes rows: new ones are inserted, equal ones left alone. A row that differs from the held one replaces it, unless the
    /// held one outranks it (`RowSchema.rank`) or is of a call that began later; what is not held in the end is a revision.
    /// `parts`: what the rows fill.
    static func upsert(
        _ rows: [StoredRow], filling parts: [Int: SlotSet], task: Int64, schema: RowSchema, now: Int64, on connection: PostgresConnection
    ) async throws -> RowCounts {
        var counts = RowCounts()
        let arrivals = Arrivals(rows, schema: schema)
        var open = Set(arrivals.below.keys)
        // All inserts before the first row is locked, and both by primary key: two calls with rows of the same hours then
        // never wait for each other in a ring.
        for stretch in try await stretches(of: arrivals.highest, filling: parts, on: connection) {
            if stretch.isNew {
                let given = Array(arrivals.highest[stretch.places])
                if try await copyIfNew(given, task: task, schema: schema, on: connection) {
                    counts.written += given.count
                    continue
                }
            }
            for chunk in chunks(of: stretch.places) {
                let given = Array(arrivals.highest[chunk])
                let row = try await connection.query(insertStatement(given, task: task, schema: schema)).only()
                let inserted = try row.int(0)
                counts.written += inserted
                if inserted + (try row.int(1)) == given.count {
                    open.formUnion(try row.int64s(2).map { chunk.lowerBound + Int($0) - 1 })
                } else {
                    // Another call has just written some of them.
                    open.formUnion(chunk)
                }
            }
        }
        let places = open.sorted()
        for chunk in chunks(of: places.indices) {
            let given = places[chunk].map { (highest: arrivals.highest[$0], below: arrivals.below[$0] ?? []) }
            try await succeed(given, task: task, schema: schema, now: now, counting: &counts, on: connection)
        }
        counts.unchanged = arrivals.highest.count - counts.written - counts.revised
        return counts
    }

    /// Writes the rows of which none is there: what is held stays as it is, and so does what another call is just writing. How many were
    /// written.
    static func insertNew(_ rows: [StoredRow], task: Int64, schema: RowSchema, on connection: PostgresConnection) async throws -> Int {
        var inserted = 0
        let sorted = rows.sorted { ($0.seriesID, $0.time) < ($1.seriesID, $1.time) }
        for chunk in chunks(of: sorted.indices) {
            inserted += try await connection.query(insertStatement(Array(sorted[chunk]), task: task, schema: schema)).only().int(0)
        }
        return inserted
    }

    /// Measured on the design's machine: up to ten thousand rows, unnest is on a par with COPY into a temporary table.
    private static let rowsPerStatement = 10_000

    private static func chunks(of places: Range<Int>) -> [Range<Int>] {
        stride(from: places.lowerBound, to: places.upperBound, by: rowsPerStatement).map {
            $0..<min($0 + rowsPerStatement, places.upperBound)
        }
    }

    /// Inserts what is not there; answers how many, how many were there before, and the places (from 1) of those that differ.
    /// Where all are new nothing is compared; where none is new nothing is written, not even a lock.
    private static func insertStatement(_ rows: [StoredRow], task: Int64, schema: RowSchema) throws -> SQL {
        let table = try identifier(schema.table)
        let columns = try schema.columns.map { try identifier($0.name) }
        let stored = columns.map { "held.\($0)" as SQL }
        let given = columns.map { "given.\($0)" as SQL }
        return """
            with given as materialized (
                select * from unnest(
                    \(rows.map { Int32($0.seriesID) }), \(.instants(rows.map(\.time))), \(arrays(rows.map(\.values), schema)))
                    with ordinality as given (given_series, given_time, \(columns), given_place)
            ), inserted as (
                insert into \(table) (series_id, time, task_id, \(columns))
                select given_series, given_time, \(task), \(columns) from given order by given_place
                on conflict (series_id, time) do nothing
                returning true
            ), compared as (
                select given_place, (\(stored.joined(separator: ", "))) is distinct from (\(given.joined(separator: ", "))) as differs
                from given join \(table) held on held.series_id = given_series and held.time = given_time
                where (select count(*) from inserted) < \(rows.count)
            )
            select (select count(*) from inserted), count(*), coalesce(array_agg(given_place) filter (where differs), '{}')
            from compared
            """
    }

    /// Puts editions and held rows in their order; counts held rows that changed, and revisions that were noted. `isLater`: whether a held
    /// row, of a task and a time, comes behind what is given; nil where when the calls began tells it.
    static func succeed(
        _ given: [(highest: StoredRow, below: [StoredRow])], task: Int64, schema: RowSchema,
        isLater said: (_ held: Int64?, _ time: Int64) -> Bool? = { _, _ in nil }, now: Int64,
        counting counts: inout RowCounts, on connection: PostgresConnection
    ) async throws {
        let held = try await lockedRows(given.map(\.highest), schema: schema, on: connection)
        let laterTasks = try await tasks(among: Set(held.compactMap(\.task)), begunAfter: task, on: connection)
        var changed: [StoredRow] = []
        var steps: [(row: StoredRow, step: Succession.Step)] = []
        for ((highest, below), held) in zip(given, held) {
            let arrivals = (below + [highest]).map { Edition($0.values, task: task, schema: schema) }
            let isLater = said(held.task, highest.time) ?? held.task.map(laterTasks.contains) ?? false
            let succession =
                if let merge = schema.merge {
                    Succession(held: held, isLater: isLater, arrival: arrivals[arrivals.count - 1], schema: schema, merge: merge)
                } else {
                    Succession(held: held, isLater: isLater, arrivals: arrivals)
                }
            if succession.isSupplement {
                counts.supplemented += 1
            } else if succession.stored != nil {
                counts.revised += 1
            }
            if let stored = succession.stored {
                changed.append(StoredRow(seriesID: highest.seriesID, time: highest.time, values: stored.values))
            }
            steps += succession.steps.map { (highest, $0) }
        }
        if !changed.isEmpty { try await connection.query(updateStatement(changed, task: task, schema: schema)) }
        if !steps.isEmpty { counts.revisions += try await note(steps, schema: schema, now: now, on: connection) }
    }

    /// The rows as they are held, in the order given, and locked until the transaction ends.
    private static func lockedRows(
        _ rows: [StoredRow], schema: RowSchema, on connection: PostgresConnection
    ) async throws -> [Edition] {
        let held = try schema.columns.map { "held.\(try identifier($0.name))" as SQL }
        let answer = try await connection.query("""
            select held.task_id, \(held.joined(separator: ", "))
            from unnest(\(rows.map { Int32($0.seriesID) }), \(.instants(rows.map(\.time)))) with ordinality
                as given (given_series, given_time, given_place)
            join \(try identifier(schema.table)) held on held.series_id = given_series and held.time = given_time
            order by given_place for update of held
            """)
        // Nobody deletes rows but people, by hand: once more, then.
        if answer.count != rows.count { throw StoreError.unavailable("rows of \(schema.table) were deleted meanwhile") }
        return try answer.map { row in
            let values = try schema.columns.enumerated().map { try value(of: row, at: $0.offset + 1, kind: $0.element.kind) }
            return Edition(values, task: try row.int64OrNil(0), schema: schema)
        }
    }

    private static func updateStatement(_ rows: [StoredRow], task: Int64, schema: RowSchema) throws -> SQL {
        let columns = try schema.columns.map { try identifier($0.name) }
        let assignments = columns.map { "\($0) = given.\($0)" as SQL }
        return """
            update \(try identifier(schema.table)) held set \(assignments.joined(separator: ", ")), task_id = \(task)
            from unnest(\(rows.map { Int32($0.seriesID) }), \(.instants(rows.map(\.time))), \(arrays(rows.map(\.values), schema)))
                as given (given_series, given_time, \(columns))
            where held.series_id = given_series and held.time = given_time
            """
    }

    private static func arrays(_ rows: [[Value]], _ schema: RowSchema) -> SQL {
        schema.columns.indices.map { array(rows, column: $0, kind: schema.columns[$0].kind) }.joined(separator: ", ")
    }

    private static func array(_ rows: [[Value]], column: Int, kind: RowSchema.Column.Kind) -> SQL {
        switch kind {
        case .decimal:
            "\(.numerics(rows.map { if case .decimal(let value) = $0[column] { (value.mantissa, value.scale) } else { nil } }))"
        case .integer:
            "\(rows.map { row -> Int64? in if case .integer(let value) = row[column] { value } else { nil } })"
        case .text:
            "\(rows.map { row -> String? in if case .text(let value) = row[column] { value } else { nil } })"
        case .json:
            "\(.jsons(rows.map { if case .text(let value) = $0[column] { value } else { nil } }))"
        }
    }

    static func value(of row: Postgres.Row, at place: Int, kind: RowSchema.Column.Kind) throws -> Value {
        switch kind {
        case .decimal:
            guard let parts = try row.numericOrNil(.at(place)) else { return .null }
            return Decimal(mantissa: parts.mantissa, scale: parts.scale).map(Value.decimal) ?? .null
        case .integer: return try row.int64OrNil(.at(place)).map(Value.integer) ?? .null
        case .text, .json: return try row.stringOrNil(.at(place)).map(Value.text) ?? .null
        }
    }

    static func identifier(_ name: String) throws -> Identifier {
        guard let identifier = Identifier(name) else { preconditionFailure("\(name) cannot name a table or a column") }
        return identifier
    }
}
