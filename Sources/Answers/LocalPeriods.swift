internal import Bytes
internal import Series

/// Local days or months, numbered: days since 1970, or months since the year 0.
struct LocalPeriods {
    enum Unit { case day, month }

    private let unit: Unit
    private let zone: Zone
    /// Those in which the range lies.
    let numbers: Range<Int>

    /// nil for an empty range.
    init?(_ unit: Unit, over span: Range<Int64>, _ dataset: Dataset) {
        if span.isEmpty { return nil }
        self.unit = unit
        zone = dataset.zone
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
    func name(_ number: Int) -> String {
        let day = firstDay(number).description
        return unit == .day ? day : String(day.dropLast(3))
    }
}

/// Counts the slots of a state period by period: one walk over its ranges and the periods' ends, however many slots there are.
enum PeriodCount {
    static func add(_ slots: SlotSet, _ state: SlotState, endingAt ends: [Int], to tallies: inout [Tally]) {
        var period = 0
        for range in slots.ranges {
            var from = range.lowerBound
            while from < range.upperBound {
                while period < ends.count, ends[period] <= from { period += 1 }
                if period == ends.count { return }
                let end = min(range.upperBound, ends[period])
                tallies[period].add(end - from, state)
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
