internal import Postgres
package import Series

/// Budgets as people and forecasts look at them: nothing is reserved here.
extension Store {
    /// What stands in the way of a request to an upstream now.
    package struct BudgetState: Sendable, Equatable {
        package let upstream: String
        /// nil: of all requests that name none.
        package let scope: String?
        package let quota: Int
        package let windowSeconds: Int
        /// What counts in the window: the last moments, of the shown clock, at which requests may have been sent, and how many; in order.
        package let spends: [(at: Double, requests: Int)]
        /// Real seconds that the upstream is left alone; 0 where it is not.
        package let restingSeconds: Double
        /// Scopes that have a budget of their own and are in use: something was spent in their window, or they rest. By their names.
        package fileprivate(set) var scopes: [BudgetState] = []
        /// Where the upstream counts tokens beside requests.
        package fileprivate(set) var tokens: TokenFacts?

        package static func == (a: BudgetState, b: BudgetState) -> Bool {
            a.upstream == b.upstream && a.scope == b.scope && a.quota == b.quota && a.windowSeconds == b.windowSeconds
                && a.restingSeconds == b.restingSeconds && a.scopes == b.scopes && a.tokens == b.tokens
                && a.spends.elementsEqual(b.spends) { $0 == $1 }
        }

        package var counted: Int { spends.reduce(0) { $0 + $1.requests } }
        package var left: Int { max(0, quota - counted) }

        /// That of a scope, by the same rule: untouched where it is not in use.
        package func of(_ scope: String?) -> BudgetState {
            guard let scope else { return self }
            return scopes.first { $0.scope == scope }
                ?? BudgetState(
                    upstream: upstream, scope: scope, quota: quota, windowSeconds: windowSeconds, spends: [], restingSeconds: 0)
        }

        /// The scopes in use, those first that rest longest or have least left.
        package var busiest: [BudgetState] {
            scopes.sorted { ($1.restingSeconds, $1.counted, $0.scope ?? "") < ($0.restingSeconds, $0.counted, $1.scope ?? "") }
        }

        /// What a request meets where most is in its way: this, or the busiest scope.
        package var worst: BudgetState {
            guard let busiest = busiest.first else { return self }
            return (busiest.restingSeconds, busiest.counted) < (restingSeconds, counted) ? self : busiest
        }
    }

    /// The budgets that are declared, one for each upstream, or one of them, at `now` of the shown clock.
    package func budgetStates(upstream: String? = nil, now: Double) async throws -> [BudgetState] {
        // A spend counts by `BudgetPace.counted`.
        let rows = try await pool.read("""
            select b.upstream, r.quota::int8, r.window_seconds::int8,
                greatest(0, coalesce(extract(epoch from b.quiet_until - clock_timestamp()), 0))::float8,
                extract(epoch from s.spent_at)::float8, s.requests::int8, b.scope
            from budgets b join budgets r on r.upstream = b.upstream and r.scope = ''
                left join budget_spends s on s.upstream = b.upstream and s.scope = b.scope and s.spent_at
                    > to_timestamp(\(now)) - make_interval(secs => r.window_seconds + least(1, r.window_seconds / 10.0::float8))
            where (\(upstream)::text is null or b.upstream = \(upstream))
                and (b.scope = '' or s.spent_at is not null or b.quiet_until > clock_timestamp())
            order by b.upstream, b.scope, s.spent_at
            """)
        var states: [BudgetState] = []
        for row in rows {
            let (name, scope) = (try row.string(0), try row.string(6))
            let spend = try row.doubleOrNil(4).map { (at: $0, requests: try row.int(5)) }
            var spends = spend.map { [$0] } ?? []
            if let last = states.last, last.upstream == name, (last.scope ?? "") == scope { spends = states.removeLast().spends + spends }
            states.append(
                BudgetState(
                    upstream: name, scope: scope.isEmpty ? nil : scope, quota: try row.int(1), windowSeconds: try row.int(2),
                    spends: spends, restingSeconds: try row.double(3)))
        }
        let tokens = try await tokenFacts(now: now, upstream: upstream)
        let scopes = Dictionary(grouping: states.filter { $0.scope != nil }, by: \.upstream)
        return states.filter { $0.scope == nil }.map { state in
            var state = state
            state.scopes = scopes[state.upstream] ?? []
            state.tokens = tokens[state.upstream]
            return state
        }
    }

    /// Takes out budgets of scopes of which nothing was asked for two windows and an hour, at `now` of the shown clock, and that are
    /// under no rest. Returns whether more may be left.
    @discardableResult
    package func sweepScopes(now: Double) async throws -> Bool {
        let most = 1000
        return try await pool.transaction { connection in
            // Locked first: who reserves meanwhile is waited for, and what it spent is seen by the statement after.
            let rows = try await connection.query("""
                select b.upstream, b.scope from budgets b
                where b.scope <> '' and not b.is_throttled and not exists (
                    select from budget_spends s join budgets r on r.upstream = s.upstream and r.scope = ''
                    where s.upstream = b.upstream and s.scope = b.scope
                        and s.spent_at > to_timestamp(\(now)) - make_interval(secs => 2 * r.window_seconds + 3600))
                order by b.upstream, b.scope limit \(most) for update of b skip locked
                """)
            let places = try rows.map { (try $0.string(0), try $0.string(1)) }
            if places.isEmpty { return false }
            _ = try await connection.query("""
                delete from budgets b using unnest(\(places.map(\.0))::text[], \(places.map(\.1))::text[]) as p (upstream, scope)
                where b.upstream = p.upstream and b.scope = p.scope and not b.is_throttled and not exists (
                    select from budget_spends s join budgets r on r.upstream = s.upstream and r.scope = ''
                    where s.upstream = b.upstream and s.scope = b.scope
                        and s.spent_at > to_timestamp(\(now)) - make_interval(secs => 2 * r.window_seconds + 3600))
                """)
            return places.count == most
        }
    }
}
