/// Plans for what series lack: one place for plans that are filed, for when a range will be whole, and for typical days.
extension Dataset {
    /// The cheapest calls, channel by channel: no call serves two.
    ///
    /// - Parameter shapes: those that are usable now, at the prices that were found.
    package func plan(_ demand: [Demand], shapes: [CallShape], circumstances: Circumstances) -> Plan {
        if asksForNow {
            return SnapshotPlanner(dataset: self, shapes: shapes, circumstances: circumstances).plan(demand)
        }
        let channels = Dictionary(grouping: demand) { channel($0.series) }.sorted { $0.key < $1.key }
        let ledgers = hasWays ? Dictionary(grouping: circumstances.ledgers.values) { channel($0.key) } : [:]
        var plan = Plan(
            joining: channels.compactMap { channel, demand in
                guard let first = demand.first else { return nil }
                let own = shapes.filter { $0.channel == channel || $0.channel.isEmpty }
                if own.contains(where: { $0.kind.isRung }) {
                    return WayPlanner(
                        dataset: self, channel: channel, shapes: own, ledgers: ledgers[channel] ?? [], circumstances: circumstances
                    ).plan(demand)
                }
                // Series of one channel that windows, sweeps and batches serve have slots of one length.
                return Planner(slots: calendar(of: first.series).ruler, periods: periods, shapes: own).plan(demand)
            })
        plan.gaps = Plan.GapCount(
            count: demand.reduce(0) { $0 + calendar(of: $1.series).runs(of: $1.missing) }, slots: plan.gaps.slots)
        return plan
    }
}
