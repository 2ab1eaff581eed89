internal import Postgres

/// What an upstream lets us spend, shared by every process: a quota of requests in any window of a given length, and the rest that
/// it asked for.
///
/// Each spend is a row, stamped with the last moment at which its requests may still be sent, and the sum over the window decides,
/// under the budget's row lock: exact to the request, also at the window's edges, where a token bucket would let through up to twice
/// the quota in one window. A spend counts for a second more than its window: upstreams count by whole seconds, and a request takes
/// a while to reach them. What was reserved is committed, and so on disk, before anything of it is sent: a server that is killed
/// forgets no spend.
extension Store {
    /// So many requests that may be sent now.
    package struct Grant: Sendable, Equatable {
        package let count: Int
        /// The spend's stamp, on the shown clock: names it where it is given back.
        package let spentAt: Double
        /// The one request that goes first after a rest. Whoever has it says what became of it.
        package let isProbe: Bool

        package init(count: Int, spentAt: Double, isProbe: Bool) {
            self.count = count
            self.spentAt = spentAt
            self.isProbe = isProbe
        }
    }

    package enum Reservation: Sendable, Equatable {
        case granted(Grant)
        /// The quota is spent: none before so many seconds of the shown clock have passed.
        case wait(seconds: Double)
        /// The upstream asked for a rest, or a probe of it is under way: none before so many seconds of real time.
        case resting(seconds: Double)
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

    /// Reserves up to `wanted` requests at `now` (shown clock), at least one or none.
    ///
    /// - Parameters:
    ///   - goodFor: seconds of the shown clock in which they will be sent or given back.
    ///   - probeSeconds: real seconds after which a probe that nobody spoke of any more is taken for lost.
    package func reserve(
        upstream: String, wanted: Int, now: Double, goodFor: Double = 0, probeSeconds: Double = 60
    ) async throws -> Reservation {
        try await pool.transaction { connection in
            // The lock first, in a statement of its own: the sum below must be read after it is held.
            let rule = try await connection.query("""
                select quota::int8, window_seconds::int8, is_throttled,
                    coalesce(extract(epoch from quiet_until - clock_timestamp()), 0)::float8,
                    coalesce(extract(epoch from probe_until - clock_timestamp()), 0)::float8
                from budgets where upstream = \(upstream) for update
                """).only()
            let isProbe = try rule.bool(2)
            let (quiet, probing) = (try rule.double(3), try rule.double(4))
            if quiet > 0 { return .resting(seconds: quiet) }
            // Another has the probe; how it ends is learnt by asking again.
            if isProbe && probing > 0 { return .resting(seconds: min(probing, 0.5)) }
            let (quota, window) = (try rule.int(0), Double(try rule.int64(1)))
            let asked = isProbe ? 1 : max(1, wanted)
            let stamp = Self.stamp(now + max(0, goodFor), quota: quota, window: window)
            let statement = spendStatement(upstream, asked, quota, stamp: stamp, after: now - window - 1, window)
            let spent = try await connection.query(statement).only()
            let left = quota - (try spent.int(0))
            if left <= 0 { return .wait(seconds: max(0.001, (try spent.doubleOrNil(1) ?? now) + window + 1 - now)) }
            if isProbe {
                _ = try await connection.query("""
                    update budgets set probe_until = clock_timestamp() + make_interval(secs => \(probeSeconds))
                    where upstream = \(upstream)
                    """)
            }
            return .granted(Grant(count: min(left, asked), spentAt: stamp, isProbe: isProbe))
        }
    }

    /// Takes what is left of the quota, at most `asked`; shows what was spent before, and when first.
    private func spendStatement(
        _ upstream: String, _ asked: Int, _ quota: Int, stamp: Double, after: Double, _ window: Double
    ) -> SQL {
        // Kept for a window longer than they count: a host whose clock is behind must still find them.
        """
        with gone as (
            delete from budget_spends where upstream = \(upstream) and spent_at <= to_timestamp(\(after - window))
        ), spent as (
            select coalesce(sum(requests), 0)::int8 as requests, min(spent_at) as first from budget_spends
            where upstream = \(upstream) and spent_at > to_timestamp(\(after))
        ), taken as (
            insert into budget_spends (upstream, spent_at, requests)
            select \(upstream), to_timestamp(\(stamp)), least(\(asked), \(quota) - requests)::int4 from spent where requests < \(quota)
            on conflict (upstream, spent_at) do update set requests = budget_spends.requests + excluded.requests
        )
        select requests, extract(epoch from first)::float8 from spent
        """
    }

    /// Of a large quota the spends of a thousandth of the window are one row, stamped with its end: later, so never too many, and no
    /// sum reads more than a thousand rows or so.
    private static func stamp(_ instant: Double, quota: Int, window: Double) -> Double {
        if quota <= 1000 { return instant }
        let slice = window / 1000
        return (instant / slice).rounded(.up) * slice
    }

    /// Gives requests of a grant back that were not sent and will not be. Not to be tried again where it throws: it may have been done.
    package func giveBack(upstream: String, _ grant: Grant) async throws {
        _ = try await pool.query("""
            with gone as (
                delete from budget_spends
                where upstream = \(upstream) and spent_at = to_timestamp(\(grant.spentAt)) and requests <= \(grant.count)
            )
            update budget_spends set requests = requests - \(Int32(clamping: grant.count))
            where upstream = \(upstream) and spent_at = to_timestamp(\(grant.spentAt)) and requests > \(grant.count)
            """)
        if grant.isProbe { try await probeEnded(upstream: upstream, isWell: false) }
    }

    /// Requests spent in the window that ends at `now`.
    package func spent(upstream: String, now: Int64) async throws -> (spent: Int, quota: Int, windowSeconds: Int) {
        let row = try await pool.read("""
            select quota::int8, window_seconds::int8, (
                select coalesce(sum(requests), 0)::int8 from budget_spends s
                where s.upstream = b.upstream and s.spent_at > \(.instant(now)) - make_interval(secs => b.window_seconds + 1)
            ) from budgets b where upstream = \(upstream)
            """).only()
        return (try row.int(2), try row.int(0), try row.int(1))
    }
}
