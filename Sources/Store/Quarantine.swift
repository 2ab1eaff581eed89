internal import Postgres
package import Series

/// A record that was refused, as it stands in the store.
package struct StoredRefusal: Sendable, Equatable {
    package let id: Int64
    package let seriesID: Int?
    package let key: SeriesKey?
    /// Start of the part that it speaks of, and its slot.
    package let time: Int64?
    package let slot: Int?
    package let reason: String
    package let record: String
    package let shape: String
    /// The call that brought it last, and its ingestion while that is kept.
    package let task: Int64?
    package let ingestionID: String?
    package let file: String?
    package let place: String?
    /// How often it came.
    package let seen: Int
    /// Of the shown clock, as all instants here.
    package let createdAt: Int64
    package let lastSeenAt: Int64
    package let status: RefusalStatus
    package let resolvedAt: Int64?
    package let resolvedBy: String?
    package let resolution: String?
    /// The call that settled it, and its ingestion while that is kept.
    package let resolvedTask: Int64?
    package let resolvedIngestionID: String?

    /// On its way to being read again.
    var kept: KeptRecord { KeptRecord(record: record, time: time, shape: shape, place: place, file: file, reason: reason) }
}

/// What was refused, as people look at it.
extension Store {
    /// Which refused records are meant; nil and empty filter nothing.
    package struct RefusalFilter: Sendable {
        /// Values of each key of a series, in the dataset's order of keys.
        package var keys: [[String]]
        /// Instants that the records speak of, half-open: what cannot be told is outside.
        package var from: Int64?
        package var to: Int64?
        package var reason: String?
        package var status: RefusalStatus?
        /// Ids of the series that are meant; nil: all.
        package var series: [Int]?

        package init(
            keys: [[String]] = [], from: Int64? = nil, to: Int64? = nil, reason: String? = nil, status: RefusalStatus? = nil
        ) {
            self.keys = keys
            self.from = from
            self.to = to
            self.reason = reason
            self.status = status
        }

        var condition: SQL {
            var condition: SQL = """
                (\(reason)::text is null or q.reason = \(reason)) and (\(status?.rawValue)::text is null or q.status = \(status?.rawValue))
                """
            if let from { condition.append(" and q.time >= \(.instant(from))") }
            if let to { condition.append(" and q.time < \(.instant(to))") }
            if let series { condition.append(" and q.series_id = any(\(series.map { Int32(clamping: $0) }))") }
            for (place, values) in keys.enumerated() where !values.isEmpty {
                condition.append(" and s.key[\(Int32(place + 1))] = any(\(values))")
            }
            return condition
        }
    }

    /// Newest first; `after` is the last id of the page before.
    package func refusals(
        of dataset: String, _ filter: RefusalFilter, after: Int64?, limit: Int
    ) async throws -> [StoredRefusal] {
        let rows = try await pool.read("""
            \(Self.refusalColumns)
            where q.dataset = \(dataset) and (\(after)::int8 is null or q.id < \(after)) and \(filter.condition)
            order by q.id desc limit \(limit)
            """)
        return try rows.map(Self.refusal)
    }

    /// nil where the dataset has none of this id.
    package func refusal(_ id: Int64, of dataset: String) async throws -> StoredRefusal? {
        try await pool.lease { try await Self.refusal(id, of: dataset, on: $0) }
    }

    static func refusal(_ id: Int64, of dataset: String, on connection: PostgresConnection) async throws -> StoredRefusal? {
        let rows = try await connection.query("\(refusalColumns) where q.id = \(id) and q.dataset = \(dataset)")
        return try rows.first.map(refusal)
    }

    static let refusalColumns: SQL = """
        select q.id, q.series_id, s.key, q.time, q.slot, q.reason, q.record, q.shape, q.task_id, t.ingestion_id::text, q.file, q.place,
            q.seen, q.created_at, q.last_seen_at, q.status, q.resolved_at, q.resolved_by, q.resolution, q.resolved_task,
            r.ingestion_id::text
        from quarantine q left join series s on s.id = q.series_id left join tasks t on t.id = q.task_id
            left join tasks r on r.id = q.resolved_task
        """

    static func refusal(_ row: Postgres.Row) throws -> StoredRefusal {
        StoredRefusal(
            id: try row.int64(0), seriesID: try row.intOrNil(1), key: try row.stringsOrNil(2).map { SeriesKey($0) },
            time: try row.instantOrNil(3), slot: try row.intOrNil(4), reason: try row.string(5), record: try row.string(6),
            shape: try row.string(7), task: try row.int64OrNil(8), ingestionID: try row.stringOrNil(9), file: try row.stringOrNil(10),
            place: try row.stringOrNil(11), seen: try row.int(12), createdAt: try row.instant(13), lastSeenAt: try row.instant(14),
            status: RefusalStatus(rawValue: try row.string(15)) ?? .open, resolvedAt: try row.instantOrNil(16),
            resolvedBy: try row.stringOrNil(17), resolution: try row.stringOrNil(18), resolvedTask: try row.int64OrNil(19),
            resolvedIngestionID: try row.stringOrNil(20))
    }
}
