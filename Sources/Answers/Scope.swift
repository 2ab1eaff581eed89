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
    /// The range moves with the clock.
    let followsNow: Bool
    /// By channel, where it is to be told by what slots can be filled: see `knowing`.
    var circumstances: [String: Circumstances] = [:]

    /// Absent instants mean the dataset's horizon, or what is known before it (`Dataset.start`), and the end of the slot in progress: all
    /// that has begun is meant, and the answer is the same throughout the slot.
    init(_ dataset: Dataset, from: Int64?, to: Int64?, knowing series: [StoredSeries] = [], now: Int64) {
        let ruler = dataset.calendars.tick
        let end = to ?? max(ruler.end(of: ruler.slot(containing: now)), from ?? .min)
        self.dataset = dataset
        self.now = now
        self.to = end
        self.from = from ?? min(dataset.start(knowing: series.lazy.map(\.ledger), now: now), end)
        followsNow = from == nil || to == nil
    }

    /// The stretch of time that is meant.
    var span: Range<Int64> { from..<max(from, to) }

    /// The slots of a series that are meant: those that begin in the range.
    func slots(of key: SeriesKey) -> Range<Int> { dataset.slots(of: key, from: from, to: to) }

    func dueBefore(_ key: SeriesKey) -> Int { dataset.dueBefore(key, now: now) }

    func offset(at instant: Int64) -> Int { dataset.zone.offset(at: instant) }

    /// The first instant (shown time) at which the answer changes by the clock alone; nil where it never does.
    func nextChange(_ series: [StoredSeries]) -> Int64? {
        var next: Int64?
        if followsNow {
            let rulers = Set(series.map { dataset.calendar(of: $0.key).ruler })
            next = (rulers.isEmpty ? [dataset.calendars.tick] : rulers).map { $0.end(of: $0.slot(containing: now)) }.min()
        }
        for one in series {
            let slots = slots(of: one.key)
            let slot = max(dueBefore(one.key), slots.lowerBound)
            if slot >= slots.upperBound { continue }
            let due = dataset.due(slot, of: one.key)
            next = min(next ?? due, due)
        }
        for one in series {
            if let move = nextMove(of: one.key, before: next ?? now + Scope.foresight) { next = move }
        }
        return next
    }

    /// Seconds of shown time that moves of reach are looked for ahead: longer than an answer is kept, at any usual speed of the clock.
    private static let foresight: Int64 = 8 * 86_400

    /// When the upstream will serve other slots of the range than now; nil where that is not before `limit`. A reach never moves back: as
    /// long as it begins before the range its moves are of no concern, and the first that is not so is found by halving.
    private func nextMove(of key: SeriesKey, before limit: Int64) -> Int64? {
        func cuts(_ instant: Int64) -> Bool { dataset.reach(key, instant).map { $0.from > from } ?? false }
        if !cuts(now) {
            guard let reach = dataset.reach(key, now), reach.holds.upperBound < limit, cuts(limit - 1) else { return nil }
            var (before, after) = (now, limit - 1)
            while after - before > 1 {
                let middle = before + (after - before) / 2
                if cuts(middle) { after = middle } else { before = middle }
            }
            return after
        }
        var at = now
        while let reach = dataset.reach(key, at), reach.holds.upperBound > at, reach.holds.upperBound < limit {
            at = reach.holds.upperBound
            if concernsRange(reach, dataset.reach(key, at)) { return at }
        }
        return nil
    }

    /// When the upstream served other slots of the range last; nil where it never did, or none of the range was beyond reach.
    private func lastMove(of key: SeriesKey) -> Int64? {
        guard let reach = dataset.reach(key, now), reach.holds.lowerBound > .min else { return nil }
        let move = reach.holds.lowerBound
        return concernsRange(reach, dataset.reach(key, move - 1)) ? move : nil
    }

    /// Whether slots of the range are beyond one reach and not beyond the other, or for another reason.
    private func concernsRange(_ one: Reach, _ other: Reach?) -> Bool {
        if one.from == other?.from, one.reason == other?.reason, one.action == other?.action { return false }
        return max(one.from, other?.from ?? .min) > from
    }

    /// The last change: of the dataset, by a slot of the range that fell due, or of what the upstream still serves of it.
    func asOf(_ series: [StoredSeries], changedAt: Int64?) -> Int64 {
        var last = changedAt ?? .min
        for one in series {
            let slots = slots(of: one.key)
            let slot = min(dueBefore(one.key), slots.upperBound)
            if slot > slots.lowerBound { last = max(last, dataset.due(slot - 1, of: one.key)) }
        }
        for one in series {
            if let move = lastMove(of: one.key) { last = max(last, move) }
        }
        let ruler = dataset.calendars.tick
        return last == .min ? ruler.start(of: ruler.slot(containing: now)) : last
    }

    /// What is known of a series, and which of its slots the upstream does not serve now.
    func judged(_ one: StoredSeries) -> Ledger { dataset.judged(one.ledger, now: now) }

    func tally(_ one: StoredSeries) -> Tally {
        judged(one).tally(in: slots(of: one.key), calendar: dataset.calendar(of: one.key), dueBefore: dueBefore(one.key))
    }

    /// Gaps of one state but different reasons are different gaps, where the reasons were read with the series.
    func gaps(_ one: StoredSeries) -> [Gap] {
        judged(one).gaps(
            in: slots(of: one.key), calendar: dataset.calendar(of: one.key), dueBefore: dueBefore(one.key), notes: one.notes.runs)
    }

    /// The calendar that all these share: rows of one history stand in one order. Without any, as the dataset's answers tick.
    func commonCalendar(of series: [StoredSeries]) throws(AnswerError) -> Series.Calendar {
        guard let first = series.first else { return Calendar(ruler: dataset.calendars.tick) }
        let calendar = dataset.calendar(of: first.key)
        if series.allSatisfy({ dataset.calendar(of: $0.key) == calendar }) { return calendar }
        throw .manyLengths(field: dataset.key(parting: series.map(\.key), by: dataset.calendar(of:)))
    }
}
