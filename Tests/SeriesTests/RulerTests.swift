import Bytes
import Testing

@testable import Series

@Suite("Rulers and calendars")
struct RulerTests {
    private static let hours = Ruler.every(seconds: 3600, anchor: 0)

    private static func days() throws -> Ruler { .days(try Zone.load("America/Santiago")) }

    private static func day(_ text: String) throws -> Int { try #require(LocalDate(text)).daysSince1970 }

    @Test func aGridTilesTimeOnBothSidesOfItsAnchor() {
        let grid = Ruler.every(seconds: 60, anchor: 30)
        #expect(grid.start(of: 0) == 30 && grid.end(of: -1) == 30)
        #expect(grid.slot(containing: 29) == -1 && grid.slot(containing: 30) == 0 && grid.slot(containing: 89) == 0)
        #expect(grid.slots(from: 30, to: 90) == 0..<1)
        #expect(grid.slots(from: 31, to: 91) == 1..<2)
        #expect(grid.slots(from: 31, to: 90) == 1..<1)
        #expect(grid.slots(from: 90, to: 30) == 1..<1)
    }

    @Test(arguments: [("2025-04-05", 25), ("2025-04-06", 24), ("2025-09-06", 24), ("2025-09-07", 23), ("2026-01-15", 24)])
    func aLocalDayHoldsItsHours(_ text: String, _ count: Int) throws {
        let days = try Self.days()
        let day = try Self.day(text)
        let hours = Self.hours.slots(from: days.start(of: day), to: days.end(of: day))
        #expect(hours.count == count)
        #expect(days.slots(holding: hours, of: Self.hours) == day..<day + 1)
        #expect(days.slots(holding: hours.lowerBound - 1..<hours.upperBound + 1, of: Self.hours) == day - 1..<day + 2)
    }

    @Test func daysAreSlotsToo() throws {
        let days = try Self.days()
        let day = try Self.day("2025-09-07")
        #expect(days.slot(containing: days.start(of: day)) == day)
        #expect(days.slot(containing: days.start(of: day) - 1) == day - 1)
        #expect(days.slots(from: days.start(of: day), to: days.start(of: day) + 1) == day..<day + 1)
        #expect(days.slots(from: days.start(of: day) + 1, to: days.start(of: day + 1)) == day + 1..<day + 1)
    }

    @Test func calendarsSayWhichSlotsExist() {
        let sessions = SlotSet(ranges: [0..<5, 7..<12])
        let calendar = Calendar(ruler: .every(seconds: 86_400, anchor: 0), existing: .sessions(sessions))
        #expect(calendar.expected(in: 3..<9) == SlotSet(ranges: [3..<5, 7..<9]))
        #expect(Calendar(ruler: Self.hours, parts: 4).expected(in: 3..<9) == SlotSet(3..<9))
        #expect(Calendar(ruler: Self.hours, parts: 4).partRuler == .every(seconds: 900, anchor: 0))
    }
}
