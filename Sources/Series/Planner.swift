/// Works out the calls that fill a demand at the least cost, and how sure that is. The same demand always gives the same plan.
///
/// Windows alone are covered greedily and batches by division, both optimal; where both compete, see `MixedCover`.
package struct Planner: Sendable {
    /// The marks that gaps are counted in.
    package let slots: Ruler
    /// The marks that calls speak in, at least as long as slots: local days of CMG, while its slots are hours.
    package let periods: Ruler
    /// The shapes that are usable now.
    package let shapes: [CallShape]
    /// The most that the plan may spend; nil: no limit.
    package let maxRequests: Int?

    package init(slots: Ruler, periods: Ruler, shapes: [CallShape], maxRequests: Int? = nil) {
        self.slots = slots
        self.periods = periods
        self.shapes = shapes
        self.maxRequests = maxRequests
    }

    package func plan(_ demand: [Demand]) -> Plan {
        let demand = merged(demand)
        let needs = demand.map { needed($0.missing) }
        let unit: PriceUnit = shapes.contains { $0.tokensCount } ? .tokens : .requests
        let solution = solve(needs, in: unit)
        var calls = windowCalls(demand, needs, swept: solution.swept, unit) + acrossCalls(demand, needs, swept: solution.swept, unit)
        calls.sort(by: Plan.precedes)
        let gaps = Plan.GapCount(
            count: demand.reduce(0) { $0 + $1.missing.ranges.count }, slots: demand.reduce(0) { $0 + $1.missing.count })
        let totals = Plan.Totals(of: calls)
        let least = unit == .requests ? Cost(requests: solution.bound)
            : Cost(requests: solve(needs, in: .requests).bound, tokens: solution.bound)
        let isWhole = totals.slots == gaps.slots
        let isProven = isWhole && unit.price(totals.cost) == solution.bound
        var plan = Plan(
            calls: calls, totals: totals, lowerBound: isWhole ? least : least.capped(by: totals.cost),
            optimality: isProven ? .proven : .bounded, gaps: gaps, uncovered: gaps.slots - totals.slots)
        if isProven, unit == .requests, let shares = solution.proof {
            plan.proof = Proof(shares.map { Proof.Hole(series: demand[$0.need].series, period: $0.period, requests: $0.price) })
        }
        return plan.limited(to: maxRequests)
    }

    // MARK: From slots to periods and back

    /// One demand a series, in the order of keys.
    private func merged(_ demand: [Demand]) -> [Demand] {
        var missing: [SeriesKey: SlotSet] = [:]
        for entry in demand where !entry.missing.isEmpty { missing[entry.series, default: SlotSet()].formUnion(entry.missing) }
        return missing.sorted { $0.key < $1.key }.map { Demand(series: $0.key, missing: $0.value) }
    }

    /// The periods in which missing slots begin.
    private func needed(_ missing: SlotSet) -> SlotSet {
        SlotSet(ranges: missing.ranges.map { periods.slots(holding: $0, of: slots) })
    }

    private func slots(in range: Range<Int>) -> Range<Int> {
        if periods == slots { return range }
        return slots.slots(from: periods.start(of: range.lowerBound), to: periods.start(of: range.upperBound))
    }

    // MARK: The choice

    private func solve(_ needs: [SlotSet], in unit: PriceUnit) -> MixedCover.Solution {
        let windows = windowCover(unit)
        let across = PeriodCover(shapes: shapes, unit: unit)
        switch (windows.shapes.isEmpty, across.isEmpty) {
        case (true, true):
            return MixedCover.Solution(swept: SlotSet(), bound: 0, proof: [])
        case (false, true):
            return MixedCover.Solution(
                swept: SlotSet(), bound: needs.reduce(0) { $0 + windows.price(of: $1) }, proof: windows.proof(of: needs))
        case (true, false):
            let stretches = Stretch.all(of: needs)
            return MixedCover.Solution(
                swept: SlotSet(ranges: stretches.map(\.periods)),
                bound: stretches.reduce(0) { $0 + across.leastPrice(series: $1.members.count) * $1.periods.count },
                proof: across.proof(of: stretches))
        case (false, false):
            return MixedCover(windows: windows, periods: across).solve(needs)
        }
    }

    private var windowShapes: [CallShape] {
        shapes.filter { if case .window = $0.kind { true } else { false } }
    }

    private func windowCover(_ unit: PriceUnit) -> WindowCover {
        WindowCover(
            shapes: windowShapes.map { shape in
                guard case .window(let length) = shape.kind else { preconditionFailure("only windows are asked for") }
                return WindowCover.Shape(
                    length: max(1, length), fixed: unit.price(shape.fixed + shape.perSeries), perPeriod: unit.price(shape.perPeriod))
            })
    }

    // MARK: The calls

    private func windowCalls(_ demand: [Demand], _ needs: [SlotSet], swept: SlotSet, _ unit: PriceUnit) -> [PlannedCall] {
        let named = windowShapes
        if named.isEmpty { return [] }
        let windows = windowCover(unit)
        var calls: [PlannedCall] = []
        for (entry, need) in zip(demand, needs) {
            for window in windows.cover(need.subtracting(swept)) {
                // What lies in a swept period is the sweep's.
                let own = SlotSet(window.periods).subtracting(swept)
                let covers = own.ranges.reduce(0) { $0 + entry.missing.count(in: slots(in: $1)) }
                let shape = named[window.shape]
                calls.append(
                    PlannedCall(
                        shape: shape, series: [entry.series], periods: window.periods, covers: covers,
                        cost: shape.cost(periods: window.periods.count, series: 1)))
            }
        }
        return calls
    }

    private func acrossCalls(_ demand: [Demand], _ needs: [SlotSet], swept: SlotSet, _ unit: PriceUnit) -> [PlannedCall] {
        if swept.isEmpty { return [] }
        let across = PeriodCover(shapes: shapes, unit: unit)
        var calls: [PlannedCall] = []
        for stretch in Stretch.all(of: needs.map { $0.intersection(swept) }) {
            guard let way = across.cheapest(series: stretch.members.count)?.way else { continue }
            for period in stretch.periods {
                let inside = slots(in: period..<period + 1)
                func call(_ shape: CallShape, _ members: ArraySlice<Int>) {
                    calls.append(
                        PlannedCall(
                            shape: shape, series: members.map { demand[$0].series }, periods: period..<period + 1,
                            covers: members.reduce(0) { $0 + demand[$1].missing.count(in: inside) },
                            cost: shape.cost(periods: 1, series: members.count)))
                }
                switch way {
                case .sweep(let shape):
                    call(shape, stretch.members[...])
                case .batches(let shape, let size):
                    for from in stride(from: 0, to: stretch.members.count, by: size) {
                        call(shape, stretch.members[from..<min(from + size, stretch.members.count)])
                    }
                }
            }
        }
        return calls
    }
}

extension CallShape {
    fileprivate var tokensCount: Bool { fixed.tokens + perPeriod.tokens + perSeries.tokens > 0 }
}
