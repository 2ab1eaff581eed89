internal import Series
internal import Store

/// What a plan is made from beside coverage: what a dataset with several ways has at hand, and of any dataset that is planned in waves the
/// calls that were made. Gathered first, for a plan is pure.
package struct WayGround: Sendable {
    /// Those at hand that are not read yet.
    var files: [FileAtHand] = []
    var rates = EventRates()
    /// Slots that only others' silence says are empty, by series, where everything is wanted: they are asked for again.
    var doubted: [Int: SlotSet] = [:]
    /// Calls that the ingestion has made already, which are not made again.
    var made: [Store.MadeCall] = []
    /// How often the ingestion had been planned anew; nil where the plan is not of one.
    var replans: Int?
    /// The series that the ingestion's calls name, by the store's ids, where it is judged by these alone.
    var named: Set<Int>?
    /// What its upstream's bucket of tokens is like, where it has one.
    var tokens: TokenFacts?
    /// The shown clock, where what is due is judged by an earlier one.
    var now: Int64?

    package init() {}

    /// For a plan of what is missing; nothing of a dataset whose calls all name what they fill.
    static func gather(
        _ selection: Selection, of dataset: Dataset, _ series: [StoredSeries], store: Store, now: Int64
    ) async throws -> WayGround {
        var ground = WayGround()
        if dataset.upstream.tokens != nil {
            ground.tokens = try await store.tokenFacts(upstream: dataset.upstream.name, now: Double(now))
        }
        guard dataset.hasWays else { return ground }
        if selection.ways.archives { ground.files = try await store.filesAtHand(of: dataset) }
        if selection.ways.complete, let reason = dataset.derivation?.commonReason {
            ground.doubted = try await store.absent(of: dataset.name, because: reason)
        }
        guard dataset.shapes.contains(where: { $0.kind == .tape }) else { return ground }
        let missing = ground.doubting(series).filter { dataset.selects($0.key, by: selection) }.map {
            dataset.lacking($0.ledger, from: selection.from ?? now, to: selection.to ?? now, now: now)
        }
        ground.rates = try await EventRates.near(missing.filter { !$0.missing.isEmpty }, series, of: dataset, in: store)
        return ground
    }

    /// The series as plans are to see them.
    func doubting(_ series: [StoredSeries]) -> [StoredSeries] {
        if doubted.isEmpty { return series }
        return series.map { one in
            guard let slots = doubted[one.id] else { return one }
            var ledger = one.ledger
            ledger.recheck.formUnion(slots)
            return StoredSeries(id: one.id, ledger: ledger)
        }
    }

    func circumstances(_ selection: Selection, _ dataset: Dataset, _ series: [StoredSeries], now: Int64) -> Circumstances {
        let rates = rates
        // What a file was to tell that was read and did not tell it is anybody's again.
        let read = Set(made.compactMap(\.file))
        var circumstances = Circumstances(
            now: self.now ?? now, ledgers: dataset.hasWays || dataset.asksForNow ? series.map(\.ledger) : [],
            files: files.filter { !read.contains($0.id) },
            ways: selection.ways,
            events: { rates.rate($0, $1) })
        if dataset.asksForNow {
            circumstances.seen = Dictionary(series.compactMap { one in one.changedAt.map { (one.key, $0) } }) { first, _ in first }
        }
        circumstances.tokenPrices = tokens?.means ?? [:]
        return circumstances
    }

    // MARK: What was made already

    /// The plan without calls that were made: a file that was read, and what a call was to bring that has ended, unless it was a pass that
    /// got somewhere and can go on. Inference is repeated as long as it finds more or less to do than before.
    func new(of plan: Plan, _ ids: [SeriesKey: Int]) -> Plan {
        struct Way: Hashable {
            let shape: String
            let series: Int
        }
        var asked: [Way: [Range<Int>]] = [:]
        for call in made where !call.goesOn {
            for id in call.seriesIDs { asked[Way(shape: call.shape, series: id), default: []].append(call.periods) }
        }
        let done = asked.mapValues { SlotSet(ranges: $0) }
        let read = Set(made.compactMap(\.file))
        return plan.without { call in
            if let file = call.file { return read.contains(file) }
            let own = call.series.compactMap { ids[$0] }
            if call.shape.kind == .inference {
                return made.contains {
                    $0.shape == call.shape.name && $0.seriesIDs == own && $0.periods == call.periods && $0.covers == call.covers
                }
            }
            return own.allSatisfy { done[Way(shape: call.shape.name, series: $0)]?.contains(call.periods) ?? false }
        }
    }

    /// By series, the periods of calls for all series of a period that were made and named it: what is missing there still, they do not
    /// bring.
    func swept(of dataset: Dataset) -> [Int: SlotSet] {
        let sweeps = Set(dataset.shapes.filter { $0.kind == .sweep }.map(\.name))
        var swept: [Int: SlotSet] = [:]
        for call in made where sweeps.contains(call.shape) {
            for id in call.seriesIDs { swept[id, default: SlotSet()].insert(call.periods) }
        }
        return swept
    }

    /// The periods of all that was made, from the first to the last; nil where nothing was.
    var madePeriods: Range<Int>? {
        guard let first = made.map(\.periods.lowerBound).min(), let end = made.map(\.periods.upperBound).max() else { return nil }
        return first..<end
    }
}
