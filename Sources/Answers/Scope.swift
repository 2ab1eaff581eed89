internal import Bytes
internal import Series
internal import Store

/// What a question is about, once "now" is settled: a dataset, a range, and what is due of it.
struct Scope {
    let dataset: Dataset
    /// Shown time.
    let now: Int64
    let from: Int64
    let to: Int64
    let slots: Range<Int>
    /// The range moves with the clock.
    let followsNow: Bool

    /// Absent instants mean the dataset's horizon and the end of the slot in progress: all that has begun is meant, and the answer
    /// is the same throughout the slot.
    init(_ dataset: Dataset, from: Int64?, to: Int64?, now: Int64) {
        let ruler = dataset.calendar.ruler
        let today = dataset.zone.day(at: now)
        let horizon = dataset.zone.start(of: today.advanced(by: -dataset.horizonDays))
        let end = to ?? max(ruler.end(of: ruler.slot(containing: now)), from ?? .min)
        self.dataset = dataset
        self.now = now
        self.to = end
        self.from = from ?? min(horizon, end)
        slots = ruler.slots(from: self.from, to: end)
        followsNow = from == nil || to == nil
    }

    func dueBefore(_ key: SeriesKey) -> Int { dataset.dueBefore(key, now: now) }

    func offset(at instant: Int64) -> Int { dataset.zone.offset(at: instant) }

    /// The first instant (shown time) at which the answer changes by the clock alone; nil where it never does.
    func nextChange(_ series: [StoredSeries]) -> Int64? {
        let ruler = dataset.calendar.ruler
        var next = followsNow ? ruler.end(of: ruler.slot(containing: now)) : nil
        for one in series {
            let slot = max(dueBefore(one.key), slots.lowerBound)
            if slot >= slots.upperBound { continue }
            let due = ruler.end(of: slot) + Int64(dataset.dueLag(one.key))
            next = min(next ?? due, due)
        }
        // What the upstream serves may move with the date, and with nothing else.
        let midnight = dataset.zone.start(of: dataset.zone.day(at: now).advanced(by: 1))
        if series.contains(where: { reachMoves($0.key, from: now, to: midnight) }) { next = min(next ?? midnight, midnight) }
        return next
    }

    /// Whether slots of the range are beyond reach at one instant and not at another, or for another reason.
    private func reachMoves(_ key: SeriesKey, from first: Int64, to second: Int64) -> Bool {
        let reaches = [dataset.reach(key, first), dataset.reach(key, second)]
        if reaches[0] == reaches[1] { return false }
        return reaches.contains { $0.map { $0.from > dataset.calendar.ruler.start(of: slots.lowerBound) } ?? false }
    }

    /// The last change: of the dataset, by a slot of the range that fell due, or of what the upstream still serves of it.
    func asOf(_ series: [StoredSeries], changedAt: Int64?) -> Int64 {
        let ruler = dataset.calendar.ruler
        var last = changedAt ?? .min
        for one in series {
            let slot = min(dueBefore(one.key), slots.upperBound)
            if slot > slots.lowerBound { last = max(last, ruler.start(of: slot) + Int64(dataset.dueLag(one.key))) }
        }
        let midnight = dataset.zone.start(of: dataset.zone.day(at: now))
        if midnight > last, series.contains(where: { reachMoves($0.key, from: midnight - 1, to: midnight) }) { last = midnight }
        return last == .min ? ruler.start(of: ruler.slot(containing: now)) : last
    }

    /// What is known of a series, and which of its slots the upstream does not serve now.
    func judged(_ one: StoredSeries) -> Ledger { dataset.judged(one.ledger, now: now) }

    func tally(_ one: StoredSeries) -> Tally {
        judged(one).tally(in: slots, calendar: dataset.calendar, dueBefore: dueBefore(one.key))
    }

    /// Gaps of one state but different reasons are different gaps, where the reasons were read with the series.
    func gaps(_ one: StoredSeries) -> [Gap] {
        judged(one).gaps(in: slots, calendar: dataset.calendar, dueBefore: dueBefore(one.key), notes: one.notes.runs)
    }
}
