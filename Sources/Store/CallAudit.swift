internal import Postgres
package import Series

/// A call with all that came of it: who had it made, how each attempt went, and which rows are of it.
package struct CallAudit: Sendable {
    /// What an attempt left.
    package struct Receipt: Sendable {
        package let attempt: Int
        package let ended: String
        package let reason: String
        package let requests: Int
        package let rows: Int
        package let dropped: Int
        package let bodyBytes: Int
        /// Real time.
        package let recordedAt: Int64
    }

    /// Rows of one series that the call wrote.
    package struct Written: Sendable {
        package let key: SeriesKey
        /// Held now.
        package let rows: Int
        /// Starts of the first and the last of these; nil where none is held.
        package let first: Int64?
        package let last: Int64?
        /// Values of it that others took the place of.
        package let replaced: Int
    }

    package let task: TaskRecord
    package let ingestionID: String
    package let dataset: String
    package let requestedBy: String
    package let lane: Lane
    package let traceID: String?
    /// Who filed the ingestion, as the audit has it; nil where that is kept no more.
    package let filed: StoredAudit?
    /// In the order of the attempts.
    package let receipts: [Receipt]
    /// By key; `Store.seriesPerCallMax` at most.
    package let written: [Written]
    /// Over all series.
    package let rows: Int
    package let replaced: Int
    /// Series that have any.
    package let seriesCount: Int
}

extension Store {
    /// Series that are told of one by one.
    package static let seriesPerCallMax = 1000

    /// nil where there is no such call, or it is kept no more. `datasets`: whose rows may be counted.
    package func call(_ task: Int64, datasets: [Dataset]) async throws -> CallAudit? {
        try await pool.transaction { connection in
            _ = try await connection.query("set transaction isolation level repeatable read, read only")
            let found = try await connection.query("""
                select t.ingestion_id::text, i.dataset, i.requested_by, i.lane, i.trace_id
                from tasks t join ingestions i on i.id = t.ingestion_id where t.id = \(task)
                """)
            guard let row = found.first, let name = try? row.string(1), let dataset = datasets.first(where: { $0.name == name }) else {
                return nil
            }
            let record = try Self.taskRecord(try await connection.query("\(Self.taskColumns) where t.id = \(task)").only())
            let written = try await Self.written(by: record, dataset, on: connection)
            let ingestion = try row.string(0)
            let filed = try await connection.query("""
                \(Self.auditColumns) where target = \(ingestion) and what = \(AuditNote.What.ingestionFiled.rawValue) order by id limit 1
                """)
            return CallAudit(
                task: record, ingestionID: ingestion, dataset: name, requestedBy: try row.string(2),
                lane: Lane(rawValue: try row.string(3)) ?? .history, traceID: try row.stringOrNil(4),
                filed: try filed.first.map(Self.audit), receipts: try await Self.receipts(of: task, on: connection),
                written: Array(written.prefix(Self.seriesPerCallMax)), rows: written.reduce(0) { $0 + $1.rows },
                replaced: written.reduce(0) { $0 + $1.replaced }, seriesCount: written.count)
        }
    }

    private static func receipts(of task: Int64, on connection: PostgresConnection) async throws -> [CallAudit.Receipt] {
        let rows = try await connection.query("""
            select attempt::int8, ended, reason, requests, rows, dropped, body_bytes, recorded_at from receipts
            where task_id = \(task) order by id
            """)
        return try rows.map { row in
            CallAudit.Receipt(
                attempt: try row.int(0), ended: try row.string(1), reason: try row.string(2), requests: try row.int(3),
                rows: try row.int(4), dropped: try row.int(5), bodyBytes: try row.int(6), recordedAt: try row.instant(7))
        }
    }

    /// Rows bear the call's number. They are looked for where it was to bring them, series by series along the primary key: a call
    /// stores nothing outside its periods, and the table may be far too long to be read for it.
    private static func written(
        by task: TaskRecord, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [CallAudit.Written] {
        let span = dataset.periods.instants(of: task.call.periods)
        var written: [CallAudit.Written] = []
        for (schema, ids) in try await looked(for: task, dataset, on: connection) {
            let rows = try await connection.query("""
                select s.key, h.rows, h.first, h.last, p.replaced
                from series s cross join lateral (
                    select count(*) as rows, min(time) as first, max(time) as last from \(try identifier(schema.table)) r
                    where r.series_id = s.id and r.time >= \(.instant(span.lowerBound)) and r.time < \(.instant(span.upperBound))
                        and r.task_id = \(task.id)
                ) h cross join lateral (
                    select count(*) as replaced from revisions v
                    where v.series_id = s.id and v.time >= \(.instant(span.lowerBound)) and v.time < \(.instant(span.upperBound))
                        and v.old_task = \(task.id)
                ) p
                where s.dataset = \(dataset.name) and (\(ids == nil) or s.id = any(\(ids ?? []))) and (h.rows > 0 or p.replaced > 0)
                order by s.key
                """)
            written += try rows.map { row in
                CallAudit.Written(
                    key: SeriesKey(try row.strings(0)), rows: try row.int(1), first: try row.instantOrNil(2),
                    last: try row.instantOrNil(3), replaced: try row.int(4))
            }
        }
        return written
    }

    /// Where rows of a call may be: nil of all series, for what follows from rows is the call's too. Where a roster tells of series, calls
    /// write the series that they name, and one that names the roster those that it lists.
    private static func looked(
        for task: TaskRecord, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [(schema: RowSchema, ids: [Int32]?)] {
        guard let roster = dataset.roster else { return dataset.schemas.map { ($0, nil) } }
        var series = try await entries(ids: task.call.seriesIDs, on: connection)
        if series.contains(where: { $0.key == roster.series }) {
            series += try await entries(of: dataset.name, on: connection).filter { roster.isListed($0.key) }
        }
        let tables = Dictionary(grouping: Set(series)) { dataset.schema(of: $0.key).table }
        return dataset.schemas.compactMap { schema in
            tables[schema.table].map { (schema, $0.map { Int32(clamping: $0.id) }) }
        }
    }
}
