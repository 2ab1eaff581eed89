internal import Postgres
internal import Series

/// Tasks that go back to the queue without an end.
extension Store {
    /// Gives an attempt up for now; the task may be claimed again after `seconds`. What the attempt spent is kept.
    package func postpone(_ task: ClaimedTask, with result: TaskResult, seconds: Double) async throws {
        try await pool.transaction { connection in
            try await Self.hold(task, on: connection)
            try await Self.insertReceipt(result, of: task, on: connection)
            _ = try await connection.query("""
                update tasks t set status = \(Self.putDown), finished_at = \(Self.putDownAt), lease_until = null, worker = null,
                    requests = t.requests + \(result.requests), tokens = t.tokens + \(result.tokens),
                    retries = t.retries + \(Self.retries(result, of: task)),
                    dropped = t.dropped + \(result.dropped), received = t.received + \(result.received),
                    next_at = now() + make_interval(secs => \(seconds)), error = \(result.reason),
                    \(Self.taken(result.performance))
                from ingestions i where t.id = \(task.id) and i.id = t.ingestion_id
                """)
        }
    }

    /// Hands a task back untouched, as if it had not been claimed: the worker is shutting down, or the ingestion is paused or cancelled.
    package func release(_ task: ClaimedTask, requests: Int, tokens: Int = 0) async throws {
        _ = try await pool.query("""
            update tasks t set status = \(Self.putDown), finished_at = \(Self.putDownAt), lease_until = null, worker = null,
                attempts = t.attempts - 1, requests = t.requests + \(requests), retries = t.retries + \(requests),
                tokens = t.tokens + \(tokens)
            from ingestions i
            where t.id = \(task.id) and t.fence = \(task.fence) and t.status = 'running' and i.id = t.ingestion_id
            """)
    }

    /// Tasks of each kind that `releaseLapsed` takes at once.
    package static let releasedMax = 1000

    /// Puts down tasks whose workers have been gone for half a minute (the attempt counts: it may be what ended them), and ends those of
    /// ingestions that were cancelled within a day: the ones that waited, and the parked ones. At most a thousand of each; returns how
    /// many.
    @discardableResult
    package func releaseLapsed() async throws -> Int {
        let lapsed = try await pool.query("""
            with lapsed as (
                select id from tasks where status = 'running' and lease_until < now() - interval '30 seconds'
                order by lease_until limit \(Self.releasedMax) for update skip locked
            )
            update tasks t set status = \(Self.putDown), finished_at = \(Self.putDownAt), lease_until = null, worker = null
            from lapsed l, ingestions i where t.id = l.id and i.id = t.ingestion_id returning true
            """)
        // A task that is locked is being claimed: its worker puts it down. Each branch has its own index.
        let over = try await pool.query("""
            with cancelled as materialized (
                select id from ingestions where status = 'cancelled' and finished_at > now() - interval '1 day'
            ), waiting as (
                select t.id from cancelled c join tasks t on t.ingestion_id = c.id
                where t.status in ('available', 'running') and t.status = 'available' limit \(Self.releasedMax) for update of t skip locked
            ), parked as (
                select t.id from cancelled c join tasks t on t.ingestion_id = c.id
                where t.status = 'parked' limit \(Self.releasedMax) for update of t skip locked
            )
            update tasks t set status = 'cancelled', finished_at = now()
            from (select id from waiting union all select id from parked) o where t.id = o.id returning true
            """)
        return lapsed.count + over.count
    }

    /// What a task that is put down becomes: one of a cancelled ingestion is over.
    private static let putDown: SQL = "case when i.status = 'cancelled' then 'cancelled' else 'available' end"
    private static let putDownAt: SQL = "case when i.status = 'cancelled' then now() end"
}
