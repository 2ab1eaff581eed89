internal import Postgres

/// Budgets as people and forecasts look at them: nothing is reserved here.
extension Store {
    /// What stands in the way of a request to an upstream now.
    package struct BudgetState: Sendable, Equatable {
        package let upstream: String
        package let quota: Int
        package let windowSeconds: Int
        /// What counts in the window: the last moments, of the shown clock, at which requests may have been sent, and how many; in order.
        package let spends: [(at: Double, requests: Int)]
        /// Real seconds that the upstream is left alone; 0 where it is not.
        package let restingSeconds: Double

        package static func == (a: BudgetState, b: BudgetState) -> Bool {
            a.upstream == b.upstream && a.quota == b.quota && a.windowSeconds == b.windowSeconds
                && a.restingSeconds == b.restingSeconds && a.spends.elementsEqual(b.spends) { $0 == $1 }
        }

        package var counted: Int { spends.reduce(0) { $0 + $1.requests } }
    }

    /// The budgets that are declared, or one of them, at `now` of the shown clock.
    package func budgetStates(upstream: String? = nil, now: Double) async throws -> [BudgetState] {
        let rows = try await pool.read("""
            select b.upstream, b.quota::int8, b.window_seconds::int8,
                greatest(0, coalesce(extract(epoch from b.quiet_until - clock_timestamp()), 0))::float8,
                extract(epoch from s.spent_at)::float8, s.requests::int8
            from budgets b left join budget_spends s on s.upstream = b.upstream
                and s.spent_at > to_timestamp(\(now)) - make_interval(secs => b.window_seconds + 1)
            where \(upstream)::text is null or b.upstream = \(upstream) order by b.upstream, s.spent_at
            """)
        var states: [BudgetState] = []
        for row in rows {
            let name = try row.string(0)
            let spend = try row.doubleOrNil(4).map { ($0, try row.int(5)) }
            let spends = (states.last?.upstream == name ? states.removeLast().spends : []) + (spend.map { [$0] } ?? [])
            states.append(BudgetState(
                upstream: name, quota: try row.int(1), windowSeconds: try row.int(2), spends: spends.map { (at: $0.0, requests: $0.1) },
                restingSeconds: try row.double(3)))
        }
        return states
    }
}
