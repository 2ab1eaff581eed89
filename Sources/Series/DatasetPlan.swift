/// Plans for what series lack: one place for plans that are filed, for when a range will be whole, and for typical days.
extension Dataset {
    /// The cheapest calls, channel by channel: no call serves two.
    package func plan(_ demand: [Demand], shapes: [CallShape]) -> Plan {
        let channels = Dictionary(grouping: demand) { channel($0.series) }.sorted { $0.key < $1.key }
        return Plan(
            joining: channels.compactMap { channel, demand in
                guard let first = demand.first else { return nil }
                // Series of one channel that windows, sweeps and batches serve have slots of one length.
                return Planner(
                    slots: calendar(of: first.series).ruler, periods: periods,
                    shapes: shapes.filter { $0.channel == channel || $0.channel.isEmpty }
                ).plan(demand)
            })
    }
}
