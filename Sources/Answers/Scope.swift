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
        return next
    }

    /// The last change: of the dataset, or by a slot of the range that fell due.
    func asOf(_ series: [StoredSeries], changedAt: Int64?) -> Int64 {
        let ruler = dataset.calendar.ruler
        var last = changedAt ?? .min
        for one in series {
            let slot = min(dueBefore(one.key), slots.upperBound)
            if slot > slots.lowerBound { last = max(last, ruler.start(of: slot) + Int64(dataset.dueLag(one.key))) }
        }
        return last == .min ? ruler.start(of: ruler.slot(containing: now)) : last
    }

    func tally(_ ledger: Ledger) -> Tally { ledger.tally(in: slots, calendar: dataset.calendar, dueBefore: dueBefore(ledger.key)) }

    func gaps(_ ledger: Ledger) -> [Gap] { ledger.gaps(in: slots, calendar: dataset.calendar, dueBefore: dueBefore(ledger.key)) }

    /// Why the slots of a gap are not present, for people.
    func reason(_ gap: Gap, of key: SeriesKey) -> String {
        let partial = gap.partsHeld > 0 ? "partial \(gap.partsHeld)/\(dataset.calendar.parts)" : nil
        switch gap.state {
        case .present, .missing: return partial ?? "missing"
        case .pending:
            let due = dataset.calendar.ruler.end(of: gap.range.lowerBound) + Int64(dataset.dueLag(key))
            let until = "not due until " + Timestamp.text(due, offset: offset(at: due))
            return partial.map { "\($0), \(until)" } ?? until
        case .absent: return "the upstream has nothing there"
        case .excluded: return "excluded by a person"
        case .quarantined: return "failed validation"
        case .unfillable: return "no call would fill it"
        }
    }
}
