package import Bytes
internal import Postgres
package import Series

/// An alarm that was raised, open or cleared.
package struct StoredAlert: Sendable {
    /// Why an alarm is over.
    package enum Clearing: String, Sendable, CaseIterable {
        /// What was wrong is not so any more.
        case mended
        /// Nobody looks there any more: the day has left the horizon, the dataset is not followed.
        case outOfView = "out_of_view"
        /// The same cause goes on as another alarm: what lacked and could be had cannot be had any more, or the reverse.
        case reclassified
    }

    package let id: String
    package let alarm: Alarm
    /// The shown clock, as `updatedAt` and `clearedAt`.
    package let openedAt: Int64
    package let updatedAt: Int64
    package let clearedAt: Int64?
    /// Real time, as `clearedRecordedAt` and `acknowledgedAt`.
    package let recordedAt: Int64
    package let clearedRecordedAt: Int64?
    package let clearedBecause: Clearing?
    package let acknowledgedBy: String?
    package let acknowledgedAt: Int64?

    package var cause: Alarm.Cause { alarm.cause }
}

extension StoredAlert {
    /// As clients and webhooks see it: members of an object.
    package func write(to json: inout JSONWriter) {
        func text(_ name: String, _ value: String?) {
            json.key(name)
            if let value { json.string(value) } else { json.null() }
        }
        func instant(_ name: String, _ value: Int64?) {
            json.key(name)
            if let value { json.timestamp(value) } else { json.null() }
        }
        let isUpstream = cause.kind.concernsUpstream
        json.beginObject()
        text("id", id)
        text("kind", cause.kind.rawValue)
        text("severity", alarm.severity.rawValue)
        text("state", clearedAt == nil ? "open" : "cleared")
        text("dataset", isUpstream ? nil : cause.scope)
        text("upstream", isUpstream ? cause.scope : nil)
        json.key("subject")
        json.raw(alarm.subject.utf8)
        text("message", alarm.message)
        json.key("count")
        json.int(alarm.count)
        json.key("details")
        json.raw(alarm.details.utf8)
        instant("opened_at", openedAt)
        instant("updated_at", updatedAt)
        instant("cleared_at", clearedAt)
        text("cleared_because", clearedBecause?.rawValue)
        instant("recorded_at", recordedAt)
        instant("cleared_recorded_at", clearedRecordedAt)
        text("acknowledged_by", acknowledgedBy)
        instant("acknowledged_at", acknowledgedAt)
        json.endObject()
    }
}

/// Alarms as they are stored: at most one open for a cause, whoever writes.
extension Store {
    package enum AlertState: String, Sendable, CaseIterable {
        case open, cleared, all
    }

    /// Who acknowledges what nobody can mend.
    static let ownName = "gapless"

    static let alertColumns: SQL = """
        id::text, kind, scope, key, severity, subject, message, count, details, opened_at, updated_at, cleared_at, recorded_at,
        cleared_recorded_at, cleared_because, acknowledged_by, acknowledged_at
        """

    static func alert(_ row: Postgres.Row) throws -> StoredAlert {
        guard let kind = Alarm.Kind(rawValue: try row.string(1)), let severity = Alarm.Severity(rawValue: try row.string(4)) else {
            throw RowError.unrepresentable(column: "kind", type: "text")
        }
        return StoredAlert(
            id: try row.string(0),
            alarm: Alarm(
                .init(kind, scope: try row.string(2), key: try row.string(3)), severity, message: try row.string(6),
                count: try row.int(7), subject: try row.json(5), details: try row.json(8)),
            openedAt: try row.instant(9), updatedAt: try row.instant(10), clearedAt: try row.instantOrNil(11),
            recordedAt: try row.instant(12), clearedRecordedAt: try row.instantOrNil(13),
            clearedBecause: try row.stringOrNil(14).flatMap(StoredAlert.Clearing.init), acknowledgedBy: try row.stringOrNil(15),
            acknowledgedAt: try row.instantOrNil(16))
    }

    /// Opens an alarm, or brings the one that is open for its cause up to date. Says which, and what is stored now; of any number
    /// that open one cause at once exactly one is told that it did. `now` is of the shown clock.
    static func open(
        _ alarm: Alarm, now: Int64, on connection: PostgresConnection
    ) async throws -> (alert: StoredAlert, isNew: Bool) {
        let own: String? = alarm.severity == .info ? ownName : nil
        let row = try await connection.query("""
            insert into alerts as a (kind, scope, key, severity, subject, message, count, details, opened_at, updated_at,
                acknowledged_by, acknowledged_at)
            values (\(alarm.cause.kind.rawValue), \(alarm.cause.scope), \(alarm.cause.key), \(alarm.severity.rawValue),
                \(alarm.subject)::json, \(alarm.message), \(alarm.count), \(alarm.details)::json, \(.instant(now)), \(.instant(now)),
                \(own), case when \(own) is not null then clock_timestamp() end)
            on conflict (kind, scope, key) where cleared_at is null do update set
                severity = excluded.severity, subject = excluded.subject, message = excluded.message, count = excluded.count,
                details = excluded.details, updated_at = greatest(a.updated_at, excluded.updated_at)
            returning \(alertColumns), a.xmax = 0
            """).only()
        return (try alert(row), try row.bool(17))
    }

    /// Clears an alarm. nil where another has cleared it before.
    static func clear(
        _ id: String, because: StoredAlert.Clearing, now: Int64, on connection: PostgresConnection
    ) async throws -> StoredAlert? {
        try await connection.query("""
            update alerts set cleared_at = greatest(opened_at, \(.instant(now))), cleared_recorded_at = clock_timestamp(),
                cleared_because = \(because.rawValue)
            where id = \(id)::uuid and cleared_at is null returning \(alertColumns)
            """).first.map(alert)
    }

    static func openAlerts(on connection: PostgresConnection) async throws -> [StoredAlert] {
        try await connection.query("""
            select \(alertColumns) from alerts where cleared_at is null order by kind, scope, key
            """).map(alert)
    }

    /// Newest first; `after` is the last id of the page before. `dataset` leaves the upstreams' alarms out.
    package func alerts(
        state: AlertState, kind: Alarm.Kind?, dataset: String?, after: String?, limit: Int
    ) async throws -> [StoredAlert] {
        if let after, !isUUID(after) { return [] }
        let kindName = kind?.rawValue
        return try await pool.read("""
            select \(Self.alertColumns) from alerts
            where (\(state == .all) or (cleared_at is null) = \(state == .open)) and (\(kindName) is null or kind = \(kindName))
                and (\(dataset) is null or (scope = \(dataset) and kind in ('incomplete_day', 'late_slot', 'quality')))
                and (\(after)::uuid is null
                    or (recorded_at, id) < (select a.recorded_at, a.id from alerts a where a.id = \(after)::uuid))
            order by recorded_at desc, id desc limit \(limit)
            """).map(Self.alert)
    }

    /// Somebody has taken note. The first name stays. nil where there is no such alarm.
    package func acknowledge(alert id: String, by asker: Asker) async throws -> StoredAlert? {
        guard isUUID(id) else { return nil }
        return try await pool.transaction { connection in
            let fresh = try await connection.query("""
                update alerts set acknowledged_at = clock_timestamp(), acknowledged_by = \(asker.name)
                where id = \(id)::uuid and acknowledged_at is null returning id::text
                """)
            // The row's own id: it may have been typed in capitals.
            if let row = fresh.first {
                try await Self.audit(AuditNote(.alertAcknowledged, of: try row.string(0), by: asker), on: connection)
            }
            return try await connection.query("select \(Self.alertColumns) from alerts where id = \(id)::uuid").first.map(Self.alert)
        }
    }

    /// How many alarms of a kind and severity are open for a dataset or upstream.
    package struct OpenAlerts: Sendable, Hashable {
        package let kind: Alarm.Kind
        package let severity: Alarm.Severity
        package let scope: String
        package let count: Int
    }

    /// For gauges.
    package func openAlerts() async throws -> [OpenAlerts] {
        try await pool.read("""
            select kind, severity, scope, count(*) from alerts where cleared_at is null group by 1, 2, 3 order by 1, 2, 3
            """).compactMap { row in
                guard let kind = Alarm.Kind(rawValue: try row.string(0)), let severity = Alarm.Severity(rawValue: try row.string(1))
                else { return nil }
                return OpenAlerts(kind: kind, severity: severity, scope: try row.string(2), count: try row.int(3))
            }
    }
}
