internal import Postgres
internal import Series

/// What an upstream lets us spend, shared by every process: a quota of requests in any window of a given length, and the rest that
/// it asked for.
///
/// Each spend is a row, stamped with the last moment at which its requests may still be sent, and the sum over the window decides,
/// under the budget's row lock: exact to the request, also at the window's edges, where a token bucket would let through up to twice
/// the quota in one window. A spend counts for somewhat more than its window (`BudgetPace.counted`). What was reserved is committed, and
/// so on disk, before anything of it is sent: a server that is killed forgets no spend.
///
/// An upstream may count apart what different requests are about (Kraken: a pair): each such scope has a budget and rests of its own, by
/// the upstream's rule, from its first reservation on until nobody has asked for it for long. nil is the budget of all that names none.
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
            on conflict (upstream, scope) do update set quota = excluded.quota, window_seconds = excluded.window_seconds
            where (budgets.quota, budgets.window_seconds) is distinct from (excluded.quota, excluded.window_seconds)
            """)
    }

    /// Reserves up to `wanted` requests at `now` (shown clock), at least one or none.
    ///
    /// - Parameters:
    ///   - goodFor: seconds of the shown clock in which they will be sent or given back.
    ///   - probeSeconds: real seconds after which a probe that nobody spoke of any more is taken for lost.
    package func reserve(
        upstream: String, scope: String? = nil, wanted: Int, now: Double, goodFor: Double = 0, probeSeconds: Double = 60
    ) async throws -> Reservation {
        try await pool.transaction { connection in
            // The lock first, in a statement of its own: the sum below must be read after it is held.
            let rule = try await Self.lock(upstream, scope, """
                coalesce(b.quota, r.quota)::int8, coalesce(b.window_seconds, r.window_seconds)::int8, b.is_throttled,
                    coalesce(extract(epoch from b.quiet_until - clock_timestamp()), 0)::float8,
                    coalesce(extract(epoch from b.probe_until - clock_timestamp()), 0)::float8
                """, on: connection)
            let isProbe = try rule.bool(2)
            let (quiet, probing) = (try rule.double(3), try rule.double(4))
            if quiet > 0 { return .resting(seconds: quiet) }
            // Another has the probe; how it ends is learnt by asking again.
            if isProbe && probing > 0 { return .resting(seconds: min(probing, 0.5)) }
            let (quota, window) = (try rule.int(0), Double(try rule.int64(1)))
            let asked = isProbe ? 1 : max(1, wanted)
            let stamp = Self.stamp(now + max(0, goodFor), quota: quota, window: window)
            let counted = BudgetPace.counted(windowSeconds: window)
            let statement = spendStatement(upstream, scope ?? "", asked, quota, stamp: stamp, after: now - counted, window)
            let spent = try await connection.query(statement).only()
            let left = quota - (try spent.int(0))
            if left <= 0 { return .wait(seconds: max(0.001, (try spent.doubleOrNil(1) ?? now) + counted - now)) }
            if isProbe {
                _ = try await connection.query("""
                    update budgets set probe_until = clock_timestamp() + make_interval(secs => \(probeSeconds))
                    where upstream = \(upstream) and scope = \(scope ?? "")
                    """)
            }
            return .granted(Grant(count: min(left, asked), spentAt: stamp, isProbe: isProbe))
        }
    }

    /// Locks a budget's row (`b`; `r` is the upstream's rule) and reads it. A scope that nothing was asked of yet has none: it gets one.
    static func lock(
        _ upstream: String, _ scope: String?, _ columns: SQL, on connection: PostgresConnection
    ) async throws -> Postgres.Row {
        while true {
            let rows = try await connection.query("""
                select \(columns) from budgets b join budgets r on r.upstream = b.upstream and r.scope = ''
                where b.upstream = \(upstream) and b.scope = \(scope ?? "") for update of b
                """)
            guard rows.isEmpty, let scope else { return try rows.only() }
            let made = try await connection.query("""
                insert into budgets (upstream, scope) select upstream, \(scope) from budgets where upstream = \(upstream) and scope = ''
                on conflict do nothing returning true
                """)
            // Another process has made it, or nobody has declared the upstream.
            let isDeclared = try await connection.query("select from budgets where upstream = \(upstream) and scope = ''")
            if made.isEmpty, isDeclared.isEmpty { return try rows.only() }
        }
    }

    /// Takes what is left of the quota, at most `asked`; shows what was spent before, and when first.
    private func spendStatement(
        _ upstream: String, _ scope: String, _ asked: Int, _ quota: Int, stamp: Double, after: Double, _ window: Double
    ) -> SQL {
        // Kept for a window longer than they count: a host whose clock is behind must still find them.
        """
        with gone as (
            delete from budget_spends
            where upstream = \(upstream) and scope = \(scope) and spent_at <= to_timestamp(\(after - window))
        ), spent as (
            select coalesce(sum(requests), 0)::int8 as requests, min(spent_at) as first from budget_spends
            where upstream = \(upstream) and scope = \(scope) and spent_at > to_timestamp(\(after))
        ), taken as (
            insert into budget_spends (upstream, scope, spent_at, requests)
            select \(upstream), \(scope), to_timestamp(\(stamp)), least(\(asked), \(quota) - requests)::int4 from spent
            where requests < \(quota)
            on conflict (upstream, scope, spent_at) do update set requests = budget_spends.requests + excluded.requests
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
    package func giveBack(upstream: String, scope: String? = nil, _ grant: Grant) async throws {
        let place = scope ?? ""
        _ = try await pool.query("""
            with gone as (
                delete from budget_spends
                where upstream = \(upstream) and scope = \(place) and spent_at = to_timestamp(\(grant.spentAt))
                    and requests <= \(grant.count)
            )
            update budget_spends set requests = requests - \(Int32(clamping: grant.count))
            where upstream = \(upstream) and scope = \(place) and spent_at = to_timestamp(\(grant.spentAt))
                and requests > \(grant.count)
            """)
        if grant.isProbe { try await probeEnded(upstream: upstream, scope: scope, isWell: false) }
    }
}
