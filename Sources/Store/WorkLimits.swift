internal import Postgres

/// What ingestions may take. One that has taken too much begins no task any more; when those under way have ended it is over as
/// partial, and the tasks that are left wait in it, as they are, until somebody resumes it.
extension Store {
    /// Whether an ingestion `i` is within the time that its dataset's may take: `seconds` by the dataset's name, real time since its work
    /// began or was resumed; those that are not named may take any.
    static func isInTime(_ seconds: [String: Int]) -> SQL {
        if seconds.isEmpty { return "true" }
        let limits = seconds.sorted { $0.key < $1.key }
        return """
            not exists (
                select from unnest(\(limits.map(\.key)), \(limits.map { Int64($0.value) })) as l (dataset, seconds)
                where l.dataset = i.dataset and i.working_since + make_interval(secs => l.seconds) <= now()
            )
            """
    }

    /// Leaves out of ingestions' time what passed while nobody worked on them: from when the last of their tasks ended, or its lease ran
    /// out, until now. For a worker that begins.
    package func forgetIdleTime() async throws {
        _ = try await pool.query("""
            update ingestions i set working_since = i.working_since + greatest(interval '0', now() - greatest(i.working_since, w.last))
            from (
                select t.ingestion_id as id, max(greatest(t.finished_at, t.lease_until)) as last,
                    bool_or(t.status = 'running' and t.lease_until > now()) as is_worked
                from tasks t join ingestions o on o.id = t.ingestion_id
                where o.status = 'running' and o.working_since is not null group by t.ingestion_id
            ) w
            where w.id = i.id and w.last is not null and not w.is_worked
            """)
    }

    /// Ingestions with tasks that wait and none under way, past their time; oldest first.
    package func overdueIngestions(limits seconds: [String: Int]) async throws -> [(id: String, dataset: String)] {
        if seconds.isEmpty { return [] }
        return try await restingIngestions("i.dataset = any(\(Array(seconds.keys))) and not \(Self.isInTime(seconds))")
    }

    /// Ingestions with tasks that are due and none under way, where no worker at all has one under way: nobody is there who might take
    /// them up; oldest first.
    package func desertedIngestions(of datasets: [String]) async throws -> [(id: String, dataset: String)] {
        try await restingIngestions("""
            i.dataset = any(\(datasets)) and not exists (select from tasks where status = 'running' and lease_until > now())
                and exists (select from tasks t where t.ingestion_id = i.id and t.status = 'available' and t.next_at <= now())
            """)
    }

    private func restingIngestions(_ condition: SQL) async throws -> [(id: String, dataset: String)] {
        let rows = try await pool.read("""
            select i.id::text, i.dataset from ingestions i where i.status in ('pending', 'running') and \(condition)
                and exists (select from tasks t where t.ingestion_id = i.id and t.status = 'available')
                and not exists (select from tasks t where t.ingestion_id = i.id and t.status = 'running')
            order by i.created_at limit 100
            """)
        return try rows.map { (try $0.string(0), try $0.string(1)) }
    }

    /// Ends an ingestion as partial though tasks of it wait; `because` is told how many. No reader gives older answers than it has written
    /// when this returns. What it says of it; nil, and nothing is done, where tasks are under way or were meanwhile, where none is left,
    /// and where it is paused or over.
    package func stop(ingestion id: String, because: (_ left: Int) -> String) async throws -> String? {
        guard let seen = try await pool.lease({ try await Self.restOfWork(of: id, on: $0) }) else { return nil }
        try await awaitReaders()
        return try await pool.transaction { connection in
            _ = try await connection.query("select from ingestions where id = \(id)::uuid for update")
            // A task that is being claimed at this very moment may yet be worked: its rows are kept, as those of any.
            guard let rest = try await Self.restOfWork(of: id, on: connection), rest == seen else { return nil }
            let error = because(rest.left)
            _ = try await connection.query("""
                update ingestions set status = 'partial', error = \(error), started_at = coalesce(started_at, now()),
                    finished_at = now(), is_resumed = false where id = \(id)::uuid
                """)
            return error
        }
    }

    private struct RestOfWork: Equatable {
        let left: Int
        /// These tell it from a later one, as in `endOfWork`.
        let fences: Int64
        let moves: Int64
    }

    private static func restOfWork(of id: String, on connection: PostgresConnection) async throws -> RestOfWork? {
        let rows = try await connection.query("""
            select count(*) filter (where t.status = 'available'), coalesce(sum(t.fence), 0)::int8, i.moves,
                count(*) filter (where t.status = 'running')
            from ingestions i join tasks t on t.ingestion_id = i.id
            where i.id = \(id)::uuid and i.status in ('pending', 'running') group by i.moves
            """)
        guard let row = rows.first, try row.int(0) > 0, try row.int(3) == 0 else { return nil }
        return RestOfWork(left: try row.int(0), fences: try row.int64(1), moves: try row.int64(2))
    }
}
