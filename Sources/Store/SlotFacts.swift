internal import Postgres
package import Series

/// All that the store knows of one slot of one series, at one moment.
package struct SlotFacts: Sendable {
    /// A part that is held.
    package struct Part: Sendable {
        package let time: Int64
        /// In the schema's column order.
        package let values: [Value]
        /// The call that wrote it, and its ingestion, where they are still known.
        package let task: Int64?
        package let ingestion: String?
    }

    /// A call that was to bring the slot.
    package struct Attempt: Sendable {
        package let task: Int64
        package let ingestion: String
        package let shape: String
        package let status: String
        /// How often it was begun.
        package let times: Int
        package let requests: Int
        /// Of the last receipt, nil before there is one: how the end was known, why, and when (real time).
        package let ended: String?
        package let reason: String?
        package let endedAt: Int64?
    }

    package let series: StoredSeries
    package let parts: [Part]
    /// Newest first.
    package let attempts: [Attempt]
}

extension Store {
    /// nil where the dataset has no such series. `attempts`: the most calls that are told of; `now` (shown clock): when it is asked what
    /// rests.
    package func facts(of slot: Int, _ key: SeriesKey, _ dataset: Dataset, attempts: Int, now: Int64) async throws -> SlotFacts? {
        try await pool.transaction { connection in
            _ = try await connection.query("set transaction isolation level repeatable read, read only")
            let known = try await connection.query("select id from series where dataset = \(dataset.name) and key = \(key.values)")
            guard let id = try known.first?.int(0) else { return nil }
            var series = try await Self.ledgers(on: connection, of: dataset, ids: [id], now: now)
            try await Self.addNotes(
                to: &series, of: dataset, in: dataset.instants(of: slot..<slot + 1, of: key), on: connection)
            guard let one = series.first else { return nil }
            return SlotFacts(
                series: one, parts: try await Self.parts(of: slot, id, one.key, dataset, on: connection),
                attempts: try await Self.attempts(at: slot, id, one.key, dataset, limit: attempts, on: connection))
        }
    }

    private static func parts(
        of slot: Int, _ id: Int, _ key: SeriesKey, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [SlotFacts.Part] {
        let schema = dataset.schema(of: key)
        let ruler = dataset.calendar(of: key).ruler
        let columns = try schema.columns.map { "r.\(try identifier($0.name))" as SQL }
        let rows = try await connection.query("""
            select r.time, r.task_id, t.ingestion_id::text, \(columns.joined(separator: ", "))
            from \(try identifier(schema.table)) r left join tasks t on t.id = r.task_id
            where r.series_id = \(Int32(id)) and r.time >= \(.instant(ruler.start(of: slot))) and r.time < \(.instant(ruler.end(of: slot)))
            order by r.time
            """)
        return try rows.map { row in
            SlotFacts.Part(
                time: try row.instant(0),
                values: try schema.columns.enumerated().map { try value(of: row, at: $0.offset + 3, kind: $0.element.kind) },
                task: try row.int64OrNil(1), ingestion: try row.stringOrNil(2))
        }
    }

    private static func attempts(
        at slot: Int, _ id: Int, _ key: SeriesKey, _ dataset: Dataset, limit: Int, on connection: PostgresConnection
    ) async throws -> [SlotFacts.Attempt] {
        let period = dataset.periods.slot(containing: dataset.calendar(of: key).ruler.start(of: slot))
        // What is listed comes by calls that name the roster, too.
        let listing = dataset.roster.map { $0.isListed(key) ? [$0.series] : [] } ?? []
        let ids = [id] + (try await entries(Set(listing), of: dataset.name, on: connection).map(\.id))
        let rows = try await connection.query("""
            select t.id, t.ingestion_id::text, t.shape, t.status, t.attempts, t.requests, r.ended, r.reason, r.recorded_at
            from tasks t join ingestions i on i.id = t.ingestion_id
            left join lateral (
                select ended, reason, recorded_at from receipts where task_id = t.id order by id desc limit 1
            ) r on true
            where i.dataset = \(dataset.name) and t.end_period > \(period) and t.first_period <= \(period)
                and t.series_ids && \(ids.map { Int32($0) }) and t.attempts > 0
            order by t.id desc limit \(limit)
            """)
        return try rows.map { row in
            SlotFacts.Attempt(
                task: try row.int64(0), ingestion: try row.string(1), shape: try row.string(2), status: try row.string(3),
                times: try row.int(4), requests: try row.int(5), ended: try row.stringOrNil(6), reason: try row.stringOrNil(7),
                endedAt: try row.instantOrNil(8))
        }
    }
}
