internal import Bytes
internal import Codec
internal import EventLoop
package import Series
package import Store

/// A plan as it was made: figures, calls, and how it was told apart from others.
package struct MadePlan: Sendable {
    package let id: String
    /// Real time, seconds since 1970.
    package let expiresAt: Int64
    /// With its range filled in.
    package let selection: Selection
    package let digest: String
    package let figures: PlanFigures
    package let calls: [StoredCall]
}

/// Why a plan cannot be carried out any more.
package enum PlanRefusal: Error, Sendable {
    case unknown
    case expired
    /// Coverage moved since: what the plan would be now.
    case moved(PlanDifference)
}

/// Makes plans and files ingestions. API, command line and schedule all come through here.
package final class Planning {
    package let store: Store
    package let datasets: [Dataset]
    package let clock: ServiceClock
    private let rates: [String: RequestRate]
    private let observe: (IngestEvent) -> Void

    /// `rates`: the budget of each upstream, for estimates.
    package init(
        store: Store, datasets: [Dataset], clock: ServiceClock, rates: [String: RequestRate],
        observe: @escaping (IngestEvent) -> Void = { _ in }
    ) {
        self.store = store
        self.datasets = datasets
        self.clock = clock
        self.rates = rates
        self.observe = observe
    }

    /// An ingestion with what its records were found to be; nil where there is none of this id.
    package func ingestion(id: String) async throws -> StoredIngestion? {
        guard let job = try await store.ingestion(id: id) else { return nil }
        return try await store.scored([job], of: datasets).first
    }

    /// Makes a plan and keeps it for a quarter of an hour. Nothing is asked of the upstream.
    package func plan(_ selection: Selection) async throws -> MadePlan { try await keep(try await draft(selection)) }

    /// Keeps a draft as a plan. Throws `KeyRefusal` where the key has been used.
    package func keep(_ draft: Draft, keeping: Keeping<MadePlan>? = nil) async throws -> MadePlan {
        var figures = draft.figures
        if !draft.calls.isEmpty {
            let forecast = try await outlook(of: draft.dataset).forecast(of: draft.requestsByScope, in: Self.lane(of: draft))
            figures.completeAt = forecast?.p50
            figures.completeAtP90 = forecast?.p90
            figures.warnings += Self.tooLate(draft, forecast?.p50).map { [$0] } ?? []
        }
        let priced = figures
        func made(_ stored: (id: String, expiresAt: Int64)) -> MadePlan {
            MadePlan(
                id: stored.id, expiresAt: stored.expiresAt, selection: draft.selection, digest: draft.digest, figures: priced,
                calls: draft.calls)
        }
        return made(try await store.insertPlan(
            dataset: draft.dataset.name, digest: draft.digest, selection: draft.selectionText, figures: figures, calls: draft.calls,
            keeping: keeping?.of(made)))
    }

    /// Who wants an ingestion, and what is known of the request.
    package struct Requester: Sendable {
        package let name: String
        /// 32 hex digits.
        package let traceID: String?
        /// nil: what its range says, the horizon or what lies behind it.
        package let lane: Lane?
        /// As the log has it.
        package let requestID: String?

        package init(_ name: String, traceID: String? = nil, lane: Lane? = nil, requestID: String? = nil) {
            self.name = name
            self.traceID = traceID
            self.lane = lane
            self.requestID = requestID
        }
    }

    /// Files an ingestion for a selection, or finds the open one that is equal. Throws `KeyRefusal` where the key has been used.
    package func ingest(
        _ selection: Selection, for requester: Requester, keeping: Keeping<StoredIngestion>? = nil
    ) async throws -> Store.Filed {
        try await file(try await draft(selection), plan: nil, requester, keeping)
    }

    /// Files an ingestion for a plan that was made. Throws `PlanRefusal` where it is gone or no longer true.
    package func ingest(
        planID: String, for requester: Requester, keeping: Keeping<StoredIngestion>? = nil
    ) async throws -> Store.Filed {
        guard let plan = try await store.plan(id: planID) else { throw PlanRefusal.unknown }
        if plan.isExpired { throw PlanRefusal.expired }
        let selection = try SelectionJSON.read(try JSONValue(parsing: Array(plan.selection.utf8)), datasets: datasets)
        let draft = try await draft(selection)
        if draft.digest != plan.digest { throw PlanRefusal.moved(try await difference(of: plan, from: draft)) }
        return try await file(draft, plan: planID, requester, keeping)
    }

    private func file(
        _ draft: Draft, plan: String?, _ requester: Requester, _ keeping: Keeping<StoredIngestion>?
    ) async throws -> Store.Filed {
        try await store.insertIngestion(filing(draft, plan: plan, for: requester), keeping: keeping)
    }

    /// What is to be filed for a draft.
    package func filing(_ draft: Draft, plan: String? = nil, for requester: Requester) -> Store.NewIngestion {
        Store.NewIngestion(
            dataset: draft.dataset.name, selection: draft.selectionText, selectionDigest: draft.selectionDigest, planID: plan,
            requestedBy: requester.name, lane: requester.lane ?? Self.lane(of: draft), figures: draft.figures, calls: draft.calls,
            filedAt: draft.now, traceID: requester.traceID, requestID: requester.requestID)
    }

    private static func lane(of draft: Draft) -> Lane {
        let horizon = draft.dataset.zone.day(at: draft.now).advanced(by: -draft.dataset.horizonDays)
        return (draft.selection.from ?? draft.now) >= draft.dataset.zone.start(of: horizon) ? .repair : .history
    }

    // MARK: The plan itself

    /// What would be done, not yet kept.
    package struct Draft: Sendable {
        package let dataset: Dataset
        package let calls: [StoredCall]
        let selection: Selection
        let selectionText: String
        /// Of the selection as it was asked, before its range was filled in: the same request twice is the same.
        let selectionDigest: String
        let digest: String
        let figures: PlanFigures
        let requestsByScope: [String: Int]
        /// Of the shown clock: what is due is judged by it.
        let now: Int64
    }

    /// Whose work, filed already, is not asked for once more.
    package struct Beside: Sendable {
        let lane: Lane
        let lanes: [Lane]
        /// What a person has paused counts as well: it is held back on purpose.
        let withPaused: Bool

        /// Nobody waits for history, which is days away. What falls due is asked for without what the night's run will bring.
        package static func schedule(_ lane: Lane) -> Beside {
            Beside(lane: lane, lanes: lane == .history ? Lane.allCases : [.live, .repair], withPaused: true)
        }

        /// Somebody reads: what is not as urgent is too late.
        static let demand = Beside(lane: .live, lanes: [.live], withPaused: false)
    }

    /// `beside`: without the missing slots that open calls are to fill; nil for all that is selected.
    package func draft(_ asked: Selection, beside: Beside? = nil) async throws -> Draft {
        let dataset = try SelectionJSON.dataset(asked.dataset, among: datasets)
        let begun = Deadline.now
        var isWell = false
        defer { observe(.operation(.plan, dataset: dataset.name, isWell: isWell, seconds: begun.secondsAgo, memoryPeak: nil)) }
        let draft = try await draft(asked, of: dataset, beside: beside)
        isWell = true
        return draft
    }

    private func draft(_ asked: Selection, of dataset: Dataset, beside: Beside?) async throws -> Draft {
        let now = clock.now
        // Before coverage: what ends in between is seen twice, and asked for later if it was not brought.
        var open: [Store.OpenCall] = []
        if let beside, asked.mode == .missing {
            open = try await store.openCalls(of: dataset.name, lanes: beside.lanes, withPaused: beside.withPaused)
        }
        let series = try await declared(by: asked, of: dataset, now: now)
        var selection = Self.resolved(asked, of: dataset, knowing: series, now: now)
        let findings = try await store.shapeFindings(of: dataset.name)
        let reserved = beside.map { Reserved(open, dataset, series: series, lane: $0.lane, clock: clock, now: now) }
        let ground = try await WayGround.gather(selection, of: dataset, series, store: store, now: now)
        let made = Self.plan(
            selection, of: dataset, series: series, findings: findings, now: now, except: reserved, ground: ground,
            rate: rates[dataset.upstream.name])
        if let reserved, !reserved.isEmpty { selection.narrow(to: made.calls, of: dataset) }
        var hash = SHA256()
        let text = selection.canonicalText
        hash.update(Array(text.utf8))
        for call in dataset.asksForNow ? [] : made.calls {
            hash.update(Array("\n\(call.shape) \(call.seriesIDs) \(call.periods) \(call.covers) \(call.requests)".utf8))
            if let file = call.file { hash.update(Array(" \(file)".utf8)) }
        }
        if dataset.asksForNow { hash.update(Array(Self.contents(of: made.calls).utf8)) }
        var figures = made.figures
        figures.warnings += findings.filter { $0.value.unusable != nil }.keys.sorted().map {
            "the upstream does not honour call shape \($0): planned without it"
        }
        return Draft(
            dataset: dataset, calls: made.calls, selection: selection, selectionText: SelectionJSON.text(selection, of: dataset),
            selectionDigest: Hex.encode(SHA256.hash(Array(asked.canonicalText.utf8))), digest: Hex.encode(hash.finish()),
            figures: figures, requestsByScope: made.requestsByScope, now: now)
    }

    /// All series of the store, with those that the selection names and that were not there before.
    private func declared(by selection: Selection, of dataset: Dataset, now: Int64) async throws -> [StoredSeries] {
        let series = try await store.ledgers(of: dataset, now: now)
        try Self.requireListed(selection, of: dataset, series)
        let named = dataset.series(named: selection.keys)
        if named.isEmpty { return series }
        let known = Set(series.map(\.key))
        let new = named.filter { !known.contains($0) }
        if new.isEmpty { return series }
        _ = try await store.ensureSeries(new, of: dataset, now: now)
        return try await store.ledgers(of: dataset, now: now)
    }

    /// Whether any of the selected slots is held, be it in part.
    package func holdsAny(of asked: Selection) async throws -> Bool {
        let dataset = try SelectionJSON.dataset(asked.dataset, among: datasets)
        let now = clock.now
        let series = try await store.ledgers(of: dataset, now: now)
        let selection = Self.resolved(asked, of: dataset, knowing: series, now: now)
        return series.contains { one in
            guard dataset.selects(one.key, by: selection) else { return false }
            let slots = dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now)
            let parts = dataset.calendar(of: one.key).parts
            return !one.ledger.held.intersection(slots.lowerBound * parts..<slots.upperBound * parts).isEmpty
        }
    }

    /// The range filled in: the dataset's horizon or what is known before it (`Dataset.start`), and now.
    package static func resolved(
        _ selection: Selection, of dataset: Dataset, knowing series: [StoredSeries] = [], now: Int64
    ) -> Selection {
        var selection = selection
        if selection.to == nil { selection.to = max(now, selection.from ?? now) }
        if selection.from == nil {
            let known = series.lazy.filter { dataset.selects($0.key, by: selection) }.map(\.ledger)
            selection.from = min(dataset.start(knowing: known, now: now), selection.to ?? now)
        }
        return selection
    }

    /// Expected slots minus covered slots, priced by the call shapes that can be used. Pure.
    ///
    /// `instead`: only what these calls were to fill, which they turned out not to be able to. `except`: what others are to fill.
    /// `ground`: of a dataset with several ways. Where it says that calls were made already, those are not planned again, and of the rest
    /// of a selection from the last held slot on only what lies beside them is. `rate`: as settings have it, for the estimate.
    package static func plan(
        _ selection: Selection, of dataset: Dataset, series: [StoredSeries], findings: ShapeFindings, now: Int64,
        instead: [Store.UndoneCall]? = nil, except reserved: Reserved? = nil, ground: WayGround = WayGround(), rate: RequestRate? = nil
    ) -> (figures: PlanFigures, calls: [StoredCall], requestsByScope: [String: Int]) {
        let series = ground.doubting(series)
        let left = instead.map { Reserved($0, dataset, series: series) }
        var ids: [SeriesKey: Int] = [:]
        // A call for what is now may bring series of a subject beside those that are selected.
        if dataset.asksForNow { ids = Dictionary(series.map { ($0.key, $0.id) }) { first, _ in first } }
        var demands: [Demand] = []
        var unfillable: [PlanFigures.Unfillable] = []
        for one in series where dataset.selects(one.key, by: selection) {
            ids[one.key] = one.id
            let range = dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now)
            // Of what is to be had now only, all that has passed is; reports tell it.
            if !dataset.asksForNow { unfillable += Self.unfillable(one, in: range, of: dataset, now: now) }
            // What is planned anew is no more the newest of its series: calls beside it have filled later slots.
            let isAgain = left != nil || !ground.made.isEmpty
            let mode = isAgain && selection.mode == .incremental ? .missing : selection.mode
            var missing = dataset.demand(mode, of: one.ledger, from: selection.from ?? now, to: selection.to ?? now, now: now).missing
            if dataset.asksForNow { missing = dataset.inProgress(of: one.ledger, selection, now: ground.now ?? now) }
            if let left { missing = missing.intersection(left.slots(of: one.id)) }
            if selection.mode == .incremental, left == nil, let made = ground.madePeriods {
                missing = missing.intersection(dataset.slots(of: one.key, in: made))
            }
            if let reserved { missing = missing.subtracting(reserved.slots(of: one.id)) }
            if missing.isEmpty { continue }
            demands.append(Demand(series: one.key, missing: missing))
        }
        if left == nil { demands = Self.withTellers(demands, selection, of: dataset, series, &ids, except: reserved, now: now) }
        var shapes = dataset.shapes(by: findings)
        // Half of what was too much, so that a day that is lost is found in a few rounds.
        if let widest = instead?.filter(\.isTooWide).map(\.periods.count).max() {
            shapes = shapes.map { $0.narrowed(to: (widest + 1) / 2) }
        }
        if let tokens = ground.tokens { shapes = shapes.map(tokens.fitted) }
        let circumstances = ground.circumstances(selection, dataset, series, now: now)
        let made = Self.plan(demands, of: dataset, ids, shapes, circumstances, swept: ground.swept(of: dataset))
        let plan = (ground.made.isEmpty ? made : ground.new(of: made, ids)).limited(to: selection.maxRequests)
        // A later wave of an ingestion is planned for its calls alone; what is out of reach is told when it has ended.
        if ground.made.isEmpty { unfillable += Self.unreached(demands, of: dataset, circumstances) }
        let calls = plan.calls.map { call in
            StoredCall(
                shape: call.shape.name, seriesIDs: call.series.compactMap { ids[$0] }, periods: call.periods, covers: call.covers,
                requests: call.cost.requests, tokens: call.cost.tokens, deadline: call.deadline, file: call.file)
        }
        var figures = PlanFigures(
            gaps: plan.gaps.count, slots: plan.gaps.slots, cost: plan.totals.cost, lowerBound: plan.lowerBound,
            optimality: plan.optimality, estimatedSeconds: dataset.estimatedSeconds(of: plan, rate: rate))
        figures.unfillable = unfillable
        figures.proof = plan.proof.flatMap { $0.holes.isEmpty ? nil : PlanFigures.ShownProof($0) }
        if ground.made.isEmpty { figures.wholePeriods = dataset.wholePeriods(of: demands, selected: ids.keys, shapes: shapes) }
        if unfillable.count > Store.unfillableKept {
            figures.warnings.append("\(unfillable.count - Store.unfillableKept) more runs of slots are unfillable")
        }
        figures.warnings += Self.unheardOf(series, selection, of: dataset).map { [$0] } ?? []
        figures.warnings += Self.resting(series, selection, of: dataset, now: now).map { [$0] } ?? []
        if plan.uncovered > 0 {
            let cause = selection.maxRequests != nil ? "max_requests leaves out"
                : dataset.hasWays ? "no way that is allowed reaches" : "no call shape reaches"
            let reasons = Self.obstacles(unfillable.map { ($0.reason, $0.slots) }).map { ": \($0)" } ?? ""
            figures.warnings.append("\(cause) \(plan.uncovered) of the selected slots\(reasons)")
        }
        return (figures, calls, dataset.requestsByScope(of: plan))
    }

    /// `swept`: where a series lacks something that a call for all series did not bring, it is asked for by its name, with all that it
    /// lacks.
    private static func plan(
        _ demands: [Demand], of dataset: Dataset, _ ids: [SeriesKey: Int], _ shapes: [CallShape], _ circumstances: Circumstances,
        swept: [Int: SlotSet]
    ) -> Plan {
        let byName = demands.filter { demand in
            guard let periods = ids[demand.series].flatMap({ swept[$0] }) else { return false }
            return periods.ranges.contains { !demand.missing.intersection(dataset.slots(of: demand.series, in: $0)).isEmpty }
        }
        if byName.isEmpty { return dataset.plan(demands, shapes: shapes, circumstances: circumstances) }
        let names = Set(byName.map(\.series))
        let others = demands.filter { !names.contains($0.series) }
        return Plan(joining: [
            dataset.plan(byName, shapes: shapes.filter { $0.kind != .sweep }, circumstances: circumstances),
            dataset.plan(others, shapes: shapes, circumstances: circumstances),
        ])
    }

    /// The runs of what is planned for that no way leads to which is allowed, and what a person could do.
    private static func unreached(_ demands: [Demand], of dataset: Dataset, _ circumstances: Circumstances) -> [PlanFigures.Unfillable] {
        if !dataset.hasWays { return [] }
        return dataset.eachFilling(of: demands, circumstances).compactMap { key, filling in
            guard let reason = filling.obstacle else { return nil }
            let instants = dataset.instants(of: filling.range, of: key)
            return PlanFigures.Unfillable(
                key: key, from: instants.lowerBound, to: instants.upperBound, slots: filling.slots, reason: reason, action: filling.action)
        }
    }

    /// What slots need that no allowed way leads to, by `Filling.obstacle`; nil where that is nothing.
    static func obstacles(_ runs: some Sequence<(reason: String, slots: Int)>) -> String? {
        let slots = Dictionary(runs.map { ($0.reason, $0.slots) }, uniquingKeysWith: +)
        let parts = [("needs_trades", "need trades"), ("needs_archive", "need a file of the archive"), ("beyond_reach", "are beyond reach")]
            .compactMap { word, text in slots[word].map { "\($0) \(text)" } }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The runs of a series' slots that no call could fill.
    private static func unfillable(
        _ one: StoredSeries, in range: Range<Int>, of dataset: Dataset, now: Int64
    ) -> [PlanFigures.Unfillable] {
        let reach = dataset.reach(one.key, now)
        if reach == nil, one.ledger.unfillable.isEmpty { return [] }
        let calendar = dataset.calendar(of: one.key)
        let ruler = calendar.ruler
        let gaps = dataset.judged(one.ledger, now: now).gaps(
            in: range, calendar: calendar, dueBefore: dataset.dueBefore(one.key, now: now))
        return gaps.filter { $0.state == .unfillable }.map { gap in
            PlanFigures.Unfillable(
                key: one.key, from: ruler.start(of: gap.range.lowerBound), to: ruler.end(of: gap.range.upperBound - 1), slots: gap.slots,
                reason: reach?.reason ?? "unfillable", action: reach?.action ?? "No call that the upstream offers would fill it.")
        }
    }

    /// What is known of the work ahead on a dataset's upstream.
    package func outlook(of dataset: Dataset) async throws -> Outlook {
        try await store.outlook(of: dataset, among: datasets, rate: rates[dataset.upstream.name], clock: clock)
    }
}

extension Selection {
    /// To the periods of some calls: what is left to others is not for this one to be judged by.
    fileprivate mutating func narrow(to calls: [StoredCall], of dataset: Dataset) {
        // What calls for what is now are judged by is what they name (`Settling`).
        if dataset.asksForNow { return }
        guard let first = calls.map(\.periods.lowerBound).min(), let end = calls.map(\.periods.upperBound).max() else { return }
        from = max(from ?? .min, dataset.periods.start(of: first))
        to = min(to ?? .max, dataset.periods.start(of: end))
    }
}
