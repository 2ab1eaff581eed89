internal import Postgres

/// Counts of what is under way in the store, for those who watch it.
package struct StoreFigures: Sendable {
    /// Tasks that a worker may take or has, and those that are parked until somebody resumes their ingestion or files it anew.
    package struct Tasks: Sendable {
        package let dataset: String
        package let lane: String
        package let status: String
        package let count: Int
        /// Real seconds: of available ones since the oldest that may run was filed, became due or was resumed, of others since the oldest
        /// was begun or parked.
        package let oldestSeconds: Double
    }

    package struct Ingestions: Sendable {
        package let dataset: String
        package let lane: String
        package let status: String
        package let count: Int
    }

    package var tasks: [Tasks] = []
    package var ingestions: [Ingestions] = []
    package var budgets: [Store.BudgetState] = []
    package var alerts: [Store.OpenAlerts] = []

    package init() {}
}

extension Store {
    /// Each count is read along an index of what is open. `now`: the shown clock, by which budgets are spent.
    package func figures(now: Double) async throws -> StoreFigures {
        var figures = StoreFigures()
        figures.tasks = try await pool.read("""
            select dataset, lane, status, count(*), coalesce(max(extract(epoch from now() - since)), 0)::float8 from (
                -- Those that are paused wait for no worker, and have not since before they were resumed.
                select i.dataset, i.lane, t.status, case when t.next_at <= now() then greatest(t.next_at, i.moved_at) end as since
                from tasks t join ingestions i on i.id = t.ingestion_id
                where t.status = 'available' and i.status in ('pending', 'running')
                union all
                select i.dataset, i.lane, t.status, t.begun_at from tasks t join ingestions i on i.id = t.ingestion_id
                where t.status = 'running'
                union all
                -- Whom a later ingestion of the same has overtaken needs nobody's look any more.
                select i.dataset, i.lane, t.status, t.finished_at from tasks t join ingestions i on i.id = t.ingestion_id
                where t.status = 'parked' and i.status in ('pending', 'running', 'paused', 'partial', 'failed') and not exists (
                    select from ingestions n where n.dataset = i.dataset and n.selection_digest = i.selection_digest
                        and n.created_at > i.created_at)
            ) t group by 1, 2, 3 order by 1, 2, 3
            """).map { row in
                StoreFigures.Tasks(
                    dataset: try row.string(0), lane: try row.string(1), status: try row.string(2), count: try row.int(3),
                    oldestSeconds: max(0, try row.double(4)))
            }
        figures.ingestions = try await pool.read("""
            select dataset, lane, status, count(*) from ingestions where status in ('pending', 'running', 'paused')
            group by 1, 2, 3 order by 1, 2, 3
            """).map { row in
                StoreFigures.Ingestions(
                    dataset: try row.string(0), lane: try row.string(1), status: try row.string(2), count: try row.int(3))
            }
        figures.budgets = try await budgetStates(now: now)
        figures.alerts = try await openAlerts()
        return figures
    }
}
