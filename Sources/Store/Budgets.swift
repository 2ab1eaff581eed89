internal import Postgres

/// What an upstream lets us spend, shared by every process: a quota of requests in any window of a given length.
///
/// Each spend is a row, and the sum over the window decides, under the budget's row lock: exact to the request, also at the
/// window's edges, where a token bucket would let through up to twice the quota in one window. Instants are whole seconds, so a
/// spend counts until a second after its window: too long rather than too short.
extension Store {
    package enum Reservation: Sendable, Equatable {
        /// So many requests may be sent now; they count as spent.
        case granted(Int)
        /// None before so many seconds of the shown clock have passed.
        case wait(seconds: Int64)
    }

    /// Declares the budget, or changes its limits to what the settings say now.
    package func declareBudget(upstream: String, quota: Int, windowSeconds: Int) async throws {
        _ = try await pool.query("""
            insert into budgets (upstream, quota, window_seconds)
            values (\(upstream), \(Int32(clamping: quota)), \(Int32(clamping: windowSeconds)))
            on conflict (upstream) do update set quota = excluded.quota, window_seconds = excluded.window_seconds
            where (budgets.quota, budgets.window_seconds) is distinct from (excluded.quota, excluded.window_seconds)
            """)
    }

    /// Reserves up to `wanted` requests at `now`, at least one or none.
    package func reserve(upstream: String, wanted: Int, now: Int64) async throws -> Reservation {
        try await pool.transaction { connection in
            // The lock first, in a statement of its own: the sum below must be read after it is held.
            let rule = try await connection.query("""
                select quota::int8, window_seconds::int8 from budgets where upstream = \(upstream) for update
                """).only()
            let quota = try rule.int(0)
            let window = try rule.int64(1)
            let spent = try await connection.query("""
                with gone as (
                    delete from budget_spends where upstream = \(upstream) and spent_at < \(.instant(now - window))
                )
                select coalesce(sum(requests), 0)::int8, min(spent_at) from budget_spends
                where upstream = \(upstream) and spent_at >= \(.instant(now - window))
                """).only()
            let left = quota - (try spent.int(0))
            if left <= 0 {
                let first = try spent.instantOrNil(1) ?? now
                return .wait(seconds: max(1, first + window + 1 - now))
            }
            let granted = min(left, max(1, wanted))
            _ = try await connection.query("""
                insert into budget_spends (upstream, spent_at, requests) values (\(upstream), \(.instant(now)), \(Int32(granted)))
                """)
            return .granted(granted)
        }
    }

    /// Requests spent in the window that ends at `now`.
    package func spent(upstream: String, now: Int64) async throws -> (spent: Int, quota: Int, windowSeconds: Int) {
        let row = try await pool.read("""
            select quota::int8, window_seconds::int8, (
                select coalesce(sum(requests), 0)::int8 from budget_spends s
                where s.upstream = b.upstream and s.spent_at >= \(.instant(now)) - make_interval(secs => b.window_seconds)
            ) from budgets b where upstream = \(upstream)
            """).only()
        return (try row.int(2), try row.int(0), try row.int(1))
    }
}
