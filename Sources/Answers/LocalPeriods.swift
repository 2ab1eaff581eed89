internal import Bytes
package import Series

/// Local days or months, numbered: days since 1970, or months since the year 0.
package struct LocalPeriods {
    package enum Unit: String, Sendable { case day, month }

    private let unit: Unit
    private let dataset: Dataset
    private var zone: Zone { dataset.zone }
    /// Those in which the range lies.
    package let numbers: Range<Int>

    /// nil for an empty range of instants.
    package init?(_ unit: Unit, over span: Range<Int64>, _ dataset: Dataset) {
        if span.isEmpty { return nil }
        self.unit = unit
        self.dataset = dataset
        let zone = dataset.zone
        let first = zone.day(at: span.lowerBound)
        let last = zone.day(at: span.upperBound - 1)
        numbers = LocalPeriods.number(first, unit)..<LocalPeriods.number(last, unit) + 1
    }

    private static func number(_ date: LocalDate, _ unit: Unit) -> Int {
        unit == .day ? date.daysSince1970 : date.year * 12 + date.month - 1
    }

    private func firstDay(_ number: Int) -> LocalDate {
        if unit == .day { return LocalDate(daysSince1970: number) }
        // Behind the last month that can be written, the next day will do.
        return LocalDate(year: number / 12, month: number % 12 + 1, day: 1) ?? LocalDate(daysSince1970: 2_932_897)
    }

    /// When a period begins.
    func start(of number: Int) -> Int64 { zone.start(of: firstDay(number)) }

    /// `2025-12-01`, `2025-12`.
    package func name(_ number: Int) -> String {
        let day = firstDay(number).description
        return unit == .day ? day : String(day.dropLast(3))
    }

    /// What some series' slots that begin in `span` come to, period by period of a page of them. The ledgers are judged for `now` (shown
    /// clock); the work grows with their ranges.
    package func tallies(of ledgers: some Sequence<Ledger>, _ span: Range<Int64>, _ page: Range<Int>, now: Int64) -> [Tally] {
        var tallies = Array(repeating: Tally(), count: page.count)
        let starts = (page.lowerBound...page.upperBound).map(start(of:))
        var endsByRuler: [Ruler: [Int]] = [:]
        for ledger in ledgers {
            let calendar = dataset.calendar(of: ledger.key)
            let slots = dataset.slots(of: ledger.key, from: span.lowerBound, to: span.upperBound)
            let bounds = endsByRuler[calendar.ruler] ?? starts.map { start in
                min(max(calendar.ruler.slots(from: start, to: start).lowerBound, slots.lowerBound), slots.upperBound)
            }
            endsByRuler[calendar.ruler] = bounds
            let states = ledger.states(
                in: bounds[0]..<bounds[page.count], calendar: calendar, dueBefore: dataset.dueBefore(ledger.key, now: now))
            for (state, slots) in states { PeriodCount.add(slots, state, endingAt: bounds.dropFirst(), to: &tallies) }
        }
        return tallies
    }
}

/// Counts the slots of a state period by period: one walk over its ranges and the periods' ends, however many slots there are.
enum PeriodCount {
    static func add(_ slots: SlotSet, _ state: SlotState, endingAt ends: ArraySlice<Int>, to tallies: inout [Tally]) {
        var period = ends.startIndex
        for range in slots.ranges {
            var from = range.lowerBound
            while from < range.upperBound {
                while period < ends.endIndex, ends[period] <= from { period += 1 }
                if period == ends.endIndex { return }
                let end = min(range.upperBound, ends[period])
                tallies[period - ends.startIndex].add(end - from, state)
                from = end
            }
        }
    }
}

extension Tally {
    fileprivate mutating func add(_ count: Int, _ state: SlotState) {
        slots += count
        switch state {
        case .present: present += count
        case .excluded: excluded += count
        case .absent: absent += count
        case .pending: pending += count
        case .quarantined: quarantined += count
        case .unfillable: unfillable += count
        case .missing: break
        }
    }
}
