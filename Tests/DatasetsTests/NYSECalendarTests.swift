import Bytes
import Foundation
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Sessions of the New York Stock Exchange")
struct NYSECalendarTests {
    let calendar = NYSECalendar.builtIn

    private func day(_ text: String) throws -> LocalDate { try #require(LocalDate(text), "\(text)") }

    private func days(_ years: ClosedRange<Int>) throws -> ClosedRange<LocalDate> {
        try day("\(years.lowerBound)-01-01")...day("\(years.upperBound)-12-31")
    }

    private func isWeekend(_ date: LocalDate) -> Bool { date.weekday == 0 || date.weekday == 6 }

    /// Weekdays without a session, as `MM-DD`.
    private func closed(in year: Int) throws -> [String] {
        try days(year...year).filter { !isWeekend($0) && !calendar.isSession($0) }.map { String("\($0)".suffix(5)) }
    }

    private func earlyCloses(in year: Int) throws -> [String] {
        try days(year...year).filter { calendar.closeMinute($0) != 960 }.map { String("\($0)".suffix(5)) }
    }

    // MARK: Against what was recorded

    @Test func everyDayAndCloseIsAsRecorded() throws {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: the sessions of 2000 to 2026 are not compared, GAPLESS_REAL_DATA is not set")
            return
        }
        let text = try String(contentsOf: URL(filePath: root + "/polygon/calendar/nyse_sessions_2000_2026.csv"), encoding: .utf8)
        let newYork = try #require(TimeZone(identifier: "America/New_York"))
        var gregorian = Calendar(identifier: .gregorian)
        gregorian.timeZone = newYork
        let instants = ISO8601DateFormatter()
        var recorded: [LocalDate: Int] = [:]
        for line in text.split(whereSeparator: \.isNewline).dropFirst() {
            let fields = line.split(separator: ",")
            let close = gregorian.dateComponents([.hour, .minute], from: try #require(instants.date(from: String(fields[2]))))
            recorded[try day(String(fields[0]))] = try #require(close.hour) * 60 + #require(close.minute)
        }
        #expect(recorded.count == 6790)
        for date in try days(2000...2026) {
            #expect(calendar.isSession(date) == (recorded[date] != nil), "\(date)")
            #expect(calendar.closeMinute(date) == recorded[date] ?? 960, "\(date)")
        }
    }

    // MARK: Against what is known without a recording

    @Test func everyYearHasItsNumberOfSessions() throws {
        let counts = [
            252, 248, 252, 252, 252, 252, 251, 251, 253, 252, 252, 252, 250, 252, 252, 252, 252, 251, 251, 252, 253, 252, 251, 250, 252,
            250, 251,
        ]
        for (year, count) in zip(2000..., counts) {
            let days = try days(year...year)
            #expect(
                calendar.sessions.count(in: days.lowerBound.daysSince1970..<days.upperBound.daysSince1970 + 1) == count, "\(year)")
        }
    }

    @Test func comingYearsAreAsTheExchangeAnnouncedThem() throws {
        let (closed27, early27, closed28, early28) = try (
            closed(in: 2027), earlyCloses(in: 2027), closed(in: 2028), earlyCloses(in: 2028)
        )
        #expect(closed27 == ["01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25", "12-24"])
        #expect(early27 == ["11-26"])
        #expect(
            closed28 == ["01-17", "02-21", "04-14", "05-29", "06-19", "07-04", "09-04", "11-23", "12-25"],
            "New Year's Day is a Saturday and is not made up for")
        #expect(early28 == ["07-03", "11-24"])
    }

    @Test(arguments: [
        "2000-04-23", "2008-03-23", "2011-04-24", "2016-03-27", "2024-03-31", "2027-03-28", "2030-04-21", "2035-03-25", "2038-04-25",
        "2045-04-09", "2049-04-18", "2060-04-18",
    ])
    func easterIsWhereTheAlmanacHasIt(text: String) throws {
        let easter = try day(text)
        #expect(NYSEYear.easter(easter.year) == easter.daysSince1970)
    }

    @Test func everyExceptionIsOneFromTheRules() {
        for exception in NYSEException.known {
            let date = LocalDate(daysSince1970: exception.day)
            let rules = NYSEYear(date.year)
            #expect(!isWeekend(date) && !rules.holidays.contains(exception.day), "\(date), \(exception.reason)")
            #expect(exception.close == nil || !rules.earlyCloses.contains(exception.day), "\(date), \(exception.reason)")
            #expect(calendar.isSession(date) == (exception.close != nil), "\(date), \(exception.reason)")
        }
    }

    // MARK: Of all years

    @Test func noYearIsOddAndNothingIsOpenOnAWeekend() throws {
        for year in 2000...2060 {
            let rules = NYSEYear(year)
            #expect(rules.holidays.count == (year < 2022 ? 9 : 10) && Set(rules.holidays).count == rules.holidays.count, "\(year)")
            let special = NYSEException.known.filter { $0.close == nil && LocalDate(daysSince1970: $0.day).year == year }
            let regular = try closed(in: year).count - special.count
            #expect((8...10).contains(regular), "\(year)")
        }
        for date in try days(2000...2060) where isWeekend(date) { #expect(!calendar.isSession(date), "\(date)") }
    }

    @Test func theExchangeIsNeverShutForLongerThanFourDaysButOnce() {
        let gaps = zip(calendar.sessions.ranges, calendar.sessions.ranges.dropFirst()).map { $0.upperBound..<$1.lowerBound }
        let long = gaps.filter { $0.count > 4 }
        #expect(long.map { "\(LocalDate(daysSince1970: $0.lowerBound))" } == ["2001-09-11"])
        #expect(gaps.allSatisfy { !$0.isEmpty })
    }

    @Test func anEarlyCloseIsOfASessionBesideAHoliday() throws {
        var count = 0
        for date in try days(2000...2060) where calendar.closeMinute(date) != 960 {
            count += 1
            #expect(calendar.isSession(date) && calendar.closeMinute(date) == 780, "\(date)")
            let besides = [date.advanced(by: -1), date.advanced(by: 1)]
            #expect(besides.contains { !isWeekend($0) && !calendar.isSession($0) }, "\(date)")
        }
        #expect(count > 120)
    }

    @Test func outsideOfItsYearsThereIsNothing() throws {
        let (before, after) = try (day("1999-12-30"), day("2061-01-03"))
        #expect(!calendar.isSession(before) && !calendar.isSession(after))
        let (first, last) = try (day("2000-01-03").daysSince1970, day("2060-12-31").daysSince1970)
        #expect(calendar.sessions.first == first && calendar.sessions.last == last)
    }

    // MARK: A table of one's own

    @Test func aTableOfOnesOwnReplacesTheRule() throws {
        let text = "date,session\r\n2031-06-02,closed\r\n2031-12-25,open\r\n2031-11-28,open\r\n2031-06-03,13:00\r\n2031-06-07,12:30\r\n"
        let own = try calendar.extended(byCSV: Array(text.utf8))
        let (monday, christmas, friday) = try (day("2031-06-02"), day("2031-12-25"), day("2031-11-28"))
        let (tuesday, saturday) = try (day("2031-06-03"), day("2031-06-07"))
        #expect(!own.isSession(monday) && calendar.isSession(monday))
        #expect(own.isSession(christmas) && own.closeMinute(christmas) == 960)
        #expect(own.closeMinute(friday) == 960 && calendar.closeMinute(friday) == 780)
        #expect(own.closeMinute(tuesday) == 780)
        #expect(own.isSession(saturday) && own.closeMinute(saturday) == 750, "even a Saturday")
        let same = try calendar.extended(byCSV: Array("date,session\n".utf8))
        #expect(same == calendar)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aTableSaysWhatItSaysAndNothingElse(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        let all = Array(try days(2000...2060))
        let words = ["closed", "open", "13:00", "09:31", "15:59"]
        var entries: [LocalDate: String] = [:]
        for _ in 0..<300 { entries[all[dice.below(all.count)]] = words[dice.below(words.count)] }
        let text = "date,session\n" + entries.map { "\($0),\($1)\n" }.joined()
        let own = try calendar.extended(byCSV: Array(text.utf8))
        let minutes = ["open": 960, "13:00": 780, "09:31": 571, "15:59": 959]
        for date in all {
            guard let entry = entries[date] else {
                #expect(own.isSession(date) == calendar.isSession(date) && own.closeMinute(date) == calendar.closeMinute(date), "\(date)")
                continue
            }
            #expect(own.isSession(date) == (entry != "closed") && own.closeMinute(date) == minutes[entry] ?? 960, "\(date) \(entry)")
        }
        let twice = try own.extended(byCSV: Array(text.utf8))
        #expect(twice == own, "said twice it is said once")
    }

    @Test(arguments: [
        ("session,date\n", 1, "header"), ("", 1, "header"), ("date,session\n2031-02-30,closed\n", 2, "date"),
        ("date,session\n2061-01-03,closed\n", 2, "date"), ("date,session\n1999-12-31,closed\n", 2, "date"),
        ("date,session\n2031-06-02,shut\n", 2, "session"), ("date,session\n2031-06-02,16:01\n", 2, "session"),
        ("date,session\n2031-06-02,09:30\n", 2, "session"), ("date,session\n2031-06-02,1:00\n", 2, "session"),
        ("date,session\n2031-06-02,12:60\n", 2, "session"), ("date,session\n2031-06-02,+1:00\n", 2, "session"),
        ("date,session\n2031-06-02,\n", 2, "session"), ("date,session\n2031-06-02,open\n2031-06-02,closed\n", 3, "date"),
    ])
    func whatIsWrongWithATableIsNamed(text: String, line: Int, field: String) {
        let refusal = #expect(throws: TableRefusal.self) { try calendar.extended(byCSV: Array(text.utf8)) }
        #expect(refusal?.line == line && refusal?.field == field)
    }
}
