internal import Bytes
internal import Postgres
package import Series

/// A call of a plan or a task, by series ids.
package struct StoredCall: Sendable, Equatable {
    package let shape: String
    package let seriesIDs: [Int]
    package let periods: Range<Int>
    package let covers: Int
    package let requests: Int
    package let tokens: Int
    /// Shown clock: when the first of its slots is no longer to be had by it.
    package let deadline: Int64?
    /// The file that it reads, by the store's id.
    package let file: Int64?

    package init(
        shape: String, seriesIDs: [Int], periods: Range<Int>, covers: Int, requests: Int, tokens: Int, deadline: Int64? = nil,
        file: Int64? = nil
    ) {
        self.deadline = deadline
        self.file = file
        self.shape = shape
        self.seriesIDs = seriesIDs
        self.periods = periods
        self.covers = covers
        self.requests = requests
        self.tokens = tokens
    }
}

/// What a plan says in numbers.
package struct PlanFigures: Sendable, Equatable {
    package let gaps: Int
    package let slots: Int
    package let cost: Cost
    package let lowerBound: Cost
    package let optimality: Plan.Optimality
    package let estimatedSeconds: Double
    /// Instant (shown clock) at which its calls would be done; nil where there are none.
    package var completeAt: Int64?
    /// The same nine times in ten.
    package var completeAtP90: Int64?
    package var warnings: [String] = []
    /// Selected slots that no call could fill, where and why.
    package var unfillable: [Unfillable] = []
    /// What fetching whole periods would take; nil where calls do not name their series one by one.
    package var wholePeriods: WholePeriods?

    package var unfillableSlots: Int { unfillable.reduce(0) { $0 + $1.slots } }

    /// What shows that no plan costs less, the first of its holes.
    package var proof: ShownProof?

    package struct ShownProof: Sendable, Equatable {
        package let holes: Int
        package let requests: Int
        package let first: [Proof.Hole]

        /// So many holes are kept.
        package static let kept = 100

        package init(_ proof: Proof) {
            self.init(holes: proof.holes.count, requests: proof.requests, first: Array(proof.holes.prefix(Self.kept)))
        }

        init(holes: Int, requests: Int, first: [Proof.Hole]) {
            self.holes = holes
            self.requests = requests
            self.first = first
        }
    }

    /// A run of slots of one series beyond the upstream's reach; `from` and `to` are instants.
    package struct Unfillable: Sendable, Equatable {
        package let key: SeriesKey
        package let from: Int64
        package let to: Int64
        package let slots: Int
        package let reason: String
        package let action: String

        package init(key: SeriesKey, from: Int64, to: Int64, slots: Int, reason: String, action: String) {
            self.key = key
            self.from = from
            self.to = to
            self.slots = slots
            self.reason = reason
            self.action = action
        }
    }

    package init(gaps: Int, slots: Int, cost: Cost, lowerBound: Cost, optimality: Plan.Optimality, estimatedSeconds: Double) {
        self.gaps = gaps
        self.slots = slots
        self.cost = cost
        self.lowerBound = lowerBound
        self.optimality = optimality
        self.estimatedSeconds = estimatedSeconds
    }
}

package struct StoredPlan: Sendable {
    package let id: String
    package let dataset: String
    package let digest: String
    /// JSON, as the planner's callers wrote it.
    package let selection: String
    package let figures: PlanFigures
    package let callCount: Int
    /// Real time.
    package let expiresAt: Int64
    package let isExpired: Bool
}

extension Store {
    /// Keeps a plan for a quarter of an hour, and the answer under the request's key. Returns its id and when it ends (real
    /// time). Throws `KeyRefusal` where the key has been used.
    package func insertPlan(
        dataset: String, digest: String, selection: String, figures: PlanFigures, calls: [StoredCall],
        keeping: Keeping<(id: String, expiresAt: Int64)>? = nil
    ) async throws -> (id: String, expiresAt: Int64) {
        try await pool.transaction { connection in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            let row = try await connection.query("""
                insert into plans (dataset, digest, selection, gaps, slots, requests, tokens, lower_bound_requests,
                    lower_bound_tokens, optimality, estimated_seconds, complete_at, complete_at_p90, warnings, unfillable,
                    whole_requests, whole_slots, proof, expires_at)
                values (\(dataset), \(digest), \(selection)::json, \(figures.gaps), \(figures.slots), \(figures.cost.requests),
                    \(figures.cost.tokens), \(figures.lowerBound.requests), \(figures.lowerBound.tokens),
                    \(figures.optimality.rawValue), \(figures.estimatedSeconds), \(.instant(figures.completeAt)),
                    \(.instant(figures.completeAtP90)),
                    \(figures.warnings), \(Self.json(figures.unfillable))::json, \(figures.wholePeriods?.requests),
                    \(figures.wholePeriods?.slots), \(figures.proof.map(Self.json))::json, now() + interval '15 minutes')
                returning id::text, expires_at
                """).only()
            let id = try row.string(0)
            _ = try await connection.query("""
                insert into plan_calls (plan_id, ordinal, shape, series_ids, first_period, end_period, covers, requests, tokens,
                    deadline, archive_file)
                select \(id)::uuid, c.* from jsonb_to_recordset(\(.json(Self.json(calls, from: 0)))) as c (ordinal int, shape text,
                    series_ids int[], first_period bigint, end_period bigint, covers bigint, requests bigint, tokens bigint,
                    deadline timestamptz, archive_file bigint)
                """)
            let made = (id: id, expiresAt: try row.instant(1))
            if let keeping { try await Self.keep(keeping.answer(made), under: keeping.key, on: connection) }
            return made
        }
    }

    /// nil where there is no such plan.
    package func plan(id: String) async throws -> StoredPlan? {
        guard isUUID(id) else { return nil }
        let rows = try await pool.read("""
            select id::text, dataset, digest, selection, gaps, slots, requests, tokens, lower_bound_requests, lower_bound_tokens,
                optimality, estimated_seconds, expires_at, expires_at < now(),
                (select count(*) from plan_calls where plan_id = plans.id), complete_at, warnings,
                unfillable, complete_at_p90, whole_requests, whole_slots, proof
            from plans where id = \(id)::uuid
            """)
        guard let row = rows.first else { return nil }
        var figures = PlanFigures(
            gaps: try row.int(4), slots: try row.int(5), cost: Cost(requests: try row.int(6), tokens: try row.int(7)),
            lowerBound: Cost(requests: try row.int(8), tokens: try row.int(9)),
            optimality: Plan.Optimality(rawValue: try row.string(10)) ?? .bounded, estimatedSeconds: try row.double(11))
        figures.completeAt = try row.instantOrNil(15)
        figures.completeAtP90 = try row.instantOrNil("complete_at_p90")
        figures.warnings = try row.strings(16)
        figures.unfillable = Self.unfillable(try row.json(17))
        if let requests = try row.intOrNil("whole_requests"), let slots = try row.intOrNil("whole_slots") {
            figures.wholePeriods = WholePeriods(requests: requests, slots: slots)
        }
        figures.proof = try row.jsonOrNil("proof").flatMap(Self.proof)
        return StoredPlan(
            id: try row.string(0), dataset: try row.string(1), digest: try row.string(2), selection: try row.json(3), figures: figures,
            callCount: try row.int(14), expiresAt: try row.instant(12), isExpired: try row.bool(13))
    }

    /// Calls of a plan from `ordinal` on.
    package func planCalls(id: String, from ordinal: Int, limit: Int) async throws -> [StoredCall] {
        guard isUUID(id) else { return [] }
        let rows = try await pool.read("""
            select shape, series_ids, first_period, end_period, covers, requests, tokens, deadline, archive_file from plan_calls
            where plan_id = \(id)::uuid and ordinal >= \(Int32(clamping: ordinal)) order by ordinal limit \(limit)
            """)
        return try rows.map { row in
            StoredCall(
                shape: try row.string(0), seriesIDs: try row.int64s(1).map { Int($0) }, periods: try row.int(2)..<(try row.int(3)),
                covers: try row.int(4), requests: try row.int(5), tokens: try row.int(6), deadline: try row.instantOrNil(7),
                file: try row.int64OrNil(8))
        }
    }

    /// Of a plan that is read again, so many runs are known.
    package static let unfillableKept = 100

    private static func json(_ runs: [PlanFigures.Unfillable]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for run in runs.prefix(unfillableKept) {
            writer.beginArray()
            for number in [run.from, run.to, Int64(run.slots)] { writer.int(number) }
            for text in [run.reason, run.action] + run.key.values { writer.string(text) }
            writer.endArray()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func unfillable(_ text: String) -> [PlanFigures.Unfillable] {
        let runs = (try? JSONValue(parsing: Array(text.utf8)))?.array ?? []
        return runs.compactMap { run in
            guard let fields = run.array, fields.count > 5, let from = fields[0].wholeNumber, let to = fields[1].wholeNumber,
                let slots = fields[2].wholeNumber, let reason = fields[3].string, let action = fields[4].string
            else { return nil }
            return PlanFigures.Unfillable(
                key: SeriesKey(fields[5...].compactMap(\.string)), from: from, to: to, slots: Int(slots), reason: reason, action: action)
        }
    }

    private static func json(_ proof: PlanFigures.ShownProof) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for number in [proof.holes, proof.requests] { writer.int(number) }
        for hole in proof.first {
            writer.beginArray()
            for number in [hole.period, hole.requests] { writer.int(number) }
            for text in hole.series.values { writer.string(text) }
            writer.endArray()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func proof(_ text: String) -> PlanFigures.ShownProof? {
        guard let fields = (try? JSONValue(parsing: Array(text.utf8)))?.array, fields.count > 1, let holes = fields[0].wholeNumber,
            let requests = fields[1].wholeNumber
        else { return nil }
        let first = fields[2...].compactMap { hole -> Proof.Hole? in
            guard let parts = hole.array, parts.count > 2, let period = parts[0].wholeNumber, let share = parts[1].wholeNumber else {
                return nil
            }
            return Proof.Hole(series: SeriesKey(parts[2...].compactMap(\.string)), period: Int(period), requests: Int(share))
        }
        return PlanFigures.ShownProof(holes: Int(holes), requests: Int(requests), first: first)
    }

    /// Calls as a JSON array of records, numbered from `first`: the form in which a statement takes many at once, since an
    /// array of arrays cannot be unnested.
    static func json(_ calls: [StoredCall], from first: Int) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for (i, call) in calls.enumerated() {
            writer.beginObject()
            writer.key("ordinal")
            writer.int(first + i)
            writer.key("shape")
            writer.string(call.shape)
            writer.key("series_ids")
            writer.beginArray()
            for id in call.seriesIDs { writer.int(id) }
            writer.endArray()
            for (name, value) in [
                ("first_period", call.periods.lowerBound), ("end_period", call.periods.upperBound), ("covers", call.covers),
                ("requests", call.requests), ("tokens", call.tokens),
            ] {
                writer.key(name)
                writer.int(value)
            }
            if let deadline = call.deadline {
                writer.key("deadline")
                writer.timestamp(deadline)
            }
            if let file = call.file {
                writer.key("archive_file")
                writer.int(file)
            }
            writer.endObject()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// The canonical form of a UUID: what else a client sends as an id names nothing.
func isUUID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return false }
    for (i, byte) in bytes.enumerated() {
        let isDash = [8, 13, 18, 23].contains(i)
        let isHex = (48...57).contains(byte) || (97...102).contains(byte) || (65...70).contains(byte)
        if isDash ? byte != UInt8(ascii: "-") : !isHex { return false }
    }
    return true
}
