internal import Postgres

/// What is kept for a time only. Any number of processes may sweep at once: what another has locked is left to it.
extension Store {
    /// Rows that one statement takes out, so that no sweep holds locks for long.
    private static let sweptMax = 1000

    /// Takes out the oldest rows of a table whose instant (real time) is further back than so many seconds. Returns whether more may be
    /// left.
    private func sweep(_ table: SQL, _ key: SQL = "id", by instant: SQL, olderThan seconds: Int64) async throws -> Bool {
        let gone = try await pool.query("""
            delete from \(table) where (\(key)) in (
                select \(key) from \(table) where \(instant) < now() - make_interval(secs => \(Double(seconds)))
                order by \(instant) limit \(Self.sweptMax) for update skip locked) returning true
            """)
        return gone.count == Self.sweptMax
    }

    /// Takes out plans and kept answers whose time is over. Returns whether more may be left.
    @discardableResult
    package func sweepExpired() async throws -> Bool {
        let plans = try await sweep("plans", by: "expires_at", olderThan: 900)
        let keys = try await sweep("request_keys", "client, route, key", by: "created_at", olderThan: 86_400)
        return plans || keys
    }

    /// Takes out what has been over for longer than so many seconds: ingestions that have ended with all that hangs on them, receipts,
    /// events, and with the ingestions refused records that were settled, or that speak of no slot. nil keeps. Rows and revisions keep
    /// the numbers of the calls that wrote them. Returns whether more may be left.
    @discardableResult
    package func sweepEnded(tasks: Int64?, receipts: Int64?, events: Int64?) async throws -> Bool {
        var isMore = false
        if let tasks {
            isMore = try await sweepIngestions(olderThan: tasks)
            if try await sweep("quarantine", by: "kept_from", olderThan: tasks) { isMore = true }
        }
        if let receipts, try await sweep("receipts", by: "recorded_at", olderThan: receipts) { isMore = true }
        if let events, try await sweep("ingestion_events", by: "at", olderThan: events) { isMore = true }
        return isMore
    }

    /// Takes out notes of who did what that are older than so many seconds; nil keeps. Returns whether more may be left.
    @discardableResult
    package func sweepAudit(keptFor seconds: Int64?) async throws -> Bool {
        guard let seconds else { return false }
        return try await sweep("audit", by: "at", olderThan: seconds)
    }

    /// A webhook's delivery counts as lost after so many seconds, and is forgotten as many after its end.
    private static let deliverySeconds: Int64 = 30 * 86_400

    /// Takes out alarms that were cleared longer ago than so many seconds (nil keeps), and what was told and counted for them: deliveries
    /// after a month, outcomes of requests after a day. Deliveries that nobody has taken for a month are given up: there may be no webhook
    /// any more. Returns whether more may be left.
    @discardableResult
    package func sweepAlerts(keptFor seconds: Int64?) async throws -> Bool {
        let lost = try await pool.query("""
            update alert_deliveries set ended_at = now(), ended = 'given_up', error = coalesce(error, 'not tried') where ordinal in (
                select ordinal from alert_deliveries
                where ended_at is null and created_at < now() - make_interval(secs => \(Double(Self.deliverySeconds)))
                order by created_at limit \(Self.sweptMax) for update skip locked) returning true
            """)
        let deliveries = try await sweep("alert_deliveries", "ordinal", by: "ended_at", olderThan: Self.deliverySeconds)
        let outcomes = try await sweep("upstream_outcomes", "upstream, noted_at, outcome", by: "noted_at", olderThan: 86_400)
        let isMore = lost.count == Self.sweptMax || deliveries || outcomes
        guard let seconds else { return isMore }
        return try await sweep("alerts", by: "cleared_recorded_at", olderThan: seconds) || isMore
    }

    /// Piece by piece: what hangs on an ingestion goes first, and nobody resumes one that is going.
    private func sweepIngestions(olderThan seconds: Int64) async throws -> Bool {
        let atOnce = 20
        return try await pool.transaction { connection in
            let old = try await connection.query("""
                select id::text from ingestions where finished_at < now() - make_interval(secs => \(Double(seconds)))
                order by finished_at limit \(atOnce) for update skip locked
                """)
            let ids = try old.map { try $0.string(0) }
            if ids.isEmpty { return false }
            _ = try await connection.query("""
                update ingestions set is_expiring = true where id = any(\(ids)::uuid[]) and not is_expiring
                """)
            let tasks = try await connection.query("""
                delete from tasks where id in (
                    select id from tasks where ingestion_id = any(\(ids)::uuid[]) limit \(Self.sweptMax)) returning true
                """)
            let events = try await connection.query("""
                delete from ingestion_events where id in (
                    select id from ingestion_events where ingestion_id = any(\(ids)::uuid[]) limit \(Self.sweptMax)) returning true
                """)
            let quality = try await connection.query("""
                delete from quality where ctid = any(array(
                    select ctid from quality where ingestion_id = any(\(ids)::uuid[]) limit \(Self.sweptMax))) returning true
                """)
            _ = try await connection.query("""
                delete from ingestions i where i.id = any(\(ids)::uuid[]) and not exists (select from tasks t where t.ingestion_id = i.id)
                    and not exists (select from ingestion_events e where e.ingestion_id = i.id)
                    and not exists (select from quality q where q.ingestion_id = i.id)
                """)
            return ids.count == atOnce || [tasks, events, quality].contains { $0.count == Self.sweptMax }
        }
    }
}
