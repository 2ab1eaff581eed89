internal import Postgres
internal import Series

/// Rows of answers that do not carry all fields, made whole by what is known (`RowSchema.carry`).
extension Store {
    /// The rows as they are to be stored: a field that the answer does not carry stays as the series' newest row has it that is not later,
    /// and what follows from several fields is worked out anew. Two calls for one series go one after the other from here to the end of
    /// their transactions: each sees what the other has stored.
    static func carried(
        _ rows: [StoredRow], of dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [StoredRow] {
        if rows.isEmpty || dataset.schemas.allSatisfy({ $0.carry == nil }) { return rows }
        let ids = Set(rows.map(\.seriesID)).sorted()
        _ = try await connection.query("""
            select pg_advisory_xact_lock(\(carryingLock), id) from unnest(\(ids.map { Int32($0) })) with ordinality s (id, place)
            order by place
            """)
        let keys = Dictionary(uniqueKeysWithValues: try await entries(ids: ids, on: connection).map { ($0.id, $0.key) })
        var whole: [StoredRow] = []
        whole.reserveCapacity(rows.count)
        for (table, own) in Dictionary(grouping: rows, by: { keys[$0.seriesID].map { dataset.schema(of: $0).table } ?? "" }) {
            guard let schema = dataset.schemas.first(where: { $0.table == table }), let carry = schema.carry else {
                whole += own
                continue
            }
            let latest = try await latest(of: own, schema, on: connection)
            whole += zip(own, latest).map { row, latest in
                StoredRow(seriesID: row.seriesID, time: row.time, values: carry(latest, row.values))
            }
        }
        return whole
    }

    /// The first number of the advisory locks of this file; any that no other file uses.
    private static let carryingLock: Int32 = 0x6b65_6570

    /// Of each row's series the newest row that is not later; nil where there is none.
    private static func latest(
        of rows: [StoredRow], _ schema: RowSchema, on connection: PostgresConnection
    ) async throws -> [[Value]?] {
        let columns = try schema.columns.map { "held.\(try identifier($0.name))" as SQL }
        let answer = try await connection.query("""
            select given.place, \(columns.joined(separator: ", "))
            from unnest(\(rows.map { Int32($0.seriesID) }), \(.instants(rows.map(\.time)))) with ordinality given (series_id, time, place)
            cross join lateral (
                select * from \(try identifier(schema.table)) r where r.series_id = given.series_id and r.time <= given.time
                order by r.time desc limit 1
            ) held
            """)
        var latest: [[Value]?] = Array(repeating: nil, count: rows.count)
        for row in answer {
            latest[try row.int(0) - 1] = try schema.columns.enumerated().map {
                try value(of: row, at: $0.offset + 1, kind: $0.element.kind)
            }
        }
        return latest
    }
}
