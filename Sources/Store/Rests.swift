internal import Postgres

/// Rests that an upstream asked for. They are the upstream's, or the scope's that was refused, not the process's that was told:
/// every process learns of them when it reserves. They go by real time and the database's clock, whatever the shown clock does.
extension Store {
    /// What a refusal led to.
    package struct Rest: Sendable, Equatable {
        /// Real seconds that everybody rests from now on, and what was left of a rest before.
        package let seconds: Double
        package let before: Double

        package init(seconds: Double, before: Double) {
            self.seconds = seconds
            self.before = before
        }
    }

    /// A request was refused for the quota's sake (status 429): nobody sends before the rest is over, and then one first.
    ///
    /// - Parameters:
    ///   - seconds: what Retry-After said; nil or 0 where it named no time: then a second, and twice as long after each further refusal,
    ///     `doublingMax` at most, until a probe was answered well.
    ///   - sentAgo: real seconds since the request was sent. One that was sent before the last rest began is of the same moment as what
    ///     began it, and does not double it.
    ///   - ceiling: the longest rest that is believed.
    package func rest(
        upstream: String, scope: String? = nil, seconds: Double?, sentAgo: Double, wasProbe: Bool, ceiling: Double = 3600,
        doublingMax: Double = 600
    ) async throws -> Rest {
        try await pool.transaction { connection in
            let row = try await Self.lock(upstream, scope, """
                coalesce(greatest(0, extract(epoch from b.quiet_until - clock_timestamp())), 0)::float8, b.rest_seconds,
                    coalesce(extract(epoch from clock_timestamp() - b.rested_at), 1e9)::float8
                """, on: connection)
            let (left, doubling, begunAgo) = (try row.double(0), try row.double(1), try row.double(2))
            var (rest, next) = (left, doubling)
            if let seconds, seconds > 0 {
                rest = max(left, min(seconds, ceiling))
            } else if left == 0, sentAgo < begunAgo {
                rest = min(doubling, doublingMax)
                next = min(doubling * 2, doublingMax)
            }
            _ = try await connection.query("""
                update budgets set is_throttled = true, rest_seconds = \(next),
                    quiet_until = case when \(rest > left) then clock_timestamp() + make_interval(secs => \(rest)) else quiet_until end,
                    rested_at = case when \(rest > left && left == 0) then clock_timestamp() else rested_at end,
                    probe_until = case when \(wasProbe) then null else probe_until end
                where upstream = \(upstream) and scope = \(scope ?? "")
                """)
            return Rest(seconds: rest, before: left)
        }
    }

    /// The probe was answered: well, and everybody may go on; or not, and another tries.
    package func probeEnded(upstream: String, scope: String? = nil, isWell: Bool) async throws {
        _ = try await pool.query("""
            update budgets set probe_until = null, is_throttled = is_throttled and not \(isWell),
                rest_seconds = case when \(isWell) then 1 else rest_seconds end
            where upstream = \(upstream) and scope = \(scope ?? "")
            """)
    }
}
