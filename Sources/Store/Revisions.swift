internal import Bytes
internal import Postgres
package import Series

/// A value that another took the place of.
package struct Revision: Sendable, Equatable {
    /// A call: its task, and where that still stands its ingestion and its place there.
    package struct Call: Sendable, Equatable {
        package let task: Int64
        package let ingestionID: String?
        package let ordinal: Int?
    }

    package let id: Int64
    package let seriesID: Int
    /// Start of the part that the row fills.
    package let time: Int64
    /// In the schema's column order.
    package let old: [Value]
    package let new: [Value]
    package let oldCall: Call?
    package let newCall: Call?
    /// Of the shown clock.
    package let changedAt: Int64
}

extension Store {
    /// Notes what is not held any more or never was, but for editions that were never held and are noted already: the same
    /// answer may come many times. How many were noted.
    static func note(
        _ steps: [(row: StoredRow, step: Succession.Step)], schema: RowSchema, now: Int64, on connection: PostgresConnection
    ) async throws -> Int {
        // `offset 0` keeps it one look at the index for each row: a join might read the whole table, for every statement.
        try await connection.execute("""
            insert into revisions (series_id, time, old_values, new_values, old_rank, new_rank, old_task, new_task, at)
            select given.s, given.t, given.old, given.new, given.old_rank, given.new_rank, given.old_task, given.new_task, \(.instant(now))
            from unnest(
                \(steps.map { Int32($0.row.seriesID) }), \(.instants(steps.map(\.row.time))),
                \(.jsons(steps.map { text($0.step.old.values, schema) })), \(.jsons(steps.map { text($0.step.new.values, schema) })),
                \(steps.map(\.step.old.rank)), \(steps.map(\.step.new.rank)), \(steps.map(\.step.old.task)),
                \(steps.map(\.step.new.task)), \(steps.map(\.step.wasHeld))
            ) with ordinality as given (s, t, old, new, old_rank, new_rank, old_task, new_task, was_held, place)
            where given.was_held or not exists (
                select from revisions noted
                where noted.series_id = given.s and noted.time = given.t and noted.old_values = given.old
                offset 0
            )
            order by given.place
            """)
    }

    /// Of some tasks, those whose attempt began to ask after this one's.
    static func tasks(
        among ids: Set<Int64>, begunAfter task: Int64, on connection: PostgresConnection
    ) async throws -> Set<Int64> {
        let others = ids.filter { $0 != task }
        if others.isEmpty { return [] }
        let rows = try await connection.query("""
            select id from tasks where id = any(\(Array(others))) and begun_at > (select begun_at from tasks where id = \(task))
            """)
        return Set(try rows.map { try $0.int64(0) })
    }

    /// Revisions of a dataset's series, the newest first, with the version that they are of. `choose` picks among all series;
    /// `span`: only rows that begin in it; `place`: only what stands behind this one.
    package func revisions(
        of dataset: Dataset, choose: ([SeriesEntry]) throws -> [Int], in span: Range<Int64>, behind place: (at: Int64, id: Int64)?,
        limit: Int
    ) async throws -> (snapshot: Snapshot, revisions: [Revision]) {
        try await readSnapshot(of: dataset, choose: choose) { snapshot, connection in
            let ids = snapshot.series.map { Int32($0.id) }
            if ids.isEmpty { return (snapshot, []) }
            let from = place ?? (at: 0, id: 0)
            let rows = try await connection.query("""
                select r.id, r.series_id, r.time, r.old_values, r.new_values, r.at, r.old_task, o.ingestion_id::text, o.ordinal,
                    r.new_task, n.ingestion_id::text, n.ordinal
                from revisions r left join tasks o on o.id = r.old_task left join tasks n on n.id = r.new_task
                where r.series_id = any(\(ids)) and r.time >= \(.instant(span.lowerBound)) and r.time < \(.instant(span.upperBound))
                    and (\(place == nil) or (r.at, r.id) < (\(.instant(from.at)), \(from.id)))
                order by r.at desc, r.id desc limit \(limit)
                """)
            let keys = Dictionary(uniqueKeysWithValues: snapshot.series.map { ($0.id, $0.key) })
            return (snapshot, try rows.compactMap { row in
                try keys[row.int(1)].map { try Self.revision(row, dataset.schema(of: $0)) }
            })
        }
    }

    private static func revision(_ row: Postgres.Row, _ schema: RowSchema) throws -> Revision {
        func call(_ place: Int) throws -> Revision.Call? {
            guard let task = try row.int64OrNil(.at(place)) else { return nil }
            return Revision.Call(
                task: task, ingestionID: try row.stringOrNil(.at(place + 1)), ordinal: try row.intOrNil(.at(place + 2)))
        }
        return Revision(
            id: try row.int64(0), seriesID: try row.int(1), time: try row.instant(2), old: try values(try row.json(3), schema),
            new: try values(try row.json(4), schema), oldCall: try call(6), newCall: try call(9), changedAt: try row.instant(5))
    }

    // MARK: Values as JSON, by the columns' names

    private static func text(_ values: [Value], _ schema: RowSchema) -> String {
        var json = JSONWriter(capacity: 128)
        json.beginObject()
        for (column, value) in zip(schema.columns, values) {
            json.key(column.name)
            switch value {
            case .null, .kept: json.null()
            case .decimal(let value): json.number(value.description.utf8)
            case .integer(let value): json.int(value)
            case .text(let value) where column.kind == .json: json.raw(value.utf8)
            case .text(let value): json.string(value)
            }
        }
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// A column that the table did not have yet when the revision was noted is null.
    static func values(_ text: String, _ schema: RowSchema) throws -> [Value] {
        let object = try JSONValue(parsing: Array(text.utf8))
        return schema.columns.map { column in
            guard let value = object[column.name], !value.isNull else { return .null }
            switch column.kind {
            case .decimal: return value.numberText.flatMap { Decimal($0) }.map(Value.decimal) ?? .null
            case .integer: return value.int.map(Value.integer) ?? .null
            case .text: return value.string.map(Value.text) ?? .null
            case .json:
                var json = JSONWriter()
                json.value(value)
                return .text(String(decoding: json.bytes, as: UTF8.self))
            }
        }
    }
}
