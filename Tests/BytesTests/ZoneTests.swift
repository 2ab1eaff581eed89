import Testing

@testable import Bytes

@Suite("Days and clocks")
struct ZoneTests {
    private static func date(_ text: String) throws -> LocalDate { try #require(LocalDate(text)) }

    private static func hours(_ zone: Zone, _ text: String) throws -> Int64 {
        let range = zone.range(of: try date(text))
        return (range.upperBound - range.lowerBound) / 3600
    }

    @Test func datesAreStrict() throws {
        for text in ["2025-02-30", "2025-13-01", "2025-00-01", "2025-1-01", "2025-01-01 ", "20250101", "0000-01-01", "2023-02-29", ""] {
            #expect(LocalDate(text) == nil, "\(text)")
        }
        #expect(try Self.date("1970-01-01").daysSince1970 == 0)
        #expect(try Self.date("1970-01-01").weekday == 4)
        #expect(try Self.date("2025-04-05").weekday == 6)
        #expect(try Self.date("1969-12-31").weekday == 3)
        #expect(try Self.date("2024-02-29").advanced(by: 1).description == "2024-03-01")
        #expect(try Self.date("0001-01-01").description == "0001-01-01")
    }

    @Test func everyDayOfSixCenturiesGoesThereAndBack() throws {
        var day = LocalDate(daysSince1970: -135_140)
        for _ in 0..<220_000 {
            let (year, month, number) = day.parts
            let back = LocalDate(year: year, month: month, day: number)
            if back != day { Issue.record("\(day) became \(String(describing: back))") }
            day = day.advanced(by: 1)
        }
    }

    @Test(arguments: [
        (2022, "2022-04-02", "2022-09-11"), (2023, "2023-04-01", "2023-09-03"), (2024, "2024-04-06", "2024-09-08"),
        (2025, "2025-04-05", "2025-09-07"), (2026, "2026-04-04", "2026-09-06"), (2027, "2027-04-03", "2027-09-05"),
        (2035, "2035-04-07", "2035-09-02"), (2060, "2060-04-03", "2060-09-05"),
    ])
    func chileHasOneLongAndOneShortDayAYear(_ year: Int, _ long: String, _ short: String) throws {
        let zone = try Zone.load("America/Santiago")
        var odd: [String: Int64] = [:]
        for day in try Self.date("\(year)-01-01")..<(try Self.date("\(year + 1)-01-01")) {
            let hours = try Self.hours(zone, day.description)
            if hours != 24 { odd[day.description] = hours }
        }
        #expect(odd == [long: 25, short: 23])
    }

    @Test func theDayWithoutMidnightBeginsAtOne() throws {
        let zone = try Zone.load("America/Santiago")
        let start = zone.start(of: try Self.date("2025-09-07"))
        #expect(start == 1_757_217_600)  // 2025-09-07T04:00:00Z
        let local = zone.local(at: start)
        #expect(local == Zone.Local(date: try Self.date("2025-09-07"), hour: 1, minute: 0, second: 0, offset: -10_800))
        #expect(zone.local(at: start - 1).hour == 23)
        #expect(zone.instants(try Self.date("2025-09-07"), hour: 0, minute: 30).isEmpty)
        #expect(zone.instants(try Self.date("2025-09-07"), hour: 1, minute: 0) == [start])
    }

    @Test func theRepeatedHourHasTwoInstants() throws {
        let zone = try Zone.load("America/Santiago")
        let twice = zone.instants(try Self.date("2025-04-05"), hour: 23, minute: 15)
        #expect(twice == [1_743_905_700, 1_743_909_300])  // 02:15Z and 03:15Z of the 6th
        #expect(twice.map { zone.offset(at: $0) } == [-10_800, -14_400])
        #expect(twice.map { zone.day(at: $0).description } == ["2025-04-05", "2025-04-05"])
        #expect(zone.start(of: try Self.date("2025-04-06")) == 1_743_912_000)
    }

    @Test func newYork() throws {
        let zone = try Zone.load("America/New_York")
        #expect(try Self.hours(zone, "2025-03-09") == 23)
        #expect(try Self.hours(zone, "2025-11-02") == 25)
        #expect(try Self.hours(zone, "2150-03-08") == 23)
        #expect(zone.instants(try Self.date("2025-03-09"), hour: 2, minute: 30).isEmpty)
        #expect(zone.instants(try Self.date("2025-11-02"), hour: 1, minute: 30).count == 2)
        #expect(zone.instants(try Self.date("2025-07-01"), hour: 9, minute: 30) == [1_751_376_600])
    }

    @Test func daysTileTime() throws {
        for name in ["America/Santiago", "America/New_York", "Asia/Kolkata", "Europe/Dublin", "Pacific/Chatham", "UTC"] {
            let zone = try Zone.load(name)
            for day in try Self.date("2009-01-01")..<(try Self.date("2045-01-01")) {
                let range = zone.range(of: day)
                let inside = zone.day(at: range.lowerBound) == day && zone.day(at: range.upperBound - 1) == day
                let outside = zone.day(at: range.upperBound) == day.advanced(by: 1)
                if !inside || !outside { Issue.record("\(name) \(day)") }
            }
        }
    }

    @Test func everyInstantIsAmongThoseOfItsClock() throws {
        let zone = try Zone.load("America/Santiago")
        for instant in stride(from: Int64(1_640_995_200), to: 1_767_225_600, by: 1800) {
            let local = zone.local(at: instant)
            if !zone.instants(local.date, hour: local.hour, minute: local.minute).contains(instant) { Issue.record("\(instant)") }
        }
    }

    @Test func utcAndEquality() throws {
        #expect(Zone.utc.offset(at: 1_750_000_000) == 0)
        #expect(Zone.utc.start(of: try Self.date("2025-01-01")) == 1_735_689_600)
        #expect(Zone.utc.day(at: -1).description == "1969-12-31")
        #expect(try Zone.load("America/Santiago") == Zone.load("America/Santiago"))
        #expect(try Zone.load("America/Santiago") != Zone.load("America/New_York"))
    }

    @Test(arguments: ["", "/etc/passwd", "../../etc/passwd", "America/../../x", "America//Santiago", "America/", "a.b", "x\0y", "ñ"])
    func namesThatCouldLeaveTheDirectoryAreRefused(_ name: String) {
        #expect(throws: ZoneError.badName(name)) { try Zone.load(name) }
    }

    @Test func unknownNamesAndBrokenFilesAreErrors() {
        #expect(throws: ZoneError.self) { try Zone.load("America/Nowhere") }
        #expect(throws: ZoneError.self) { try Zone.load("America") }
        #expect(throws: ZoneError.self) { try Zone(name: "x", file: []) }
    }

    @Test func aFileCutAnywhereIsRefusedNotTrapped() throws {
        let file = Self.file(footer: "<-04>4<-03>,M9.1.6/24,M4.1.6/24")
        #expect(try Zone(name: "whole", file: file).offset(at: 1_750_000_000) == -14_400)
        for length in 0..<file.count {
            #expect(throws: ZoneError.self) { try Zone(name: "cut", file: Array(file[..<length])) }
        }
    }

    @Test(arguments: [
        "X", "EST", "EST5EDT", "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.2.0", "EST25", "<-04", "EST5EDT,M3.2.0,M11.1.0x", "EST5EDT,J0,J5",
    ])
    func rulesThatAreNotRules(_ footer: String) {
        #expect(throws: ZoneError.self) { try Zone(name: "x", file: Self.file(footer: footer)) }
    }

    @Test func rulesOfOtherKinds() throws {
        let fixed = try Zone(name: "fixed", file: Self.file(footer: "<+0530>-5:30"))
        #expect(fixed.offset(at: 4_000_000_000) == 19_800)
        // RFC 9636 3.3.1: summer time all year.
        let always = try Zone(name: "always", file: Self.file(footer: "XXX3EDT4,0/0,J365/23"))
        for year in 2030...2034 { #expect(always.offset(at: Int64(year - 1970) * 31_556_952) == -14_400) }
        // Easter-less Greenland: a negative hour of the turn, on the day before.
        let nuuk = try Zone(name: "nuuk", file: Self.file(footer: "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"))
        #expect(nuuk.offset(at: 1_743_296_399) == -7200 && nuuk.offset(at: 1_743_296_400) == -3600)  // 2025-03-30T01:00Z
    }

    /// The smallest TZif file with a footer: no transitions, one type of offset 0.
    private static func file(footer: String) -> [UInt8] {
        let header: [UInt8] = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        let counts: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4]
        let block: [UInt8] = [0, 0, 0, 0, 0, 0] + Array("UTC\0".utf8)
        return header + counts + block + header + counts + block + [10] + Array(footer.utf8) + [10]
    }
}
