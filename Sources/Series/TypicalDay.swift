internal import Bytes

extension SteadyDemand {
    /// What a typical day of a dataset takes, reckoned by the planner as if nothing had gone wrong: one night's refresh of the dataset's
    /// horizon, and for each slot of a day one look at that day, in each channel. Days are the ones before `now` (shown clock).
    package init(typicalOf dataset: Dataset, now: Int64, shapes: [CallShape]? = nil) {
        let shapes = shapes ?? dataset.shapes
        let today = dataset.zone.day(at: now)
        let ruler = dataset.calendar.ruler
        let midnight = dataset.zone.start(of: today)
        let yesterday = ruler.slots(from: dataset.zone.start(of: today.advanced(by: -1)), to: midnight)
        let horizon = ruler.slots(from: dataset.zone.start(of: today.advanced(by: -dataset.horizonDays)), to: midnight)
        var requests = 0
        for (channel, keys) in Dictionary(grouping: dataset.followed, by: dataset.channel) {
            let planner = Planner(slots: ruler, periods: dataset.periods, shapes: shapes.filter { $0.channel == channel })
            func cost(_ range: Range<Int>) -> Int {
                let expected = dataset.calendar.expected(in: range)
                return planner.plan(keys.map { Demand(series: $0, missing: expected) }).totals.cost.requests
            }
            requests += cost(horizon) + cost(yesterday) * dataset.calendar.expected(in: yesterday).count
        }
        self.init(requestsPerDay: Double(requests))
    }
}
