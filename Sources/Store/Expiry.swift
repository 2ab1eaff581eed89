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
}
