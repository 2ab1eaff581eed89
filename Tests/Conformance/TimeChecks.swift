internal import Bytes
internal import Series
internal import TestSupport

extension Conformance {
    /// Instants at which a calendar may go wrong: at random, and about each change of the zone's clocks.
    static func instants(_ dataset: Dataset, _ dice: inout Seeded) -> [Int64] {
        let days = LocalDate("2012-01-01")!.daysSince1970..<LocalDate("2032-01-01")!.daysSince1970
        let changes = days.filter {
            let day = dataset.zone.range(of: LocalDate(daysSince1970: $0))
            return day.upperBound - day.lowerBound != 86_400
        }
        let span: Int64 = 3_800_000_000
        return [0, -1, 1, 951_782_400, 4_102_444_800]
            + changes.flatMap { day -> [Int64] in
                let range = dataset.zone.range(of: LocalDate(daysSince1970: day))
                return [range.lowerBound - 1, range.lowerBound, range.lowerBound + 3599 + Int64(dice.below(14_400)), range.upperBound]
            }
            + (0..<120).map { _ in Int64.random(in: -200_000_000..<span, using: &dice) }
    }

    static func slots(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        let dataset = specimen.dataset
        let all = instants(dataset, &dice)
        for key in specimen.keys {
            let filled = dataset.partsPerRow(key)
            let parts = dataset.calendar(of: key).parts
            findings.expect(filled == 1 || filled == parts, "a row of \(key) fills \(filled) of \(parts) parts")
            for instant in all {
                tile(dataset.calendar(of: key).ruler, at: instant, "slots of \(key)", &findings)
                tile(dataset.periods, at: instant, "periods", &findings)
                divide(dataset.calendar(of: key), at: instant, key, &findings)
                let others = [instant, all[dice.below(all.count)], all[dice.below(all.count)]].sorted()
                ranges(dataset, key, others, &findings)
            }
        }
    }

    private static func divide(_ calendar: Calendar, at instant: Int64, _ key: SeriesKey, _ findings: inout Findings) {
        let slot = calendar.ruler.slot(containing: instant)
        for part in slot * calendar.parts..<(slot + 1) * calendar.parts {
            let start = calendar.partRuler.start(of: part)
            let isThere = calendar.ruler.slot(containing: start) == slot && calendar.partRuler.slot(containing: start) == part
            findings.expect(isThere, "part \(part) of slot \(slot) of \(key) is not within it")
        }
        let isWhole = calendar.partRuler.start(of: slot * calendar.parts) == calendar.ruler.start(of: slot)
            && calendar.partRuler.end(of: slot * calendar.parts + calendar.parts - 1) == calendar.ruler.end(of: slot)
        findings.expect(isWhole, "the parts of slot \(slot) of \(key) are not all of it")
        let expected = calendar.expected(in: slot - 20..<slot + 20)
        let isWithin = expected.ranges.allSatisfy { $0.lowerBound >= slot - 20 && $0.upperBound <= slot + 20 }
        findings.expect(isWithin, "of the slots about \(slot) some are expected that lie elsewhere")
        let runs = calendar.runs(of: expected)
        let isCounted = expected.isEmpty ? runs == 0 : (1...expected.ranges.count).contains(runs)
        findings.expect(isCounted, "\(runs) runs of \(expected.ranges.count) ranges about slot \(slot)")
    }

    /// Ranges meet without a hole, wherever they are cut.
    private static func ranges(_ dataset: Dataset, _ key: SeriesKey, _ cuts: [Int64], _ findings: inout Findings) {
        let whole = dataset.slots(of: key, from: cuts[0], to: cuts[2])
        let halves = (0..<2).reduce(0) { $0 + dataset.slots(of: key, from: cuts[$1], to: cuts[$1 + 1]).count }
        findings.expect(halves == whole.count, "slots of \(key) in \(cuts) do not tile")
        let period = dataset.periods.slot(containing: cuts[1])
        if dataset.asksForNow {
            // A period lies within one slot.
            let slot = dataset.calendar(of: key).ruler.slot(containing: dataset.periods.start(of: period))
            let (lasting, whole) = (dataset.slots(of: key, in: period..<period + 1), dataset.wholeSlots(of: key, in: period..<period + 1))
            findings.expect(lasting == slot..<slot + 1 && whole == lasting, "period \(period) does not lie within one slot of \(key)")
            return
        }
        let within = dataset.slots(of: key, in: period..<period + 2)
        let apart = (period..<period + 2).reduce(0) { $0 + dataset.slots(of: key, in: $1..<$1 + 1).count }
        findings.expect(within.count == apart, "slots of \(key) in period \(period) and the next do not tile")
        let inside = dataset.wholeSlots(of: key, in: period..<period + 2)
        findings.expect(inside.isEmpty || within.clamped(to: inside) == inside, "whole slots of \(key) lie outside of their periods")
    }

    private static func tile(_ ruler: Ruler, at instant: Int64, _ what: String, _ findings: inout Findings) {
        let slot = ruler.slot(containing: instant)
        let (start, end) = (ruler.start(of: slot), ruler.end(of: slot))
        findings.expect(start <= instant && instant < end, "\(what): \(instant) is not within slot \(slot), \(start)..<\(end)")
        let isBack = ruler.slot(containing: start) == slot && ruler.slot(containing: end - 1) == slot
            && ruler.slot(containing: end) == slot + 1 && ruler.start(of: slot + 1) == end
        findings.expect(isBack, "\(what): slot \(slot), \(start)..<\(end), does not come back")
        let isAlone = ruler.slots(from: start, to: end) == slot..<slot + 1
        findings.expect(isAlone, "\(what): slot \(slot) is not the one that begins in its span")
        findings.expect(ruler.instants(of: slot..<slot + 3) == start..<ruler.start(of: slot + 3), "\(what): three from \(slot) on")
    }

    static func due(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        let dataset = specimen.dataset
        let all = instants(dataset, &dice)
        for key in specimen.keys {
            findings.expect(dataset.askLag(key) >= 0, "\(key) is asked for before it is due")
            for now in all {
                due(dataset, key, at: now, &findings)
                asked(dataset, key, at: now, &findings)
                reach(dataset, key, at: now, &findings)
            }
        }
        for schedule in dataset.schedules {
            for now in all {
                let next = schedule.recurrence.next(after: now)
                findings.expect(next > now, "the schedule \(schedule.name) runs at \(next) after \(now)")
                let between = now + (next - now) / 2
                let isNext = schedule.recurrence.next(after: between) == next && schedule.recurrence.next(after: next) > next
                findings.expect(isNext, "the schedule \(schedule.name) does not go from run to run at \(now)")
            }
            for selection in schedule.selections(of: dataset, now: 1_750_000_000) {
                let isRange = selection.from.flatMap { from in selection.to.map { from < $0 } } ?? true
                let isNamed = selection.keys.keys.allSatisfy(dataset.choices.contains)
                findings.expect(isRange && isNamed, "the schedule \(schedule.name) asks for \(selection.canonicalText)")
            }
        }
    }

    private static func due(_ dataset: Dataset, _ key: SeriesKey, at now: Int64, _ findings: inout Findings) {
        let first = dataset.dueBefore(key, now: now)
        for slot in first - 5..<first + 5 {
            let due = dataset.due(slot, of: key)
            findings.expect(due <= dataset.due(slot + 1, of: key), "slot \(slot + 1) of \(key) falls due before the one before it")
            let isSo = (due <= now) == (slot < first)
            findings.expect(isSo, "slot \(slot) of \(key) is due at \(due); at \(now) the first that is not due is \(first)")
        }
        let next = dataset.nextDue(key, now: now)
        let isNext = next > now && dataset.dueBefore(key, now: next - 1) == first && dataset.dueBefore(key, now: next) > first
        findings.expect(isNext, "at \(now) the next slot of \(key) is said to fall due at \(next)")
    }

    /// What the service asks for by itself comes as soon after a slot has fallen due as alarms take it to.
    private static func asked(_ dataset: Dataset, _ key: SeriesKey, at now: Int64, _ findings: inout Findings) {
        let runs = dataset.schedules.filter { $0.purpose != .corrections }
        let slot = dataset.dueBefore(key, now: now) - 1
        if runs.isEmpty || dataset.calendar(of: key).expected(in: slot..<slot + 1).isEmpty { return }
        let due = dataset.due(slot, of: key)
        let next = runs.map { $0.recurrence.next(after: due - 1) }.min() ?? .max
        let limit = due + Int64(dataset.askLag(key)) + alarmGrace
        findings.expect(next <= limit, "slot \(slot) of \(key), due at \(due), is asked for at \(next), alarms wait until \(limit)")
    }

    /// Seconds that alarms wait beside `askLag`.
    private static let alarmGrace: Int64 = 3600

    private static func reach(_ dataset: Dataset, _ key: SeriesKey, at now: Int64, _ findings: inout Findings) {
        guard let reach = dataset.reach(key, now) else { return }
        findings.expect(!reach.reason.isEmpty && !reach.action.isEmpty, "what is beyond reach of \(key) has no reason or action")
        findings.expect(reach.holds.contains(now), "the reach of \(key) at \(now) does not hold then")
        let later = dataset.reach(key, now + 40 * 86_400)
        findings.expect(later.map { $0.from >= reach.from } ?? true, "the reach of \(key) goes back in time")
    }
}
