/// One series and the slots that it lacks.
package struct Demand: Sendable, Hashable {
    package let series: SeriesKey
    package let missing: SlotSet

    package init(series: SeriesKey, missing: SlotSet) {
        self.series = series
        self.missing = missing
    }
}

extension Dataset {
    /// The due slots of a series that begin in a range and are missing, as far as the upstream's reach lets them be more than unfillable.
    package func lacking(_ ledger: Ledger, from: Int64, to: Int64, now: Int64) -> Demand {
        demand(.missing, of: ledger, from: from, to: to, now: now)
    }

    /// Those that a selection of this mode asks for.
    package func demand(_ mode: Selection.Mode, of ledger: Ledger, from: Int64, to: Int64, now: Int64) -> Demand {
        let key = ledger.key
        return Demand(
            series: key,
            missing: judged(ledger, now: now).demand(
                mode, in: slots(of: key, from: from, to: to), calendar: calendar(of: key), dueBefore: dueBefore(key, now: now)))
    }
}

/// A call that the plan wants made.
package struct PlannedCall: Sendable, Hashable {
    package let shape: CallShape
    /// The series that need it. A sweep fetches every series; these are the ones that lack something there.
    package let series: [SeriesKey]
    package let periods: Range<Int>
    /// Missing slots that it fills, those of other calls not counted twice.
    package let covers: Int
    package let cost: Cost
    /// When the first of its slots is no longer to be had by it; nil: never.
    package let deadline: Int64?
    /// Of a call that reads a file, which: an id of the store's.
    package let file: Int64?

    package init(
        shape: CallShape, series: [SeriesKey], periods: Range<Int>, covers: Int, cost: Cost, deadline: Int64? = nil, file: Int64? = nil
    ) {
        self.shape = shape
        self.series = series
        self.periods = periods
        self.covers = covers
        self.cost = cost
        self.deadline = deadline
        self.file = file
    }
}

/// The calls that fill a demand, what they cost, and how far that is from the least that any plan could cost.
package struct Plan: Sendable, Hashable {
    package struct Totals: Sendable, Hashable {
        package var calls = 0
        package var cost = Cost.zero
        package var slots = 0
        /// One request after the other, without waiting for the budget.
        package var seconds = 0.0
    }

    package struct GapCount: Sendable, Hashable {
        package let count: Int
        package let slots: Int
    }

    package enum Optimality: String, Sendable, Hashable {
        /// No plan of these shapes is cheaper.
        case proven
        /// No plan is cheaper than the lower bound; this one may be dearer than need be by the difference.
        case bounded
    }

    /// In the order of time, then of series.
    package let calls: [PlannedCall]
    package let totals: Totals
    package let lowerBound: Cost
    package let optimality: Optimality
    /// Runs of missing slots, and their slots.
    package internal(set) var gaps: GapCount
    /// Slots that no shape at hand can fill, or that the limit of requests left out.
    package let uncovered: Int
    /// What shows that no plan costs less, where it is told.
    package internal(set) var proof: Proof?
}

extension Plan {
    /// Several plans of demands that no call can serve together, as one: cheapest if each of them is.
    package init(joining plans: [Plan]) {
        let calls = plans.flatMap { $0.calls }.sorted(by: Plan.precedes)
        let proofs = plans.compactMap(\.proof)
        self.init(
            calls: calls, totals: Totals(of: calls), lowerBound: plans.reduce(Cost.zero) { $0 + $1.lowerBound },
            optimality: plans.allSatisfy { $0.optimality == .proven } ? .proven : .bounded,
            gaps: GapCount(count: plans.reduce(0) { $0 + $1.gaps.count }, slots: plans.reduce(0) { $0 + $1.gaps.slots }),
            uncovered: plans.reduce(0) { $0 + $1.uncovered },
            proof: proofs.count == plans.count ? Proof(proofs.flatMap(\.holes)) : nil)
    }

    /// Without some calls: what they were to fill is filled by none.
    package func without(_ isLeftOut: (PlannedCall) -> Bool) -> Plan {
        let kept = calls.filter { !isLeftOut($0) }
        if kept.count == calls.count { return self }
        let totals = Totals(of: kept)
        return Plan(
            calls: kept, totals: totals, lowerBound: lowerBound.capped(by: totals.cost),
            optimality: totals.cost == .zero ? .proven : .bounded, gaps: gaps, uncovered: gaps.slots - totals.slots)
    }

    /// The calls that so many requests pay for: what asks nobody always; then what will be too late, the earliest first, since the rest can
    /// still be had another day; then those that fill the most for their requests.
    package func limited(to maxRequests: Int?) -> Plan {
        guard let maxRequests, totals.cost.requests > maxRequests else { return self }
        let byWorth = calls.indices.sorted { a, b in
            let isLocal = (calls[a].shape.kind.isLocal, calls[b].shape.kind.isLocal)
            if isLocal.0 != isLocal.1 { return isLocal.0 }
            if calls[a].deadline != calls[b].deadline { return (calls[a].deadline ?? .max) < (calls[b].deadline ?? .max) }
            let (mine, theirs) = (calls[a].covers * calls[b].cost.requests, calls[b].covers * calls[a].cost.requests)
            return mine != theirs ? mine > theirs : a < b
        }
        var left = maxRequests
        var kept: [Int] = []
        for index in byWorth where calls[index].cost.requests <= left {
            left -= calls[index].cost.requests
            kept.append(index)
        }
        let chosen = kept.sorted().map { calls[$0] }
        let totals = Totals(of: chosen)
        // The bound is for the whole demand: what a part of it costs may lie below.
        return Plan(
            calls: chosen, totals: totals, lowerBound: lowerBound.capped(by: totals.cost), optimality: .bounded, gaps: gaps,
            uncovered: gaps.slots - totals.slots)
    }

    /// What asks nobody first, then what will soon be too late, then in the order of time, of series, of shapes.
    static func precedes(_ a: PlannedCall, _ b: PlannedCall) -> Bool {
        if a.shape.kind.isLocal != b.shape.kind.isLocal { return a.shape.kind.isLocal }
        if a.deadline != b.deadline { return (a.deadline ?? .max) < (b.deadline ?? .max) }
        if a.periods.lowerBound != b.periods.lowerBound { return a.periods.lowerBound < b.periods.lowerBound }
        guard let first = a.series.first, let second = b.series.first, first != second else { return a.shape.name < b.shape.name }
        return first < second
    }
}

extension Plan.Totals {
    init(of calls: [PlannedCall]) {
        self.init()
        for call in calls {
            self.calls += 1
            cost += call.cost
            slots += call.covers
            seconds += call.shape.seconds(call.cost)
        }
    }
}

extension Cost {
    func capped(by other: Cost) -> Cost {
        Cost(requests: min(requests, other.requests), tokens: min(tokens, other.tokens))
    }
}
