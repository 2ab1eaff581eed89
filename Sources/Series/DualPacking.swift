/// A lower bound with its proof in hand: weights on the cells (series, period) that are needed, such that no call can collect more
/// weight than it costs. Every plan has to touch every cell, so no plan costs less than all the weight together (weak duality of
/// covering and packing).
///
/// Weights are raised one cell after the other, each as far as the calls that could fill it allow. First the cells at which each
/// series' greedy windows begin: no window holds two of those, so where windows are the cheaper way they carry the whole price.
struct DualPacking {
    private let reach: Int
    private let windowPrice: Int
    private let sweepPrice: Int?
    private let batchShare: Int?
    private let scale: Int

    /// Cells looked at beyond the first ones, at most: the bound is good enough long before.
    private static let cellLimit = 300_000

    init(windows: WindowCover, periods: PeriodCover) {
        // Shares of a batch are fractions: weights count in units of 1/scale.
        scale = periods.largestBatch
        reach = windows.longest
        windowPrice = windows.leastPrice * scale
        sweepPrice = periods.sweepPrice.map { $0 * periods.largestBatch }
        batchShare = periods.batchShare(scale: scale)
    }

    /// No plan for these needs (one set of periods a series) costs less.
    func bound(_ needs: [SlotSet]) -> Int {
        var total = 0
        var left: [Int: Int] = [:]
        var weights: [[(period: Int, weight: Int)]] = needs.map { _ in [] }
        func raise(_ series: Int, _ period: Int) {
            var room = windowPrice - heaviestWindow(weights[series], around: period)
            if let batchShare { room = min(room, batchShare - weight(weights[series], at: period)) }
            if let sweepPrice { room = min(room, left[period] ?? sweepPrice) }
            if room <= 0 { return }
            if let sweepPrice { left[period] = (left[period] ?? sweepPrice) - room }
            add(room, at: period, to: &weights[series])
            total += room
        }
        let starts = WindowCover(shapes: [WindowCover.Shape(length: reach, fixed: 1, perPeriod: 0)])
        for (series, need) in needs.enumerated() {
            for window in starts.cover(need) { raise(series, window.periods.lowerBound) }
        }
        var looked = 0
        for (series, need) in needs.enumerated() {
            for run in need.ranges {
                for period in run {
                    looked += 1
                    if looked > DualPacking.cellLimit { return rounded(total) }
                    if left[period] != 0 { raise(series, period) }
                }
            }
        }
        return rounded(total)
    }

    /// Prices are whole, so the bound may be rounded up.
    private func rounded(_ total: Int) -> Int { (total + scale - 1) / scale }

    private func weight(_ cells: [(period: Int, weight: Int)], at period: Int) -> Int {
        let at = place(cells, of: period)
        return at < cells.count && cells[at].period == period ? cells[at].weight : 0
    }

    /// The most weight in any window that holds a period.
    private func heaviestWindow(_ cells: [(period: Int, weight: Int)], around period: Int) -> Int {
        var low = place(cells, of: period - reach + 1)
        var high = low
        var sum = 0
        var heaviest = 0
        // Windows that end with a cell, from the period itself on; the one that begins with the first cell in reach comes first.
        while high < cells.count, cells[high].period < period + reach {
            sum += cells[high].weight
            while cells[high].period - cells[low].period >= reach {
                sum -= cells[low].weight
                low += 1
            }
            heaviest = max(heaviest, sum)
            high += 1
        }
        return heaviest
    }

    private func add(_ weight: Int, at period: Int, to cells: inout [(period: Int, weight: Int)]) {
        let at = place(cells, of: period)
        if at < cells.count, cells[at].period == period {
            cells[at].weight += weight
        } else {
            cells.insert((period, weight), at: at)
        }
    }

    /// The first cell that does not lie before a period.
    private func place(_ cells: [(period: Int, weight: Int)], of period: Int) -> Int {
        var low = 0
        var high = cells.count
        while low < high {
            let middle = (low + high) / 2
            if cells[middle].period < period { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
