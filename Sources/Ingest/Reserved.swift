internal import Series
internal import Store

/// The slots that some calls are to fill, by series.
package struct Reserved {
    private var bySeries: [Int: SlotSet] = [:]

    /// All that calls were to fill that did not.
    init(_ calls: [Store.UndoneCall], _ dataset: Dataset, series: [StoredSeries]) {
        let keys = Self.keys(series)
        var ranges: [Int: [Range<Int>]] = [:]
        for call in calls {
            for id in call.seriesIDs {
                guard let key = keys[id] else { continue }
                ranges[id, default: []].append(dataset.slots(of: key, in: call.periods))
            }
        }
        bySeries = ranges.mapValues { SlotSet(ranges: $0) }
    }

    /// What open calls will bring to who would ask for it in `lane`.
    ///
    /// A call that waits brings all that is due when its turn comes, one under way what was due when it began. For one of a lane behind
    /// this one its turn may be far: of such a one only that counts which it was filed for, and what fell due since is not kept waiting.
    init(_ calls: [Store.OpenCall], _ dataset: Dataset, series: [StoredSeries], lane: Lane, clock: ServiceClock, now: Int64) {
        let keys = Self.keys(series)
        if dataset.asksForNow {
            bySeries = Self.slotsOfNow(calls, dataset, keys, now: now)
            return
        }
        var ranges: [Int: [Range<Int>]] = [:]
        for call in calls {
            let until: Int64
            if let begunAt = call.begunAt {
                until = max(call.filedAt, Int64(clock.stored.shown(real: begunAt)))
            } else {
                until = call.lane.isBehind(lane) ? call.filedAt : now
            }
            for id in call.seriesIDs {
                guard let key = keys[id] else { continue }
                let slots = dataset.slots(of: key, in: call.periods)
                let due = dataset.dueBefore(key, now: until)
                if due > slots.lowerBound { ranges[id, default: []].append(slots.lowerBound..<min(due, slots.upperBound)) }
            }
        }
        bySeries = ranges.mapValues { SlotSet(ranges: $0) }
    }

    /// A call for what is now brings the slots in progress of all that it names when its turn comes, unless all that it was filed for has
    /// passed.
    private static func slotsOfNow(
        _ calls: [Store.OpenCall], _ dataset: Dataset, _ keys: [Int: SeriesKey], now: Int64
    ) -> [Int: SlotSet] {
        var slots: [Int: SlotSet] = [:]
        for call in calls {
            let named = call.seriesIDs.compactMap { id in keys[id].map { (id: id, key: $0, ruler: dataset.calendar(of: $0).ruler) } }
            let isAlive = named.contains { dataset.slots(of: $0.key, in: call.periods).contains($0.ruler.slot(containing: now)) }
            if !isAlive { continue }
            for one in named {
                let slot = one.ruler.slot(containing: now)
                slots[one.id] = SlotSet(slot..<slot + 1)
            }
        }
        return slots
    }

    var isEmpty: Bool { bySeries.isEmpty }

    func slots(of series: Int) -> SlotSet { bySeries[series] ?? SlotSet() }

    private static func keys(_ series: [StoredSeries]) -> [Int: SeriesKey] {
        Dictionary(series.map { ($0.id, $0.key) }) { first, _ in first }
    }
}
