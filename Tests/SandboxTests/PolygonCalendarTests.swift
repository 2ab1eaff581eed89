import Bytes
import Foundation
import Testing

@testable import Sandbox

/// The folder of recorded stock data.
let recordedStocks: String? = {
    if let path = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"], !path.isEmpty { return path + "/polygon" }
    print("SKIPPED: GAPLESS_REAL_DATA names no folder of recorded stock data; its tests did not run")
    return nil
}()

@Suite struct PolygonCalendarTests {
    private func calendar() throws -> SessionCalendar { SessionCalendar(zone: try Zone.load("America/New_York")) }

    private func session(_ text: String) throws -> SessionCalendar.Session? {
        let date = try #require(LocalDate(text))
        return try calendar().session(date.daysSince1970)
    }

    @Test(.enabled(if: recordedStocks != nil)) func everySessionIsAsItWas() throws {
        let text = try String(contentsOfFile: try #require(recordedStocks) + "/calendar/nyse_sessions_2000_2026.csv", encoding: .utf8)
        let calendar = try calendar()
        var expected: [Int: [String]] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let cells = line.split(separator: ",").map(String.init)
            expected[try #require(LocalDate(cells[0])).daysSince1970] = Array(cells[1...])
        }
        #expect(expected.count == 6_790)
        let first = try #require(expected.keys.min()), last = try #require(expected.keys.max())
        for day in first...last {
            let mine = calendar.session(day).map { [Timestamp.text($0.open), Timestamp.text($0.close), $0.isEarly ? "1" : "0"] }
            #expect(mine == expected[day], "\(LocalDate(daysSince1970: day))")
        }
    }

    @Test func rulesGoOnToTheEnd() throws {
        // A Saturday's holiday on Friday, a Sunday's on Monday, but no New Year on the year's last day.
        for closed in ["2027-06-18", "2027-07-05", "2027-12-24", "2034-01-02", "2060-11-25", "2025-01-09", "2012-10-30"] {
            #expect(try session(closed) == nil, "\(closed)")
        }
        #expect(try session("2027-12-31") != nil)
        #expect(try session("2021-06-18") != nil, "before it was a holiday")
        for early in ["2058-07-03", "2060-11-26", "2031-12-24"] { #expect(try session(early)?.isEarly == true, "\(early)") }
        #expect(try session("1999-12-31") == nil)
        #expect(try session("2061-01-03") == nil)
        let calendar = try calendar()
        for year in SessionCalendar.years {
            let first = try #require(LocalDate("\(year)-01-01")), last = try #require(LocalDate("\(year)-12-31"))
            #expect((248...254).contains(calendar.sessions(first.daysSince1970...last.daysSince1970).count), "\(year)")
        }
    }
}
