package import EventLoop
internal import Postgres
package import Series

/// A task that a worker has claimed, with the fencing number that every write of it must show.
package struct ClaimedTask: Sendable {
    package let id: Int64
    package let ingestionID: String
    package let dataset: String
    package let shape: String
    package let seriesIDs: [Int]
    package let periods: Range<Int>
    /// What the plan lets it spend, retries not counted.
    package let requestsPlanned: Int
    /// The file that it reads, where it is one that does.
    package let file: Int64?
    package let attempts: Int
    package let fence: Int64
    /// Of the request that filed the ingestion, where it had one.
    package let traceID: String?
    package let lane: Lane
}

extension ClaimedTask {
    /// The same, for some of its series.
    package func naming(_ series: [Int]) -> ClaimedTask {
        ClaimedTask(
            id: id, ingestionID: ingestionID, dataset: dataset, shape: shape, seriesIDs: series, periods: periods,
            requestsPlanned: requestsPlanned, file: file, attempts: attempts, fence: fence, traceID: traceID, lane: lane)
    }
}

/// A task as people see it.
package struct TaskRecord: Sendable {
    package let id: Int64
    package let ordinal: Int
    package let call: StoredCall
    package let status: String
    package let attempts: Int
    package let requests: Int
    /// Spent; those that were planned are the call's.
    package let tokens: Int
    package let counts: RowCounts
    package let filled: Int
    package let error: String?
    /// The last receipt: how the end was known, and why.
    package let ended: String?
    package let reason: String?
}

/// What a finished attempt leaves in the store.
package struct TaskResult: Sendable {
    package enum Ended: String, Sendable {
        case proved, unproved, failed, costlier
        case shapeUnusable = "shape_unusable"
        case tooWide = "too_wide"
    }

    package var ended: Ended
    package var reason: String
    /// The shown clock when the call began: what was due then and did not come of a call that ended as proved is absent. nil
    /// notes nothing.
    package var askedAt: Int64?
    /// The periods of which the end is sure what there is; nil: all of a call that is proved, none of another.
    package var witnessed: Range<Int>?
    /// Of these, the series of which it is sure of nothing, by their ids.
    package var unanswered: Set<Int> = []
    /// The upstream has said that it no longer has the channel of this call: it has ended with what is held of it. Where nothing is, there
    /// never was one, and the task fails with this reason.
    package var isGone = false
    /// `Step.silentSince`, where that is known by silence alone.
    package var silentSince: Int64?
    /// Nothing was ever there of this call's channel before the earliest of its rows.
    package var isBeginning = false
    /// A record that was refused came before that, then.
    package var beginsAt: Int64?
    /// When its first request was let go: of two calls for one row the one that asked later has the newer answer. nil where none
    /// was sent; then its claim stands for it.
    package var begunAt: Deadline?
    package var rows: [StoredRow] = []
    /// Rows of series that the call did not name: those that are kept complete are stored, and made where they are new.
    package var found: [FoundRow] = []
    package var requests = 0
    /// Of these, the ones that asked again for what had been asked for.
    package var retries = 0
    /// Tokens that were spent, by what answers said.
    package var tokens = 0
    package var dropped = 0
    /// Records that failed the dataset's rules: how many, and what is kept of them.
    package var quarantined = 0
    package var refused = RefusedRecords()
    /// Of the rows, how many were found odd and taken all the same, by series id and check.
    package var marks: [Int: [String: Int]] = [:]
    /// The archive file that these came in.
    package var file: String?
    /// Refused records that these rows are made of: they are settled with them.
    var resolves: RefusalResolution?
    package var bodyBytes = 0
    /// Records that its answers brought, as far as the result holds them.
    var received: Int { rows.count + found.count + quarantined + dropped }
    /// It was begun too often without an end: it waits until somebody resumes the ingestion.
    package var parks = false
    package var performance = CallPerformance()

    package init(ended: Ended, reason: String) {
        self.ended = ended
        self.reason = reason
    }
}

/// The queue: claims by row lock, leases on the database's clock, fences in every write.
extension Store {
    /// Claims a task that may run: one that is available, or one whose worker let its lease run out. Whose turn it is among the lanes that
    /// have such tasks is drawn by their shares, with `chance` (0..<1) as the lot; then goes first what is the soonest no longer to be had
    /// (by the next task of each ingestion), then the oldest. The attempt is counted here, before the work, so that work which kills its
    /// worker runs out of attempts too. `only`: of these datasets tasks of
    /// these shapes alone. `limits`: seconds that an ingestion of a dataset may be worked; of one past it no task is claimed.
    package func claimTask(
        worker: String, datasets: [String], only: [String: [String]] = [:], lanes: [Lane] = Lane.allCases, chance: Double = 0,
        limits: [String: Int] = [:], leaseSeconds: Int
    ) async throws -> ClaimedTask? {
        let shapes = only.flatMap { dataset, shapes in shapes.map { "\(dataset)/\($0)" } }
        let isMine: SQL = only.isEmpty ? "true" : "(i.dataset <> all(\(Array(only.keys))) or i.dataset || '/' || t.shape = any(\(shapes)))"
        let rows = try await pool.query("""
            with open as materialized (
                select id, lane, dataset, created_at from ingestions i
                where status in ('pending', 'running') and dataset = any(\(datasets)) and lane = any(\(lanes.map(\.rawValue)))
                    and \(Self.isInTime(limits))
            ), lots as (
                select l.lane, sum(l.share) over (order by l.rank) as upto, sum(l.share) over () as total
                from unnest(\(lanes.map(\.rawValue)), \(lanes.map { Int64($0.share) })) with ordinality as l (lane, share, rank)
                where exists (select from open i cross join lateral (
                    select from tasks t where t.ingestion_id = i.id and \(Self.isClaimable) and \(Self.isAlone) and \(isMine)
                    order by t.ordinal limit 1
                ) t where i.lane = l.lane)
            ), turn as (
                select lane from lots where upto > \(chance) * total order by upto limit 1
            ), next as (
                -- One ingestion after the other is looked into, in the order of the queue, until there is a task.
                select t.id from (
                    select i.id, i.dataset from open i cross join lateral (
                        select t.deadline from tasks t where t.ingestion_id = i.id and \(Self.isClaimable) and \(Self.isAlone) and \(isMine)
                        order by t.ordinal limit 1
                    ) first
                    order by i.lane is distinct from (select lane from turn), first.deadline nulls last, i.created_at
                ) i cross join lateral (
                    select t.id from tasks t where t.ingestion_id = i.id and \(Self.isClaimable) and \(Self.isAlone) and \(isMine)
                    order by t.ordinal limit 1 for update skip locked
                ) t limit 1
            ), claimed as (
                update tasks t set status = 'running', attempts = t.attempts + 1, fence = t.fence + 1, worker = \(worker),
                    lease_until = now() + make_interval(secs => \(Double(leaseSeconds))), begun_at = now()
                from next where t.id = next.id
                returning t.*
            ), begun as (
                update ingestions i set status = 'running', started_at = coalesce(i.started_at, now())
                from claimed where i.id = claimed.ingestion_id and i.status = 'pending'
            )
            select c.id, c.ingestion_id::text, i.dataset, c.shape, c.series_ids, c.first_period, c.end_period, c.attempts::int8, c.fence,
                i.trace_id, c.requests_planned, i.lane, c.archive_file
            from claimed c join ingestions i on i.id = c.ingestion_id
            """)
        guard let row = rows.first else { return nil }
        return ClaimedTask(
            id: try row.int64(0), ingestionID: try row.string(1), dataset: try row.string(2), shape: try row.string(3),
            seriesIDs: try row.int64s(4).map { Int($0) }, periods: try row.int(5)..<(try row.int(6)), requestsPlanned: try row.int(10),
            file: try row.int64OrNil(12),
            attempts: try row.int(7), fence: try row.int64(8), traceID: try row.stringOrNil(9),
            lane: Lane(rawValue: try row.string(11)) ?? .history)
    }

    /// In words that the index `tasks_open` is made of: a task is found however many have ended or wait.
    private static let isClaimable: SQL = """
        t.status in ('available', 'running')
            and case t.status when 'available' then t.next_at <= now() else t.lease_until < now() end
        """

    /// Files of one series are read one after the other, in the order in which they are filed. (Of two claims at one moment each may see no
    /// other: then the second waits where it is loaded.)
    private static let isAlone: SQL = """
        (t.archive_file is null or not exists (
            select from tasks o where o.status = 'running' and o.lease_until > now() and o.archive_file is not null
                and o.series_ids = t.series_ids and o.id <> t.id
        ))
        """

    /// What a worker learns of a task that it holds.
    package enum Lease: Sendable, Equatable {
        case held
        /// The ingestion is paused or cancelled: the task is to be put down.
        case halted
        /// The task is no longer this worker's.
        case lost
    }

    /// Lengthens the lease.
    package func renewLease(of task: ClaimedTask, leaseSeconds: Int) async throws -> Lease {
        let rows = try await pool.query("""
            update tasks t set lease_until = now() + make_interval(secs => \(Double(leaseSeconds))) from ingestions i
            where t.id = \(task.id) and t.fence = \(task.fence) and t.status = 'running' and i.id = t.ingestion_id
            returning i.status in ('paused', 'cancelled')
            """)
        return try rows.first.map { try $0.bool(0) ? .halted : .held } ?? .lost
    }

    /// Ends an attempt: rows, coverage, what the upstream said that it has not, receipt, the task's end and the dataset's version,
    /// in one transaction. Rows that came are kept however the call ended; what did not come stays missing, or is absent by its
    /// proof. Throws `leaseLost`, and writes nothing, where another worker has the task by now.
    package func finish(_ task: ClaimedTask, with result: TaskResult, dataset: Dataset, now: Int64) async throws -> RowCounts {
        try await pool.transaction { connection in
            try await Self.hold(task, on: connection)
            if let begunAt = result.begunAt { try await Self.date(task, begunAt, on: connection) }
            return try await Self.conclude(task, with: result, dataset: dataset, now: now, on: connection)
        }
    }

    /// All of an attempt's end within its transaction. `raising` false: the dataset's version is the caller's to raise.
    static func conclude(
        _ task: ClaimedTask, with result: TaskResult, dataset: Dataset, now: Int64, raising: Bool = true, on connection: PostgresConnection
    ) async throws -> RowCounts {
        var result = result
        let isMade = try await takeUpFound(of: &result, dataset, now: now, on: connection)
        result.rows = try await carried(result.rows, of: dataset, on: connection)
        let parts = try await parts(of: result.rows, dataset, on: connection)
        let counts = try await upsert(result.rows, filling: parts, task: task.id, of: dataset, now: now, on: connection)
        var settled = try await remember(parts, of: result, isOther: counts.isChange, task, dataset, now: now, on: connection)
        if isMade { settled.isChange = true }
        let restated = try await restate(before: parts, counts, task, dataset, now: now, on: connection)
        if restated.isChange { settled.isChange = true }
        for (id, marks) in restated.marks { result.marks[id, default: [:]].merge(marks) { $0 + $1 } }
        let isRenewed = try await renew(
            after: parts, isOther: counts.revised > 0 || settled.endsAbsences, task, dataset, now: now, on: connection)
        if isRenewed { settled.isChange = true }
        let isOlder = try await extendLifetimes(
            touched: parts, isBeginning: result.isBeginning, from: result.beginsAt, dataset, on: connection)
        if isOlder { settled.isChange = true }
        if result.isGone {
            let isEnded = try await endLifetimes(of: task, silentSince: result.silentSince, dataset, on: connection)
            if isEnded == nil, result.silentSince == nil { result.ended = .failed }
            if isEnded ?? false { settled.isChange = true }
        }
        // What was refused before is scored with the call that brought it.
        if result.resolves == nil {
            let came = result.rows.reduce(into: [Int: Int]()) { $0[$1.seriesID, default: 0] += 1 }
            if try await countQuality(of: came, result, task, dataset, now: now, on: connection) { settled.isChange = true }
        }
        try await settle(task, result, counts, settled, dataset, now: now, raising: raising, on: connection)
        return counts
    }

    /// The end of an attempt: its receipt, the task's state and sums, and the dataset's version where the store is other than before.
    /// `rows`: how many came, where the result does not hold them.
    static func settle(
        _ task: ClaimedTask, _ result: TaskResult, rows: Int? = nil, _ counts: RowCounts, _ settled: Remembered, _ dataset: Dataset,
        now: Int64, raising: Bool = true, on connection: PostgresConnection
    ) async throws {
        try await insertReceipt(result, rows: rows, of: task, on: connection)
        let status: TaskStatus = result.parks ? .parked : result.ended == .failed ? .failed : .done
        _ = try await connection.query("""
            update tasks set status = \(status.rawValue), lease_until = null, finished_at = now(),
                ended = \(result.ended.rawValue), requests = requests + \(result.requests), tokens = tokens + \(result.tokens),
                retries = retries + \(retries(result, of: task)), written = written + \(counts.written),
                unchanged = unchanged + \(counts.unchanged), revised = revised + \(counts.revised),
                quarantined = quarantined + \(result.quarantined), filled = filled + \(settled.filled),
                absent = absent + \(settled.absent), dropped = dropped + \(result.dropped),
                received = received + \(rows.map { $0 + result.received } ?? result.received),
                error = \(result.ended == .failed ? result.reason : nil), \(taken(result.performance))
            where id = \(task.id)
            """)
        if raising, counts.isChange || settled.isChange { try await raiseVersion(on: connection, of: dataset.name, now: now) }
    }

    /// A call that is begun again asks for all of it again.
    static func retries(_ result: TaskResult, of task: ClaimedTask) -> Int {
        task.attempts > 1 ? result.requests : result.retries
    }

    /// Tasks of an ingestion in their order, after `ordinal`.
    package func tasks(of ingestion: String, after ordinal: Int, limit: Int) async throws -> [TaskRecord] {
        guard isUUID(ingestion) else { return [] }
        let rows = try await pool.read("""
            \(Self.taskColumns)
            where t.ingestion_id = \(ingestion)::uuid and t.ordinal > \(Int32(clamping: ordinal)) order by t.ordinal limit \(limit)
            """)
        return try rows.map(Self.taskRecord)
    }

    static let taskColumns: SQL = """
        select t.id, t.ordinal, t.shape, t.series_ids, t.first_period, t.end_period, t.covers, t.requests_planned,
            -- (Until they are ended one piece after the other.)
            case when i.status = 'cancelled' and t.status in ('available', 'parked') then 'cancelled' else t.status end,
            t.attempts::int8, t.requests, t.written, t.unchanged, t.revised, t.filled, t.error, t.ended, r.reason,
            t.tokens_planned, t.tokens
        from tasks t join ingestions i on i.id = t.ingestion_id left join lateral (
            select reason from receipts where task_id = t.id order by id desc limit 1
        ) r on true
        """

    static func taskRecord(_ row: Postgres.Row) throws -> TaskRecord {
        var counts = RowCounts()
        counts.written = try row.int(11)
        counts.unchanged = try row.int(12)
        counts.revised = try row.int(13)
        return TaskRecord(
            id: try row.int64(0), ordinal: try row.int(1),
            call: StoredCall(
                shape: try row.string(2), seriesIDs: try row.int64s(3).map { Int($0) },
                periods: try row.int(4)..<(try row.int(5)), covers: try row.int(6), requests: try row.int(7),
                tokens: try row.int("tokens_planned")),
            status: try row.string(8), attempts: try row.int(9), requests: try row.int(10), tokens: try row.int("tokens"), counts: counts,
            filled: try row.int(14), error: try row.stringOrNil(15), ended: try row.stringOrNil(16), reason: try row.stringOrNil(17))
    }

    /// The fence: this attempt still owns the task, and will until the transaction ends.
    static func hold(_ task: ClaimedTask, on connection: PostgresConnection) async throws {
        let rows = try await connection.query("""
            select from tasks where id = \(task.id) and fence = \(task.fence) and status = 'running' for update
            """)
        if rows.isEmpty { throw StoreError.leaseLost(task: task.id) }
    }

    /// A claimed task may wait long for the quota, and be claimed anew by its own worker: neither makes its answer newer.
    private static func date(_ task: ClaimedTask, _ begunAt: Deadline, on connection: PostgresConnection) async throws {
        let ago = (Double(Deadline.now.nanoseconds) - Double(begunAt.nanoseconds)) / 1e9
        _ = try await connection.query("""
            update tasks set begun_at = clock_timestamp() - make_interval(secs => \(ago)) where id = \(task.id)
            """)
    }

    static func insertReceipt(
        _ result: TaskResult, rows: Int? = nil, of task: ClaimedTask, on connection: PostgresConnection
    ) async throws {
        _ = try await connection.query("""
            insert into receipts (task_id, attempt, ended, reason, requests, rows, dropped, body_bytes,
                tokens)
            values (\(task.id), \(Int32(clamping: task.attempts)), \(result.ended.rawValue), \(result.reason), \(result.requests),
                \(rows ?? result.rows.count), \(result.dropped), \(result.bodyBytes), \(result.tokens))
            """)
    }
}
