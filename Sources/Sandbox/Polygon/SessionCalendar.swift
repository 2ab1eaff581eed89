internal import Bytes

/// The sessions of the New York Stock Exchange from 2000 to 2060, by its holiday rules (its Rule 7.2) and the days on which it closed for
/// other reasons. Outside these years there is none.
struct SessionCalendar: Sendable {
    /// 09:30 to 16:00 local, or to 13:00.
    struct Session: Sendable, Hashable {
        /// Since 1970.
        let day: Int
        /// Seconds since 1970. `midnight` is the day's local begin.
        let midnight, open, close: Int64
        let isEarly: Bool

        /// When the day's bar is there for those who do not pay for it earlier.
        var due: Int64 { close + 4 * 3_600 }
    }

    struct Exception: Sendable, Hashable {
        let name: String
        /// Otherwise it closes early.
        let isClosed: Bool
    }

    static let years = 2000...2060
    let zone: Zone
    /// By day.
    private let exceptions: [Int: Exception]

    init(zone: Zone) {
        self.zone = zone
        var exceptions: [Int: Exception] = [:]
        for year in SessionCalendar.years {
            // What is closed anyway does not close early.
            for (day, name) in SessionCalendar.earlyCloses(year) { exceptions[day] = Exception(name: name, isClosed: false) }
            for (day, name) in SessionCalendar.holidays(year) { exceptions[day] = Exception(name: name, isClosed: true) }
        }
        for (text, name) in SessionCalendar.closures {
            if let date = LocalDate(text) { exceptions[date.daysSince1970] = Exception(name: name, isClosed: true) }
        }
        self.exceptions = exceptions
    }

    /// nil where the exchange is closed all day.
    func session(_ day: Int) -> Session? {
        let date = LocalDate(daysSince1970: day)
        guard (1...5).contains(date.weekday), SessionCalendar.years.contains(date.year) else { return nil }
        let exception = exceptions[day]
        if exception?.isClosed ?? false { return nil }
        let isEarly = exception != nil
        return Session(
            day: day, midnight: zone.start(of: date), open: zone.first(date, minute: 570),
            close: zone.first(date, minute: isEarly ? 780 : 960), isEarly: isEarly)
    }

    func sessions(_ days: ClosedRange<Int>) -> [Session] { days.compactMap(session) }

    /// Holidays and early closes from that day on, so many years ahead.
    func exceptions(from day: Int, days: Int) -> [(day: Int, exception: Exception)] {
        (day...day + days).compactMap { day in exceptions[day].map { (day, $0) } }
    }

    private static func holidays(_ year: Int) -> [(Int, String)] {
        let easter = easter(year)
        var found: [(Int, String)] = [
            (nth(3, weekday: 1, year, 1), "Martin Luther King, Jr. Day"), (nth(3, weekday: 1, year, 2), "Washington's Birthday"),
            (easter - 2, "Good Friday"), (last(weekday: 1, year, 5), "Memorial Day"), (nth(1, weekday: 1, year, 9), "Labor Day"),
            (nth(4, weekday: 4, year, 11), "Thanksgiving"), (observed(year, 7, 4), "Independence Day"),
            (observed(year, 12, 25), "Christmas"),
        ]
        if year >= 2022 { found.append((observed(year, 6, 19), "Juneteenth")) }
        // On a Saturday it would be observed on the last day of the old year, when books are closed: it is not observed at all.
        let newYear = day(year, 1, 1)
        if LocalDate(daysSince1970: newYear).weekday != 6 { found.append((observed(year, 1, 1), "New Years Day")) }
        return found
    }

    private static func earlyCloses(_ year: Int) -> [(Int, String)] {
        var found = [(nth(4, weekday: 4, year, 11) + 1, "Thanksgiving")]
        let independence = LocalDate(daysSince1970: day(year, 7, 4))
        switch independence.weekday {
        case 2, 3, 5: found.append((independence.daysSince1970 - 1, "Independence Day"))
        // Before 2013 the Friday behind a Thursday was the short day.
        case 4: found.append((independence.daysSince1970 + (year < 2013 ? 1 : -1), "Independence Day"))
        default: break
        }
        let eve = LocalDate(daysSince1970: day(year, 12, 24))
        if (1...5).contains(eve.weekday) { found.append((eve.daysSince1970, "Christmas")) }
        if year == 2003 { found.append((day(2003, 12, 26), "Christmas")) }
        return found
    }

    /// Attacks, mourning, a storm.
    private static let closures = [
        ("2001-09-11", "September 11"), ("2001-09-12", "September 11"), ("2001-09-13", "September 11"), ("2001-09-14", "September 11"),
        ("2004-06-11", "Mourning of Ronald Reagan"), ("2007-01-02", "Mourning of Gerald Ford"), ("2012-10-29", "Hurricane Sandy"),
        ("2012-10-30", "Hurricane Sandy"), ("2018-12-05", "Mourning of George H. W. Bush"), ("2025-01-09", "Mourning of Jimmy Carter"),
    ]

    private static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
        LocalDate(year: year, month: month, day: day)?.daysSince1970 ?? 0
    }

    /// Friday for a Saturday, Monday for a Sunday.
    private static func observed(_ year: Int, _ month: Int, _ number: Int) -> Int {
        let day = day(year, month, number)
        switch LocalDate(daysSince1970: day).weekday {
        case 6: return day - 1
        case 0: return day + 1
        default: return day
        }
    }

    private static func nth(_ number: Int, weekday: Int, _ year: Int, _ month: Int) -> Int {
        let first = day(year, month, 1)
        return first + (weekday - LocalDate(daysSince1970: first).weekday + 7) % 7 + 7 * (number - 1)
    }

    private static func last(weekday: Int, _ year: Int, _ month: Int) -> Int {
        let last = day(month == 12 ? year + 1 : year, month % 12 + 1, 1) - 1
        return last - (LocalDate(daysSince1970: last).weekday - weekday + 7) % 7
    }

    /// Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher: "Astronomical Algorithms", 1991, chapter 8).
    private static func easter(_ year: Int) -> Int {
        let (a, b, c) = (year % 19, year / 100, year % 100)
        let g = (b - (b + 8) / 25 + 1) / 3
        let h = (19 * a + b - b / 4 - g + 15) % 30
        let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7
        let m = (a + 11 * h + 22 * l) / 451
        let n = h + l - 7 * m + 114
        return day(year, n / 31, n % 31 + 1)
    }
}
