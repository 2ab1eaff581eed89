internal import Bytes

/// When the days of `real` are settled: nothing for eight to ten days, then all of a day at once, first preliminary, then
/// definitive, then with some rows corrected.
struct RealCalendar {
    let dice: Dice
    let zone: Zone

    /// The first day that there is.
    static let first = LocalDate("2024-07-15") ?? LocalDate(daysSince1970: 0)

    func edition(_ date: LocalDate, now: Int64) -> Edition? {
        if date < RealCalendar.first { return nil }
        let day = Int64(date.daysSince1970)
        let preliminary = date.advanced(by: 8 + dice.pick(3, 70, day))
        // In working hours.
        guard zone.start(of: preliminary) + 9 * 3600 + Int64(dice.pick(8 * 3600, 71, day)) <= now else { return nil }
        let definitive = preliminary.advanced(by: 4 + dice.pick(5, 72, day))
        guard zone.start(of: definitive) + 9 * 3600 + Int64(dice.pick(8 * 3600, 73, day)) <= now else { return .preliminary }
        let corrected = definitive.advanced(by: 15 + dice.pick(20, 74, day))
        let last = zone.start(of: corrected) + 9 * 3600 + Int64(dice.pick(8 * 3600, 75, day))
        return last <= now ? .corrected : .definitive
    }
}
