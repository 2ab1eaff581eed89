internal import Postgres

/// What is kept for a time only. Any number of processes may sweep at once: what another has locked is left to it.
extension Store {
    /// Rows that one statement takes out, so that no sweep holds locks for long.
    private static let sweptMax = 1000

    /// Takes out plans and kept answers whose time is over. Returns whether more may be left.
    @discardableResult
    package func sweepExpired() async throws -> Bool {
        let plans = try await pool.query("""
            delete from plans where id in (
                select id from plans where expires_at < now() - interval '15 minutes'
                order by expires_at limit \(Self.sweptMax) for update skip locked) returning true
            """)
        let keys = try await pool.query("""
            delete from request_keys where (client, route, key) in (
                select client, route, key from request_keys where created_at < now() - interval '24 hours'
                order by created_at limit \(Self.sweptMax) for update skip locked) returning true
            """)
        return plans.count == Self.sweptMax || keys.count == Self.sweptMax
    }

    /// Takes out what has been over for longer than so many seconds: ingestions that have ended with all that hangs on them, receipts,
    /// events.
    /// nil keeps. Rows and revisions keep the numbers of the calls that wrote them. Returns whether more may be left.
    @discardableResult
    package func sweepEnded(tasks: Int64?, receipts: Int64?, events: Int64?) async throws -> Bool {
        var isMore = false
        if let tasks { isMore = try await sweepIngestions(olderThan: tasks) }
        if let receipts {
            let gone = try await pool.query("""
                delete from receipts where id in (
                    select id from receipts where recorded_at < now() - make_interval(secs => \(Double(receipts)))
                    order by recorded_at limit \(Self.sweptMax) for update skip locked) returning true
                """)
            isMore = isMore || gone.count == Self.sweptMax
        }
        if let events {
            let gone = try await pool.query("""
                delete from ingestion_events where id in (
                    select id from ingestion_events where at < now() - make_interval(secs => \(Double(events)))
                    order by at limit \(Self.sweptMax) for update skip locked) returning true
                """)
            isMore = isMore || gone.count == Self.sweptMax
        }
        return isMore
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
            _ = try await connection.query("""
                delete from ingestions i where i.id = any(\(ids)::uuid[]) and not exists (select from tasks t where t.ingestion_id = i.id)
                    and not exists (select from ingestion_events e where e.ingestion_id = i.id)
                """)
            return ids.count == atOnce || tasks.count == Self.sweptMax || events.count == Self.sweptMax
        }
    }
}
