/// What it would take to fetch every period in which anything is missing for all series that are selected: what is saved by asking for
/// the missing slots alone is told by it.
package struct WholePeriods: Sendable, Hashable {
    package var requests: Int
    /// All slots of those periods, of all those series.
    package var slots: Int

    package init(requests: Int, slots: Int) {
        self.requests = requests
        self.slots = slots
    }
}

extension Dataset {
    /// Channel by channel, as batches name their series one by one: periods in which any selected series lacks anything, times the calls
    /// that name all of them. nil where a channel that lacks anything has no batch shape.
    ///
    /// - Parameter selected: of channels that lack nothing too.
    package func wholePeriods(of demands: [Demand], selected: some Sequence<SeriesKey>, shapes: [CallShape]) -> WholePeriods? {
        var lacking: [String: (key: SeriesKey, periods: SlotSet)] = [:]
        for demand in demands where !demand.missing.isEmpty {
            let ruler = calendar(of: demand.series).ruler
            let periods = SlotSet(ranges: demand.missing.ranges.map { self.periods.slots(holding: $0, of: ruler) })
            let name = channel(demand.series)
            lacking[name] = (demand.series, lacking[name].map { $0.periods.union(periods) } ?? periods)
        }
        if !shapes.contains(where: { $0.seriesMax != nil }) { return nil }
        let counts = selected.reduce(into: [String: Int]()) { $0[channel($1), default: 0] += 1 }
        var whole = WholePeriods(requests: 0, slots: 0)
        for (name, (key, periods)) in lacking {
            let series = counts[name] ?? 0
            let own = shapes.filter { $0.channel == name || $0.channel.isEmpty }
            guard let price = own.compactMap({ $0.requests(forAll: series) }).min() else { return nil }
            whole.requests += price * periods.count
            whole.slots += periods.ranges.reduce(0) { $0 + slots(of: key, in: $1).count } * series
        }
        return whole
    }
}

extension CallShape {
    /// Series that a batch can name; nil of other shapes.
    fileprivate var seriesMax: Int? {
        if case .batch(let most) = kind { most } else { nil }
    }

    /// Of the batches that name so many series in one period.
    fileprivate func requests(forAll series: Int) -> Int? {
        guard let most = seriesMax else { return nil }
        let (full, rest) = series.quotientAndRemainder(dividingBy: most)
        return cost(periods: 1, series: most).requests * full + (rest > 0 ? cost(periods: 1, series: rest).requests : 0)
    }
}
