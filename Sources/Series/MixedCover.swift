/// Which periods to sweep, where windows along a series compete with calls across all series.
///
/// What is swept decides all: the rest is covered by windows, series by series, at the least price. The needs fall into components
/// that share no call; each is solved by the strongest of these ways that fits it, and each way gives a lower bound with it:
/// - windows of one period: period by period, exact;
/// - one window fills all that a series needs: a minimum cut, exact (`VertexCover`);
/// - all series need the same: a shortest path over the periods, exact;
/// - few periods: every choice is tried, exact;
/// - else a local search from the better of all windows and all sweeps, held against a packing (`DualPacking`).
struct MixedCover {
    let windows: WindowCover
    let periods: PeriodCover

    struct Solution {
        var swept: SlotSet
        var bound: Int
        /// What the bound is made of; nil where that is not told.
        var proof: [ProofShare]?
    }

    func solve(_ needs: [SlotSet]) -> Solution {
        if windows.longest == 1 { return solvePeriodByPeriod(needs) }
        var ranges: [Range<Int>] = []
        var bound = 0
        var proof: [ProofShare]? = []
        for component in Component.all(of: needs, reach: windows.longest, periods: periods) {
            let solution = solve(component)
            ranges += solution.swept.ranges
            bound += solution.bound
            proof = solution.proof.flatMap { shares in proof.map { $0 + shares } }
        }
        return Solution(swept: SlotSet(ranges: ranges), bound: bound, proof: proof)
    }

    /// Windows of one period join nothing, so each period is a question of its own.
    private func solvePeriodByPeriod(_ needs: [SlotSet]) -> Solution {
        var ranges: [Range<Int>] = []
        var bound = 0
        for stretch in Stretch.all(of: needs) {
            let series = stretch.members.count
            let byWindows = windows.leastPrice * series
            let across = periods.cheapest(series: series)?.price ?? .max
            if across < byWindows { ranges.append(stretch.periods) }
            // A batch may serve some of the series and windows the others: then only the cheapest cell price is sure.
            let scale = periods.largestBatch
            let share = min(periods.batchShare(scale: scale) ?? .max, windows.leastPrice * scale)
            let least = min(periods.sweepPrice ?? .max, (share * series + scale - 1) / scale)
            bound += least * stretch.periods.count
        }
        return Solution(swept: SlotSet(ranges: ranges), bound: bound)
    }

    private func solve(_ component: Component) -> Solution {
        if periods.isFlat {
            if let flat = windows.flatShape, component.clusters.allSatisfy({ $0.span <= flat.length }) {
                return byMinimumCut(component, windowPrice: flat.fixed)
            }
            if component.clusters.count == 1 { return byShortestPath(component) }
            if component.needed.count <= 8, component.clusters.count <= 200 { return byTryingAll(component) }
        }
        let (noneSwept, allSwept) = (component.price(sweeping: SlotSet(), windows), component.price(sweeping: component.needed, windows))
        let start = allSwept < noneSwept ? component.needed : SlotSet()
        let packing = DualPacking(windows: windows, periods: periods)
        let bound = packing.bound(component.clusters.flatMap { Array(repeating: $0.need, count: $0.series) })
        if bound >= min(noneSwept, allSwept) { return Solution(swept: start, bound: bound) }
        var search = SweepSearch(component: component, windows: windows)
        return Solution(swept: search.improved(from: start), bound: bound)
    }

    private func byMinimumCut(_ component: Component, windowPrice: Int) -> Solution {
        let cover = VertexCover(
            left: component.clusters.map { windowPrice * $0.series },
            right: component.stretches.map { ($0.price * $0.periods.count, $0.members) })
        let swept = zip(component.stretches, cover.takesRight).compactMap { $1 ? $0.periods : nil }
        return Solution(
            swept: SlotSet(ranges: swept), bound: cover.price, proof: component.shares(of: cover.flows, windowPrice: windowPrice))
    }

    /// A sweep is then one more window, of one period, at the price of a sweep.
    private func byShortestPath(_ component: Component) -> Solution {
        let cluster = component.clusters[0]
        var shapes = windows.shapes.map { shape in
            WindowCover.Shape(length: shape.length, fixed: shape.fixed * cluster.series, perPeriod: shape.perPeriod * cluster.series)
        }
        // All of its stretches cost the same: the same series need them.
        shapes.append(WindowCover.Shape(length: 1, fixed: component.stretches[0].price, perPeriod: 0))
        let cover = WindowCover(shapes: shapes)
        let chosen = cover.cover(cluster.need)
        let swept = chosen.filter { $0.shape == shapes.count - 1 }.map(\.periods)
        return Solution(swept: SlotSet(ranges: swept), bound: chosen.reduce(0) { $0 + cover.price(of: $1) })
    }

    private func byTryingAll(_ component: Component) -> Solution {
        let periods = component.needed.ranges.flatMap { Array($0) }
        var best = (swept: SlotSet(), price: Int.max)
        for choice in 0..<(1 << periods.count) {
            let chosen = periods.indices.filter { choice >> $0 & 1 == 1 }.map { periods[$0]..<periods[$0] + 1 }
            let swept = SlotSet(ranges: chosen)
            let price = component.price(sweeping: swept, windows)
            if price < best.price { best = (swept, price) }
        }
        return Solution(swept: best.swept, bound: best.price)
    }
}
