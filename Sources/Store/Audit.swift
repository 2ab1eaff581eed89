internal import Postgres

/// A deed as it is noted, beside when and by which number.
package struct AuditNote: Sendable, Equatable {
    /// What can be done: a thing and a deed. Stable names, which people filter by.
    package enum What: String, Sendable, CaseIterable {
        case ingestionFiled = "ingestion.filed"
        case ingestionPaused = "ingestion.paused"
        case ingestionResumed = "ingestion.resumed"
        case ingestionCancelled = "ingestion.cancelled"
        case exclusionMade = "exclusion.made"
        case exclusionLifted = "exclusion.lifted"
        case alertAcknowledged = "alert.acknowledged"
        case refusalReleased = "refusal.released"
        case refusalsReplayed = "refusals.replayed"
    }

    package let who: String
    package let what: What
    /// The id of what it was done to.
    package let target: String
    package let dataset: String?
    package let requestID: String?
    package let traceID: String?
    /// A JSON object.
    package let detail: String

    package init(
        _ what: What, of target: String, by who: String, dataset: String? = nil, requestID: String? = nil, traceID: String? = nil,
        detail: String = "{}"
    ) {
        self.what = what
        self.target = target
        self.who = who
        self.dataset = dataset
        self.requestID = requestID
        self.traceID = traceID
        self.detail = detail
    }
}

/// A note as it stands in the store.
package struct StoredAudit: Sendable {
    package let id: Int64
    /// Real time.
    package let at: Int64
    package let who: String
    package let what: String
    package let target: String
    package let dataset: String?
    package let requestID: String?
    package let traceID: String?
    /// JSON.
    package let detail: String
}

/// Who changed what. Whatever changes something on somebody's word notes it in the same transaction, so that there is neither a change
/// without its note nor a note of what did not happen.
extension Store {
    /// Notes a deed within the transaction that does it.
    static func audit(_ note: AuditNote, on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            insert into audit (who, what, target, dataset, request_id, trace_id, detail)
            values (\(note.who), \(note.what.rawValue), \(note.target), \(note.dataset), \(note.requestID), \(note.traceID),
                \(.json(note.detail)))
            """)
    }

    /// Which notes are wanted; nil filters nothing. Instants are real time, half-open.
    package struct AuditFilter: Sendable {
        package var who: String?
        package var what: String?
        package var target: String?
        package var from: Int64?
        package var to: Int64?

        package init(who: String? = nil, what: String? = nil, target: String? = nil, from: Int64? = nil, to: Int64? = nil) {
            self.who = who
            self.what = what
            self.target = target
            self.from = from
            self.to = to
        }
    }

    /// Newest first; `after` is the last id of the page before.
    package func audit(_ filter: AuditFilter, after: Int64?, limit: Int) async throws -> [StoredAudit] {
        let rows = try await pool.read("""
            \(Self.auditColumns)
            where (\(filter.who)::text is null or who = \(filter.who)) and (\(filter.what)::text is null or what = \(filter.what))
                and (\(filter.target)::text is null or target = \(filter.target))
                and (\(filter.from == nil) or at >= \(.instant(filter.from))) and (\(filter.to == nil) or at < \(.instant(filter.to)))
                and (\(after)::int8 is null or id < \(after))
            order by id desc limit \(limit)
            """)
        return try rows.map(Self.audit)
    }

    static let auditColumns: SQL = "select id, at, who, what, target, dataset, request_id, trace_id, detail from audit"

    static func audit(_ row: Postgres.Row) throws -> StoredAudit {
        StoredAudit(
            id: try row.int64(0), at: try row.instant(1), who: try row.string(2), what: try row.string(3), target: try row.string(4),
            dataset: try row.stringOrNil(5), requestID: try row.stringOrNil(6), traceID: try row.stringOrNil(7), detail: try row.json(8))
    }
}
