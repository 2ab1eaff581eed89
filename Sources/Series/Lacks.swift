package import Bytes

/// What a dataset lacks past its objectives, which are the due lag and a grace. Each slot that lacks is counted once: with its day where
/// all of that day's slots of the series are past their objective, with its channel before.
///
/// It is the calendar that counts: a slot lacks until it is held, a person has said that it is not expected, or it is known that there
/// never was anything (`Dataset.emptyReasons`). That the upstream has nothing there is no such knowledge.
package struct Lacks: Sendable, Hashable {
    /// Counts of slots.
    package struct Counts: Sendable, Hashable {
        package var lacking = 0
        /// Of these, those that nobody can get any more.
        package var unobtainable = 0
        /// Of these, those of which the upstream says that it has nothing.
        package var absent = 0

        package init() {}
    }

    package struct SeriesDay: Sendable, Hashable {
        package let key: SeriesKey
        /// What the calendar has of that day, without what a person excluded and what is known to be empty.
        package let slots: Int
        package let lacking: Int
        package var present: Int { slots - lacking }
    }

    package struct Day: Sendable, Hashable {
        package let date: LocalDate
        /// What the calendar of a series has of it, the most where they differ: 23, 24 or 25 hours.
        package fileprivate(set) var slotsASeries = 0
        package fileprivate(set) var counts = Counts()
        /// Series that lack some of it.
        package fileprivate(set) var series = 0
        /// Those that lack the most, the worst first; at most ten.
        package fileprivate(set) var worst: [SeriesDay] = []
    }

    package struct Channel: Sendable, Hashable {
        package let name: String
        /// Slots that can still be had.
        package fileprivate(set) var lacking = 0
        package fileprivate(set) var series = 0
        /// When the oldest of them was due.
        package fileprivate(set) var since: Int64
    }

    /// Days that lack something, in order.
    package private(set) var days: [Day] = []
    /// Channels that lack something, by name.
    package private(set) var channels: [Channel] = []
    /// Series that were looked at.
    package private(set) var seriesCount = 0
    /// The local days that were looked at.
    package let span: Range<LocalDate>

    static let worstMax = 10

    /// Of the slots of a series without values, those of which it is known for good why.
    package struct Lasting: Sendable, Hashable {
        /// There never was anything: they lack nothing.
        package var empty: SlotSet
        /// What there was cannot be had any more.
        package var lost: SlotSet

        package init(empty: SlotSet = SlotSet(), lost: SlotSet = SlotSet()) {
            self.empty = empty
            self.lost = lost
        }
    }

    /// Looks at the days of which the dataset has alarms, up to `now` (shown clock). `lasting`: by the place in `ledgers`. The work grows
    /// with the series and with the ranges that lack.
    package init(of dataset: Dataset, _ ledgers: [Ledger], lasting: (Int) -> Lasting, now: Int64, graceSeconds: Int) {
        let today = dataset.zone.day(at: now)
        let first = today.advanced(by: -dataset.alarmDays)
        span = first..<today.advanced(by: 1)
        var sweep = Sweep(dataset, first: first, days: dataset.alarmDays + 1)
        for (place, ledger) in ledgers.enumerated() {
            sweep.look(at: dataset.judged(ledger, now: now), lasting: lasting(place),
                overdueAt: now - Int64(graceSeconds + dataset.askLag(ledger.key)))
        }
        seriesCount = ledgers.count
        days = sweep.days.filter { $0.counts.lacking > 0 }
        channels = sweep.channels.values.sorted { $0.name < $1.name }
    }
}

/// One pass over the series of a dataset.
private struct Sweep {
    let dataset: Dataset
    /// Where each day begins, and the last one ends.
    let starts: [Int64]
    /// The same in slots, for each kind of calendar.
    private var boundsByRuler: [Ruler: [Int]] = [:]
    var days: [Lacks.Day]
    var channels: [String: Lacks.Channel] = [:]

    init(_ dataset: Dataset, first: LocalDate, days count: Int) {
        self.dataset = dataset
        starts = (0...count).map { dataset.zone.start(of: first.advanced(by: $0)) }
        days = (0..<count).map { Lacks.Day(date: first.advanced(by: $0)) }
    }

    private mutating func bounds(of calendar: Calendar) -> [Int] {
        if let known = boundsByRuler[calendar.ruler] { return known }
        let bounds = starts.map { calendar.ruler.slots(from: $0, to: $0 + 1).lowerBound }
        boundsByRuler[calendar.ruler] = bounds
        for day in days.indices {
            days[day].slotsASeries = max(days[day].slotsASeries, calendar.expected(in: bounds[day]..<bounds[day + 1]).count)
        }
        return bounds
    }

    mutating func look(at ledger: Ledger, lasting: Lacks.Lasting, overdueAt instant: Int64) {
        let calendar = dataset.calendar(of: ledger.key)
        let bounds = bounds(of: calendar)
        let overdue = min(dataset.dueBefore(ledger.key, now: instant), bounds[bounds.count - 1])
        let span = bounds[0]..<max(bounds[0], overdue)
        let alive = ledger.lifetime.map { span.clamped(to: $0) } ?? span
        if alive.isEmpty { return }
        let parts = alive.lowerBound * calendar.parts..<alive.upperBound * calendar.parts
        let whole = ledger.held.intersection(parts).wholeSlots(of: calendar.parts)
        let unexpected = ledger.excluded.union(lasting.empty)
        let lacking = ledger.existing(in: alive, calendar).subtracting(whole).subtracting(unexpected.intersection(alive))
        if lacking.isEmpty { return }
        let never = lacking.intersection(lasting.lost.union(ledger.unfillable))
        // The first day of which some slots are not past their objective yet; all before it are.
        let open = (bounds.firstIndex { $0 > overdue } ?? bounds.count) - 1
        let closed = bounds[0]..<bounds[open]
        count(lacking.intersection(closed), never: never, ledger, unexpected: unexpected, calendar, bounds)
        countLate(lacking.intersection(bounds[open]..<max(bounds[open], overdue)).subtracting(never), ledger.key)
    }

    private mutating func count(
        _ lacking: SlotSet, never: SlotSet, _ ledger: Ledger, unexpected: SlotSet, _ calendar: Calendar, _ bounds: [Int]
    ) {
        for (day, slots) in byDay(lacking, bounds) {
            days[day].counts.lacking += slots
            days[day].series += 1
            let range = bounds[day]..<bounds[day + 1]
            let expected = ledger.existing(in: range, calendar).subtracting(unexpected.intersection(range))
            add(Lacks.SeriesDay(key: ledger.key, slots: expected.count, lacking: slots), to: &days[day].worst)
        }
        for (day, slots) in byDay(never.intersection(lacking), bounds) { days[day].counts.unobtainable += slots }
        for (day, slots) in byDay(ledger.absent.intersection(lacking), bounds) { days[day].counts.absent += slots }
    }

    private func add(_ one: Lacks.SeriesDay, to worst: inout [Lacks.SeriesDay]) {
        let place = worst.firstIndex { ($0.lacking, one.key) < (one.lacking, $0.key) } ?? worst.count
        worst.insert(one, at: place)
        if worst.count > Lacks.worstMax { worst.removeLast() }
    }

    private mutating func countLate(_ late: SlotSet, _ key: SeriesKey) {
        guard let first = late.first else { return }
        let name = dataset.group(key)
        let due = dataset.due(first, of: key)
        var channel = channels[name] ?? Lacks.Channel(name: name, since: due)
        channel.lacking += late.count
        channel.series += 1
        channel.since = min(channel.since, due)
        channels[name] = channel
    }

    /// How many slots of a set lie in each day that has any, in order.
    private func byDay(_ slots: SlotSet, _ bounds: [Int]) -> [(day: Int, slots: Int)] {
        var result: [(day: Int, slots: Int)] = []
        var day = 0
        for range in slots.ranges {
            var from = range.lowerBound
            while from < range.upperBound {
                while bounds[day + 1] <= from { day += 1 }
                let end = min(range.upperBound, bounds[day + 1])
                if result.last?.day == day {
                    result[result.count - 1].slots += end - from
                } else {
                    result.append((day, end - from))
                }
                from = end
            }
        }
        return result
    }
}
