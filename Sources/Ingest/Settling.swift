internal import Bytes
internal import Series
internal import Store

/// What becomes of an ingestion whose tasks have all ended. Pure, given what is stored.
enum Settling {
    /// More replans than this are no progress: each goes without a shape, or at a price that was found out.
    private static let replansMax = 8
    /// Of a dataset that is planned in waves: from files to what follows from them, on to calls, and a pass over everything that is cut
    /// short goes on a few times.
    private static let wavesMax = 24

    /// What plans of a dataset with several ways are made from, once all tasks of an ingestion have ended.
    static func ground(
        of ingestion: String, _ dataset: Dataset, store: Store, now: Int64
    ) async throws -> WayGround {
        if dataset.asksForNow {
            var ground = WayGround()
            ground.tokens = try await store.tokenFacts(upstream: dataset.upstream.name, now: Double(now))
            ground.now = now
            ground.named = try await store.namedSeries(of: ingestion)
            return ground
        }
        guard dataset.plansInWaves, let stored = try await store.ingestion(id: ingestion) else { return WayGround() }
        let selection = try SelectionJSON.read(try JSONValue(parsing: Array(stored.selection.utf8)), datasets: [dataset], isStored: true)
        let series = dataset.hasWays ? try await store.ledgers(of: dataset, now: stored.filedAt) : []
        var ground = try await WayGround.gather(selection, of: dataset, series, store: store, now: stored.filedAt)
        ground.made = try await store.madeCalls(of: ingestion)
        ground.replans = stored.replans
        ground.now = max(now, stored.filedAt)
        return ground
    }

    /// What was gathered is no longer so: another worker has planned a wave meanwhile.
    struct Outrun: Error {}

    /// `undone`: its calls that could not be carried out as planned, and were not yet planned anew. Throws `Outrun`.
    static func decide(
        _ ingestion: StoredIngestion, undone: [Store.UndoneCall], series: [StoredSeries], dataset: Dataset, findings: ShapeFindings,
        ground: WayGround = WayGround()
    ) throws -> Store.Settlement {
        if let replans = ground.replans, replans != ingestion.replans { throw Outrun() }
        // What fell due while it ran was never asked of it.
        let now = ingestion.filedAt
        var selection = try SelectionJSON.read(try JSONValue(parsing: Array(ingestion.selection.utf8)), datasets: [dataset], isStored: true)
        let isSpent = selection.maxRequests.map { ingestion.sums.requests >= $0 } ?? false
        // Resumed after its end: all that is missing. Of what is asked for again though it is held only the calls know what is left.
        let isWhole = ingestion.isResumed && selection.mode == .missing
        if dataset.plansInWaves, let next = wave(ingestion, selection, isSpent, undone, series, dataset, findings, ground) {
            return .more(next.calls, least: undone.isEmpty ? next.least : 0)
        }
        if !dataset.plansInWaves, (isWhole || !undone.isEmpty) && ingestion.replans < replansMax && !isSpent {
            selection.maxRequests = selection.maxRequests.map { $0 - ingestion.sums.requests }
            let rest = Planning.plan(
                selection, of: dataset, series: series, findings: findings, now: now, instead: isWhole ? nil : undone,
                ground: dataset.asksForNow ? ground : WayGround())
            if !rest.calls.isEmpty { return .more(rest.calls) }
        }
        var tally = Tally()
        for one in series where dataset.selects(one.key, by: selection) && ground.named?.contains(one.id) ?? true {
            tally += dataset.judged(one.ledger, now: now).tally(
                in: dataset.asksForNow
                    ? dataset.calendar(of: one.key).ruler.slots(holding: now)
                    : dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now),
                calendar: dataset.calendar(of: one.key), dueBefore: dataset.dueBefore(one.key, now: now))
        }
        let outcome = IngestionStatus.ended(
            missingFillable: tally.missing - tally.unfillable - tally.quarantined,
            quarantined: tally.quarantined + ingestion.sums.quarantined, failedTasks: ingestion.sums.failed,
            tasks: ingestion.sums.tasks, stored: ingestion.sums.written + ingestion.sums.unchanged + ingestion.sums.revised)
        // A refresh finds nothing missing beforehand: whether it was done is said by its calls.
        if selection.mode == .refresh, outcome == .completed, let end = refreshed(ingestion, undone: undone.count) { return end }
        let lacking = dataset.hasWays && outcome.status != .completed ? lacking(selection, series, dataset, ground, now: now) : nil
        return .ended(outcome.status, error: error(ingestion, tally, outcome.status, lacking))
    }

    /// What is planned next of what is still missing, by other ways or by the same a step further: local work even where no requests are
    /// left to spend; nil where there is nothing new to do.
    private static func wave(
        _ ingestion: StoredIngestion, _ asked: Selection, _ isSpent: Bool, _ undone: [Store.UndoneCall], _ series: [StoredSeries],
        _ dataset: Dataset, _ findings: ShapeFindings, _ ground: WayGround
    ) -> (calls: [StoredCall], least: Int)? {
        guard ingestion.replans < wavesMax, asked.ways.autoGapFill || ingestion.isResumed || !undone.isEmpty else { return nil }
        var selection = asked
        selection.maxRequests = selection.maxRequests.map { isSpent ? 0 : $0 - ingestion.sums.requests }
        let isOnlyUndone = !asked.ways.autoGapFill && !ingestion.isResumed
        let rest = Planning.plan(
            selection, of: dataset, series: series, findings: findings, now: ingestion.filedAt, instead: isOnlyUndone ? undone : nil,
            ground: ground)
        // What asks nobody comes first: what it brings, or proves to be empty, need not be asked for.
        let local = rest.calls.filter { dataset.call($0.shape)?.kind.isLocal ?? false }
        if !local.isEmpty { return (local, 0) }
        // Where every call failed nothing is other than before.
        if !isOnlyUndone, ingestion.sums.failed < ingestion.sums.tasks,
            let proof = evidence(selection, series, dataset, ground, now: ingestion.filedAt)
        {
            return ([proof], 0)
        }
        return rest.calls.isEmpty ? nil : (rest.calls, rest.figures.lowerBound.requests)
    }

    /// A look for proofs that nothing happened in slots that are still missing; nil where nothing came since the last one.
    private static func evidence(
        _ selection: Selection, _ series: [StoredSeries], _ dataset: Dataset, _ ground: WayGround, now: Int64
    ) -> StoredCall? {
        guard let shape = dataset.call(Derivation.evidenceShape), let last = ground.made.last, last.shape != shape.name else { return nil }
        let open = series.filter { dataset.selects($0.key, by: selection) }.filter { one in
            !dataset.lacking(one.ledger, from: selection.from ?? now, to: selection.to ?? now, now: now).missing.isEmpty
        }
        let periods = dataset.periods.slots(from: selection.from ?? now, to: max(selection.to ?? now, (selection.from ?? now) + 1))
        if open.isEmpty || periods.isEmpty { return nil }
        // It looks at slots and promises to fill none.
        return StoredCall(shape: shape.name, seriesIDs: open.map(\.id).sorted(), periods: periods, covers: 0, requests: 0, tokens: 0)
    }

    /// How many of the missing slots want a way that was not allowed, or a file that nobody has fetched.
    private static func lacking(
        _ selection: Selection, _ series: [StoredSeries], _ dataset: Dataset, _ ground: WayGround, now: Int64
    ) -> String? {
        let missing = series.filter { dataset.selects($0.key, by: selection) }.map {
            dataset.lacking($0.ledger, from: selection.from ?? now, to: selection.to ?? now, now: now)
        }
        let fillings = dataset.eachFilling(of: missing, ground.circumstances(selection, dataset, series, now: now))
        return Planning.obstacles(fillings.compactMap { _, filling in filling.obstacle.map { ($0, filling.slots) } })
    }

    /// How a refresh ended that was not carried out whole; nil where it was.
    private static func refreshed(_ ingestion: StoredIngestion, undone: Int) -> Store.Settlement? {
        let sums = ingestion.sums
        // Of one that was resumed the unproved calls are among those that are undone.
        let broken = sums.failed + (ingestion.isResumed ? 0 : sums.unproved) + undone
        let left = ingestion.slotsDetected - sums.slotsPlanned
        if broken == 0, left <= 0 { return nil }
        var parts: [String] = []
        if broken > 0 {
            let reason = sums.failure.map { ": \($0)" } ?? ""
            parts.append("\(broken) of \(sums.tasks) calls were not answered whole\(reason)")
        }
        if left > 0 { parts.append("\(left) of the selected slots were left out by max_requests") }
        let isNothing = broken == sums.tasks && sums.written + sums.unchanged + sums.revised == 0
        return .ended(isNothing ? .failed : .partial, error: parts.joined(separator: "; "))
    }

    private static func parked(_ count: Int) -> String {
        "\(count) of them \(count == 1 ? "is" : "are") parked until the ingestion is resumed"
    }

    private static func error(_ ingestion: StoredIngestion, _ tally: Tally, _ status: IngestionStatus, _ lacking: String?) -> String? {
        switch status {
        case .completed: return nil
        case .failed:
            let held = ingestion.sums.parked > 0 ? "; \(parked(ingestion.sums.parked))" : ""
            return "every call failed\(ingestion.sums.failure.map { ": \($0)" } ?? "")\(held)"
        default:
            var parts: [String] = []
            if tally.missing > 0 { parts.append("\(tally.missing) slots are still missing\(lacking.map { ": \($0)" } ?? "")") }
            if ingestion.sums.failed > 0 {
                parts.append("\(ingestion.sums.failed) calls failed\(ingestion.sums.failure.map { " (\($0))" } ?? "")")
            }
            if ingestion.sums.parked > 0 { parts.append(parked(ingestion.sums.parked)) }
            if ingestion.sums.quarantined > 0 { parts.append("\(ingestion.sums.quarantined) records were refused") }
            return parts.joined(separator: "; ")
        }
    }
}
