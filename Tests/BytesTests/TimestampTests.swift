import Foundation
import Testing
import TestSupport

@testable import Bytes

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2025-12-01T00:00:00-03:00", 1_764_558_000), ("2025-12-01 00:00:00+00:00", 1_764_547_200),
        ("2025-12-01t00:00:00z", 1_764_547_200), ("2025-12-01T00:00:00.999999999Z", 1_764_547_200), ("1969-12-31T23:59:59Z", -1),
        ("2000-02-29T12:00:00+05:30", 951_805_800), ("0000-01-01T00:00:00Z", -62_167_219_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("2016-12-31T23:59:60Z", 1_483_228_800), ("2016-12-31T20:59:60-03:00", 1_483_228_800), ("2025-01-01T00:00:00-00:00", 1_735_689_600),
    ] as [(String, Int64)])
    func reads(text: String, seconds: Int64) throws {
        #expect(try Timestamp.parse(text) == seconds)
    }

    @Test(arguments: [
        "", "2025", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2025-01-00T00:00:00Z", "2025-01-32T00:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:61Z", "2025-06-30T12:00:60Z", "2025-01-01T00:00Z",
        "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00+3:00", "2025-01-01T00:00:00+0300", "2025-01-01T00:00:00+24:00",
        "2025-01-01T00:00:00+00:60", "2025-01-01T00:00:00Zx", " 2025-01-01T00:00:00Z", "2025-1-01T00:00:00Z", "+025-01-01T00:00:00Z",
        "2025/01/01T00:00:00Z", "2025-01-01_00:00:00Z", "2025-01-01T-1:00:00Z",
    ])
    func refuses(text: String) {
        #expect(throws: TimestampError.malformed) { try Timestamp.parse(text) }
    }

    @Test(arguments: ["2025-01-01", "2025-01-01T00:00:00", "2025-01-01T00:00:00.5"])
    func asksForTheOffset(text: String) {
        #expect(throws: TimestampError.offsetMissing) { try Timestamp.parse(text) }
    }

    @Test func writesAndReadsBack() throws {
        #expect(Timestamp.text(1_764_558_000, offset: -10_800) == "2025-12-01T00:00:00-03:00")
        #expect(Timestamp.text(1_764_558_000) == "2025-12-01T03:00:00Z")
        #expect(Timestamp.text(.max) == "9999-12-31T23:59:59Z")
        #expect(Timestamp.text(.min) == "0000-01-01T00:00:00Z")
        for seed in 0..<3_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let seconds = Int64.random(in: -62_100_000_000...253_402_200_000, using: &random)
            let offset = Int.random(in: -86_399...86_399, using: &random)
            #expect(try Timestamp.parse(Timestamp.text(seconds, offset: offset)) == seconds, "seed \(seed)")
        }
    }

    @Test func agreesWithFoundation() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let seconds = Int64.random(in: -2_000_000_000...4_000_000_000, using: &random)
            let theirs = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
            #expect(Timestamp.text(seconds) == theirs, "seed \(seed)")
        }
    }

    @Test func everyDayOfEightCenturies() {
        var expected = (year: 1600, month: 1, day: 1)
        for days in Civil.days(year: 1600, month: 1, day: 1)...Civil.days(year: 2400, month: 12, day: 31) {
            let found = Civil.date(days: days)
            if found != expected || Civil.days(year: expected.year, month: expected.month, day: expected.day) != days {
                Issue.record("day \(days): \(found) for \(expected)")
                return
            }
            expected.day += 1
            if expected.day > Civil.length(ofMonth: expected.month, in: expected.year) { expected = (expected.year, expected.month + 1, 1) }
            if expected.month > 12 { expected = (expected.year + 1, 1, 1) }
        }
        #expect(Civil.weekday(days: 0) == 4)
        #expect(Civil.weekday(days: -5) == 6)
    }

    @Test func localStamps() {
        func stamp(_ text: String) -> LocalStamp? { LocalStamp(Array(text.utf8)[...]) }
        #expect(stamp("2025-04-05 13:45") == LocalStamp(year: 2025, month: 4, day: 5, hour: 13, minute: 45))
        #expect(stamp("2026-02-17T00:00:09") == LocalStamp(year: 2026, month: 2, day: 17, second: 9))
        #expect(stamp("2026-02-17 01:00:00.000000") == LocalStamp(year: 2026, month: 2, day: 17, hour: 1))
        #expect(stamp("2024-02-29") == LocalStamp(year: 2024, month: 2, day: 29))
        for text in [
            "", "2025-04-31", "2025-04-05 24:00", "2025-04-05 13", "2025-04-05 13:45Z", "2025-04-05  13:45", "2025-04-05 13:45:60",
        ] {
            #expect(stamp(text) == nil, "\(text)")
        }
    }

    @Test func httpDates() {
        let instant: Int64 = 784_111_777
        #expect(HTTPDate.text(instant) == "Sun, 06 Nov 1994 08:49:37 GMT")
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            #expect(HTTPDate.parse(text, now: 1_764_547_200) == instant, "\(text)")
        }
        #expect(HTTPDate.parse("Wed Nov 16 08:49:37 1994", now: 0) == instant + 864_000)
        // Two digits: at most fifty years ahead, else the century before.
        #expect(HTTPDate.parse("Friday, 01-Jan-75 00:00:00 GMT", now: 1_764_547_200) == 3_313_526_400)
        #expect(HTTPDate.parse("Friday, 01-Jan-76 00:00:00 GMT", now: 1_764_547_200) == 189_302_400)
        for text in [
            "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Nov 1994 08:49:37 GMT",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT ",
        ] {
            #expect(HTTPDate.parse(text, now: 0) == nil, "\(text)")
        }
        for seed in 0..<1_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let seconds = Int64.random(in: -60_000_000_000...250_000_000_000, using: &random)
            #expect(HTTPDate.parse(HTTPDate.text(seconds), now: 0) == seconds, "seed \(seed)")
        }
    }

    @Test func randomBytesNeverCrash() {
        let alphabet = Array("0123456789-:TZ+. SunNovGMT,".utf8) + [0, 0xFF]
        for seed in 0..<20_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let bytes = (0..<Int.random(in: 0...32, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            _ = try? Timestamp.parse(bytes[...])
            _ = LocalStamp(bytes[...])
            _ = HTTPDate.parse(bytes.span, now: .max)
        }
    }
}
