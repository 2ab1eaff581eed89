internal import Postgres
package import Series

/// An ingestion with the sums over its tasks.
package struct StoredIngestion: Sendable {
    package struct Sums: Sendable, Equatable {
        package var tasks = 0
        package var open = 0
        package var failed = 0
        /// Of these, the ones that were begun too often without an end.
        package var parked = 0
        /// Tasks that ended without proof of their end, and were not planned anew.
        package var unproved = 0
        /// Slots that its calls are to fill; those that were planned anew count no more, for what replaced them may leave slots out.
        package var slotsPlanned = 0
        package var slotsSettled = 0
        package var requestsPlanned = 0
        /// What they will have been in the end: of tasks that have ended what they spent, of others what they were planned at.
        package var requestsExpected = 0
        package var requests = 0
        /// Tokens that were spent, and what they will have been in the end, as with requests.
        package var tokens = 0
        package var tokensExpected = 0
        package var tokensPlanned = 0
        /// Of the requests, the ones that asked again.
        package var retries = 0
        package var written = 0
        package var unchanged = 0
        package var revised = 0
        package var quarantined = 0
        /// Records that its answers brought, and those of them that nobody had asked for.
        package var received = 0
        package var dropped = 0
        package var filled = 0
        /// Slots that its calls found absent.
        package var absent = 0
        /// Why the last of the failed tasks failed.
        package var failure: String?
    }

    package let id: String
    package let dataset: String
    package let status: IngestionStatus
    /// JSON.
    package let selection: String
    package let planID: String?
    package let requestedBy: String
    package let lane: Lane
    package let gapsDetected: Int
    package let slotsDetected: Int
    /// Selected slots that no call could fill.
    package let slotsUnfillable: Int
    package let lowerBoundRequests: Int
    package let optimality: String
    package let replans: Int
    /// Of the shown clock; all others are real time.
    package let filedAt: Int64
    package let createdAt: Int64
    package let startedAt: Int64?
    package let finishedAt: Int64?
    package let error: String?
    package let sums: Sums
    /// It was resumed after its end, and what its selection still lacks has not been planned anew since.
    package var isResumed = false
    /// How good the records were that it brought, as far as they are scored; where it was asked for (`Store.scored`).
    package var quality: IngestionQuality?
    package var performance = IngestionPerformance()
}

extension Store {
    /// What an ingestion is made of.
    package struct NewIngestion: Sendable {
        package let dataset: String
        package let selection: String
        /// Equal digests mean equal selections.
        package let selectionDigest: String
        package let planID: String?
        package let requestedBy: String
        package let lane: Lane
        package let figures: PlanFigures
        package let calls: [StoredCall]
        /// Of the shown clock.
        package let filedAt: Int64
        /// Of the request that asked for it, 32 hex digits.
        package let traceID: String?
        package let requestID: String?

        package init(
            dataset: String, selection: String, selectionDigest: String, planID: String?, requestedBy: String, lane: Lane = .history,
            figures: PlanFigures, calls: [StoredCall], filedAt: Int64, traceID: String? = nil, requestID: String? = nil
        ) {
            self.dataset = dataset
            self.selection = selection
            self.selectionDigest = selectionDigest
            self.planID = planID
            self.requestedBy = requestedBy
            self.lane = lane
            self.figures = figures
            self.calls = calls
            self.filedAt = filedAt
            self.traceID = traceID
            self.requestID = requestID
        }

        /// The note of its being filed.
        func note(id: String) -> AuditNote {
            let plan = planID.map { "\"\($0)\"" } ?? "null"
            let requests = calls.reduce(0) { $0 + $1.requests }
            return AuditNote(
                .ingestionFiled, of: id, by: requestedBy, dataset: dataset, requestID: requestID, traceID: traceID, detail: """
                    {"selection":\(selection),"plan_id":\(plan),"lane":"\(lane.rawValue)","calls":\(calls.count),"requests":\(requests)}
                    """)
        }
    }

    /// What came of filing.
    package struct Filed: Sendable {
        package let id: String
        /// Else an equal selection was open already.
        package let isNew: Bool
        /// What was kept under the request's key, where it had one.
        package let answer: KeptAnswer?
    }

    /// Files an ingestion with its tasks, and the answer under the request's key, in one transaction. Where an equal selection
    /// is open already, that one's id comes back and nothing is filed. Throws `KeyRefusal` where the key has been used.
    package func insertIngestion(_ new: NewIngestion, keeping: Keeping<StoredIngestion>? = nil) async throws -> Filed {
        try await pool.transaction { connection in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            let (id, isNew) = try await Self.file(new, on: connection)
            var answer: KeptAnswer?
            if let keeping {
                let row = try await connection.query("\(Self.ingestionColumns) where i.id = \(id)::uuid").only()
                let made = keeping.answer(try Self.ingestion(row))
                try await Self.keep(made, under: keeping.key, on: connection)
                answer = made
            }
            return Filed(id: id, isNew: isNew, answer: answer)
        }
    }

    static func file(_ new: NewIngestion, on connection: PostgresConnection) async throws -> (id: String, isNew: Bool) {
        let rows = try await connection.query("""
            insert into ingestions (dataset, status, selection, selection_digest, plan_id, requested_by, gaps_detected,
                slots_detected, slots_unfillable, lower_bound_requests, optimality, filed_at, trace_id,
                lane)
            values (\(new.dataset), 'pending', \(new.selection)::json, \(new.selectionDigest), \(new.planID)::uuid,
                \(new.requestedBy), \(new.figures.gaps), \(new.figures.slots), \(new.figures.unfillableSlots),
                \(new.figures.lowerBound.requests), \(new.figures.optimality.rawValue), \(.instant(new.filedAt)), \(new.traceID),
                \(new.lane.rawValue))
            on conflict (dataset, selection_digest) where status in ('pending', 'running', 'paused') do nothing
            returning id::text
            """)
        guard let row = rows.first else {
            let open = try await connection.query("""
                select id::text from ingestions where dataset = \(new.dataset) and selection_digest = \(new.selectionDigest)
                    and status in ('pending', 'running', 'paused')
                """)
            // It may have ended between the two statements; then the next try files a new one.
            guard let row = open.first else { throw StoreError.unavailable("an equal ingestion ended just now: ask again") }
            return (try row.string(0), false)
        }
        let id = try row.string(0)
        try await insertTasks(new.calls, ingestion: id, from: 0, on: connection)
        try await audit(new.note(id: id), on: connection)
        _ = try await connection.query("select pg_notify('gapless_tasks', \(new.dataset))")
        return (id, true)
    }

    static func insertTasks(_ calls: [StoredCall], ingestion: String, from first: Int, on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            insert into tasks (ingestion_id, ordinal, shape, series_ids, first_period, end_period, covers, requests_planned,
                tokens_planned, deadline, archive_file)
            select \(ingestion)::uuid, c.* from jsonb_to_recordset(\(.json(json(calls, from: first)))) as c (ordinal int, shape text,
                series_ids int[], first_period bigint, end_period bigint, covers bigint, requests bigint, tokens bigint,
                deadline timestamptz, archive_file bigint)
            """)
    }

    /// nil where there is no such ingestion.
    package func ingestion(id: String) async throws -> StoredIngestion? {
        guard isUUID(id) else { return nil }
        let rows = try await pool.read("\(Self.ingestionColumns) where i.id = \(id)::uuid")
        return try rows.first.map(Self.ingestion)
    }

    /// Newest first; `after` is the last id of the page before.
    package func ingestions(dataset: String?, status: String?, after: String?, limit: Int) async throws -> [StoredIngestion] {
        if let after, !isUUID(after) { return [] }
        let rows = try await pool.read("""
            \(Self.ingestionColumns)
            where (\(dataset)::text is null or i.dataset = \(dataset)) and (\(status)::text is null or i.status = \(status))
                and (\(after)::uuid is null
                    or (i.created_at, i.id) < (select a.created_at, a.id from ingestions a where a.id = \(after)::uuid))
            order by i.created_at desc, i.id desc limit \(limit)
            """)
        return try rows.map(Self.ingestion)
    }

    static let ingestionColumns: SQL = """
        select i.id::text, i.dataset, i.status, i.selection, i.plan_id::text, i.requested_by, i.gaps_detected, i.slots_detected,
            i.lower_bound_requests, i.optimality, i.replans::int8, i.created_at, i.started_at, i.finished_at, i.error, t.*, i.filed_at,
            i.slots_unfillable, i.lane, i.is_resumed, \(IngestionPerformance.worked), (
                select e.error from tasks e where e.ingestion_id = i.id and e.error is not null order by e.id desc limit 1
            ) as failure
        from ingestions i cross join lateral (
            select count(*), count(*) filter (where is_open), count(*) filter (where status in ('failed', 'parked') and not is_put_off),
                coalesce(sum(covers) filter (where not is_replanned), 0)::int8,
                coalesce(sum(covers) filter (where not is_replanned and not is_open and not is_put_off and status <> 'cancelled'), 0)::int8,
                coalesce(sum(requests_planned), 0)::int8, coalesce(sum(requests), 0)::int8, coalesce(sum(written), 0)::int8,
                coalesce(sum(unchanged), 0)::int8, coalesce(sum(revised), 0)::int8, coalesce(sum(quarantined), 0)::int8,
                coalesce(sum(filled), 0)::int8, coalesce(sum(retries), 0)::int8,
                count(*) filter (where ended = 'unproved' and not is_replanned) as unproved,
                count(*) filter (where status = 'parked' and not is_put_off) as parked,
                coalesce(sum(absent), 0)::int8 as found_absent, coalesce(sum(received), 0)::int8 as received,
                coalesce(sum(dropped), 0)::int8 as dropped,
                coalesce(sum(case when is_open then greatest(requests_planned, requests) else requests end), 0)::int8
                    as requests_expected,
                coalesce(sum(tokens_planned), 0)::int8 as tokens_planned, coalesce(sum(tokens), 0)::int8 as tokens,
                coalesce(sum(case when is_open then greatest(tokens_planned, tokens) else tokens end), 0)::int8 as tokens_expected,
                \(IngestionPerformance.sums)
            from (
                -- Those of a cancelled ingestion that wait are over, and are ended by and by.
                select *, i.status = 'cancelled' and status in ('available', 'parked') as is_put_off,
                    status = 'running' or (status = 'available' and i.status <> 'cancelled') as is_open
                from tasks where ingestion_id = i.id
            ) tasks
        ) t
        """

    static func ingestion(_ row: Postgres.Row) throws -> StoredIngestion {
        var sums = StoredIngestion.Sums()
        sums.tasks = try row.int(15)
        sums.open = try row.int(16)
        sums.failed = try row.int(17)
        sums.slotsPlanned = try row.int(18)
        sums.slotsSettled = try row.int(19)
        sums.requestsPlanned = try row.int(20)
        sums.requests = try row.int(21)
        sums.written = try row.int(22)
        sums.unchanged = try row.int(23)
        sums.revised = try row.int(24)
        sums.quarantined = try row.int(25)
        sums.filled = try row.int(26)
        sums.retries = try row.int(27)
        sums.failure = try row.stringOrNil("failure")
        sums.unproved = try row.int("unproved")
        sums.absent = try row.int("found_absent")
        sums.parked = try row.int("parked")
        sums.received = try row.int("received")
        sums.dropped = try row.int("dropped")
        sums.requestsExpected = try row.int("requests_expected")
        (sums.tokens, sums.tokensPlanned) = (try row.int("tokens"), try row.int("tokens_planned"))
        sums.tokensExpected = try row.int("tokens_expected")
        return StoredIngestion(
            id: try row.string(0), dataset: try row.string(1), status: IngestionStatus(rawValue: try row.string(2)) ?? .failed,
            selection: try row.json(3), planID: try row.stringOrNil(4), requestedBy: try row.string(5),
            lane: Lane(rawValue: try row.string("lane")) ?? .history,
            gapsDetected: try row.int(6), slotsDetected: try row.int(7), slotsUnfillable: try row.int("slots_unfillable"),
            lowerBoundRequests: try row.int(8),
            optimality: try row.string(9), replans: try row.int(10), filedAt: try row.instant("filed_at"), createdAt: try row.instant(11),
            startedAt: try row.instantOrNil(12), finishedAt: try row.instantOrNil(13), error: try row.stringOrNil(14), sums: sums,
            isResumed: try row.bool("is_resumed"), performance: try IngestionPerformance(row, sums))
    }

    /// Whether a task of it waits or is under way. Found along an index, however many have ended.
    package func hasOpenTask(ingestion id: String) async throws -> Bool {
        try await pool.read("""
            select exists (select from tasks where ingestion_id = \(id)::uuid and status in ('available', 'running'))
            """).first?.bool(0) ?? false
    }

    /// Running or pending ingestions whose tasks have all ended: a process may have died before it settled them.
    package func unsettledIngestions(datasets: [String]) async throws -> [(id: String, dataset: String)] {
        let rows = try await pool.read("""
            select i.id::text, i.dataset from ingestions i where i.dataset = any(\(datasets)) and i.status in ('pending', 'running')
                and not exists (select from tasks t where t.ingestion_id = i.id and t.status in ('available', 'running'))
            order by i.created_at limit 100
            """)
        return try rows.map { (try $0.string(0), try $0.string(1)) }
    }

    /// A call that could not be carried out as it was planned.
    package struct UndoneCall: Sendable, Equatable {
        package let seriesIDs: [Int]
        package let periods: Range<Int>
        /// Fewer periods at once may do.
        package let isTooWide: Bool

        package init(seriesIDs: [Int], periods: Range<Int>, isTooWide: Bool = false) {
            self.seriesIDs = seriesIDs
            self.periods = periods
            self.isTooWide = isTooWide
        }
    }

    /// What to make of an ingestion whose tasks have all ended.
    package enum Settlement: Sendable {
        /// It is over.
        case ended(IngestionStatus, error: String?)
        /// Slots are left that other calls can fill. `least`: requests that a plan of these proves to be needed, beside those of the plans
        /// before; 0 where they are in place of others.
        case more([StoredCall], least: Int = 0)
    }

    /// What tells the end of an ingestion's work from a later one: a task that is claimed again has another fence, an ingestion that was
    /// paused or resumed has made more moves. nil where tasks are open, the ingestion is paused or over.
    static func endOfWork(of id: String, on connection: PostgresConnection) async throws -> [Int64]? {
        let row = try await connection.query("""
            select count(*), coalesce(sum(fence), 0)::int8, count(*) filter (where status in ('available', 'running')),
                (select count(*) from ingestions where id = \(id)::uuid and status in ('pending', 'running')),
                coalesce((select moves from ingestions where id = \(id)::uuid), 0)
            from tasks where ingestion_id = \(id)::uuid
            """).only()
        guard try row.int(2) == 0, try row.int(3) == 1 else { return nil }
        return [try row.int64(0), try row.int64(1), try row.int64(4)]
    }

    /// Settles an ingestion whose work has ended: decides by the coverage as it stands, waits until every reader knows that
    /// coverage, and writes the decision under the ingestion's row lock, so that one process does it, once. Nothing is done
    /// while tasks are open, where the ingestion has ended, or where work was claimed meanwhile (who ends that settles it).
    /// What was written; nil where nothing was.
    @discardableResult
    package func settle(
        ingestion id: String, of dataset: Dataset, decide: (StoredIngestion, _ undone: [UndoneCall], [StoredSeries]) throws -> Settlement
    ) async throws -> Settlement? {
        let seen = try await pool.transaction { connection -> (mark: [Int64], settlement: Settlement)? in
            _ = try await connection.query("set transaction isolation level repeatable read, read only")
            guard let mark = try await Self.endOfWork(of: id, on: connection) else { return nil }
            let rows = try await connection.query("\(Self.ingestionColumns) where i.id = \(id)::uuid")
            guard let ingestion = try rows.first.map(Self.ingestion) else { return nil }
            let series = try await Self.ledgers(on: connection, of: dataset, now: ingestion.filedAt)
            return (mark, try decide(ingestion, try await Self.undoneCalls(of: id, on: connection), series))
        }
        guard let (mark, settlement) = seen else { return nil }
        // Only after the decision: another ingestion may have filled in what this one found complete.
        if case .ended = settlement { try await awaitReaders() }
        return try await pool.transaction { connection in
            _ = try await connection.query("select from ingestions where id = \(id)::uuid for update")
            guard try await Self.endOfWork(of: id, on: connection) == mark else { return nil }
            switch settlement {
            case .ended(let status, let error):
                _ = try await connection.query("""
                    update ingestions set status = \(status.rawValue), error = \(error), started_at = coalesce(started_at, now()),
                        finished_at = now(), is_resumed = false where id = \(id)::uuid
                    """)
            case .more(let calls, let least):
                // By the mark nobody has filed any since. Their count is no number: some may have been taken out.
                let first = try await connection.query("""
                    select coalesce(max(ordinal) + 1, 0)::int8 from tasks where ingestion_id = \(id)::uuid
                    """).only().int(0)
                // The same calls as `undoneCalls` found, and before it is forgotten that the ingestion was resumed.
                _ = try await connection.query("""
                    update tasks t set is_replanned = true from ingestions i
                    where t.ingestion_id = \(id)::uuid and i.id = t.ingestion_id and \(Self.isUndone)
                    """)
                try await Self.insertTasks(calls, ingestion: id, from: first, on: connection)
                _ = try await connection.query("""
                    update ingestions set replans = replans + 1, is_resumed = false,
                        lower_bound_requests = lower_bound_requests + \(least)
                    where id = \(id)::uuid
                    """)
                _ = try await connection.query("""
                    select pg_notify('gapless_tasks', dataset) from ingestions where id = \(id)::uuid
                    """)
            }
            return settlement
        }
    }

    /// Of a task `t` of an ingestion `i`.
    private static let isUndone: SQL = """
        not t.is_replanned and (t.ended in ('shape_unusable', 'costlier', 'too_wide') or (i.is_resumed and t.ended = 'unproved'))
        """

    /// Calls of an ingestion that could not be carried out as they were planned, and were not planned anew; where it was resumed after
    /// its end, also those whose end was not proved.
    private static func undoneCalls(of id: String, on connection: PostgresConnection) async throws -> [UndoneCall] {
        let rows = try await connection.query("""
            select t.series_ids, t.first_period, t.end_period, t.ended = 'too_wide' from tasks t join ingestions i on i.id = t.ingestion_id
            where t.ingestion_id = \(id)::uuid and \(Self.isUndone) order by t.ordinal
            """)
        return try rows.map { row in
            UndoneCall(
                seriesIDs: try row.int64s(0).map { Int($0) }, periods: try row.int(1)..<(try row.int(2)), isTooWide: try row.bool(3))
        }
    }
}
