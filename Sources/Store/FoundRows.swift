internal import Postgres
internal import Series

/// Rows of series that a call found without having been asked for them.
extension Store {
    /// Makes rows that a call found rows like its others: those of series that are kept complete, which are made where they are new, with
    /// those that they tell of (`Roster.told`); the rest count as dropped. Before anything else of the call's end: in the order of locks
    /// series come before rows. Whether series were made: the dataset's version is to be raised then.
    static func takeUpFound(
        of result: inout TaskResult, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        let refused = result.refused.found
        if result.found.isEmpty, refused.isEmpty { return false }
        let found = result.found
        result.found = []
        let keys = Set(found.map(\.key)).union(refused).filter(dataset.follows)
        let told = dataset.roster.map { roster in keys.flatMap(roster.told).filter(dataset.follows) } ?? []
        let (ids, isMade) = try await ensureSeries(
            keys.union(told), of: dataset.name, now: now, from: { dataset.firstSlot(of: $0, followedAt: now) }, on: connection)
        result.refused.take(ids)
        result.rows.reserveCapacity(result.rows.count + found.count)
        for row in found {
            if keys.contains(row.key), let id = ids[row.key] {
                result.rows.append(StoredRow(seriesID: id, time: row.time, values: row.values))
            } else {
                result.dropped += 1
            }
        }
        return isMade
    }

    /// Stores each row in the table of its series, one table after the other in one order.
    static func upsert(
        _ rows: [StoredRow], filling parts: [Int: SlotSet], task: Int64, of dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws -> RowCounts {
        let schemas = dataset.schemas
        if schemas.count == 1 { return try await upsert(rows, filling: parts, task: task, schema: schemas[0], now: now, on: connection) }
        let tables = try await entries(ids: Array(parts.keys), on: connection).reduce(into: [Int: String]()) { tables, one in
            tables[one.id] = dataset.schema(of: one.key).table
        }
        var counts = RowCounts()
        for schema in schemas {
            let own = rows.filter { tables[$0.seriesID] == schema.table }
            if own.isEmpty { continue }
            counts.add(try await upsert(own, filling: parts, task: task, schema: schema, now: now, on: connection))
        }
        return counts
    }

    static func entries(ids: [Int], on connection: PostgresConnection) async throws -> [SeriesEntry] {
        if ids.isEmpty { return [] }
        return try await connection.query("select id, key from series where id = any(\(ids.map { Int32(clamping: $0) }))").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
    }
}
