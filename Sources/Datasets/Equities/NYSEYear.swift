internal import Bytes

/// The holidays and early closes of one year by the rules of the New York Stock Exchange (its Rule 7.2, and its yearly notices for the
/// early closes), as day numbers. Holidays that fall on a weekend and are not made up for are among them: they change nothing.
struct NYSEYear {
    let holidays: [Int]
    /// At 13:00. None of them is a holiday or on a weekend.
    let earlyCloses: [Int]

    private enum Weekday: Int { case monday = 1, tuesday, wednesday, thursday, friday, saturday }

    init(_ year: Int) {
        func day(_ month: Int, _ day: Int) -> Int { Civil.days(year: year, month: month, day: day) }
        func falls(_ day: Int, _ weekday: Weekday) -> Bool { Civil.weekday(days: day) == weekday.rawValue }
        /// The first such weekday of a month that is not before `day`.
        func first(_ weekday: Weekday, _ month: Int, from date: Int) -> Int {
            let start = day(month, date)
            return start + (weekday.rawValue - Civil.weekday(days: start) + 7) % 7
        }
        /// A Saturday's holiday is kept on the Friday before, a Sunday's on the Monday after.
        func observed(_ day: Int) -> Int {
            switch Civil.weekday(days: day) {
            case 0: day + 1
            case 6: day - 1
            default: day
            }
        }
        let newYear = day(1, 1)
        let thanksgiving = first(.thursday, 11, from: 22)
        var holidays = [
            // Not on a Friday for a Saturday: that would be the last day of the accounting year.
            falls(newYear, .saturday) ? newYear : observed(newYear),
            first(.monday, 1, from: 15),  // Martin Luther King, Jr. Day
            first(.monday, 2, from: 15),  // Washington's Birthday
            Self.easter(year) - 2,  // Good Friday
            first(.monday, 5, from: 25),  // Memorial Day
            observed(day(7, 4)),
            first(.monday, 9, from: 1),  // Labor Day
            thanksgiving,
            observed(day(12, 25)),
        ]
        if year >= 2022 { holidays.append(observed(day(6, 19))) }  // Juneteenth

        // On a Friday either eve is the holiday itself, kept for a Saturday's.
        var eves = [day(7, 3), day(12, 24)].filter { (1...4).contains(Civil.weekday(days: $0)) }
        // Before a Thursday's Independence Day the exchange closed early only since 2013: until then it did so on the Friday after.
        if year < 2013, falls(day(7, 4), .thursday) { eves[0] = day(7, 5) }
        self.holidays = holidays
        earlyCloses = eves + [thanksgiving + 1]
    }

    /// Easter Sunday of the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher (Meeus, Astronomical Algorithms, ch. 8).
    static func easter(_ year: Int) -> Int {
        let (golden, century, inCentury) = (year % 19, year / 100, year % 100)
        let correction = (century - (century + 8) / 25 + 1) / 3
        let epact = (19 * golden + century - century / 4 - correction + 15) % 30
        let weekday = (32 + 2 * (century % 4) + 2 * (inCentury / 4) - epact - inCentury % 4) % 7
        let late = (golden + 11 * epact + 22 * weekday) / 451
        let number = epact + weekday - 7 * late + 114
        return Civil.days(year: year, month: number / 31, day: number % 31 + 1)
    }
}
