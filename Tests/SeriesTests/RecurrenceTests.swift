import Bytes
import Series
import TestSupport
import Testing

/// When something is done again, over years of clocks that change.
@Suite struct RecurrenceTests {
    /// Midnight is skipped in Santiago; Lord Howe moves by half an hour; Apia skipped a whole day.
    private static let zones = [
        "America/Santiago", "Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
    ]

    private func instant(_ text: String) throws -> Int64 { try Timestamp.parse(text) }

    @Test(arguments: zones, [1, 2, 3] as [UInt64])
    func eachLocalDayHasOneRunAndItIsTheFirstMomentAtWhichTheClockShowsIt(name: String, seed: UInt64) throws {
        let zone = try Zone.load(name)
        var random = Seeded(seed)
        // Most of them in the hours that clocks jump over or show twice.
        let usual = [0, 30, 60, 90, 119, 120, 150, 179, 180, 1380, 1410, 1439]
        let minute = random.below(3) == 0 ? random.below(1440) : usual[random.below(usual.count)]
        let daily = Recurrence.daily(minutes: [minute], zone)
        var last = Int64(631_152_000) + Int64(random.below(20 * 365 * 86_400))
        var days: Set<LocalDate> = []
        for _ in 0..<2000 {
            let next = daily.next(after: last)
            #expect(next > last && next - last <= 50 * 3600)
            // From wherever it is looked for, it is the same.
            #expect(daily.next(after: last + Int64(random.below(Int(next - last)))) == next)
            let (shown, before) = (zone.local(at: next), zone.local(at: next - 1))
            #expect(days.insert(shown.date).inserted, "two runs on \(shown.date)")
            #expect(shown.hour * 60 + shown.minute >= minute)
            #expect(before.date < shown.date || before.hour * 60 + before.minute < minute)
            last = next
        }
        let (first, final) = (try #require(days.min()), try #require(days.max()))
        let all = first.distance(to: final) + 1
        let skipped = try #require(LocalDate("2011-12-30"))
        let isSkipped = name == "Pacific/Apia" && days.contains(skipped.advanced(by: -1)) && days.contains(skipped.advanced(by: 1))
        #expect(days.count == all - (isSkipped ? 1 : 0))
    }

    @Test(arguments: zones) func severalTimesADayAreTheRunsOfEach(name: String) throws {
        let zone = try Zone.load(name)
        var random = Seeded(7)
        for _ in 0..<50 {
            let minutes = Array(Set((0..<3).map { _ in random.below(1440) }))
            let start = Int64(1_300_000_000) + Int64(random.below(10 * 365 * 86_400))
            let both = Recurrence.daily(minutes: minutes, zone)
            let each = minutes.map { Recurrence.daily(minutes: [$0], zone) }
            var at = start
            for _ in 0..<20 {
                let next = both.next(after: at)
                #expect(next == each.map { $0.next(after: at) }.min())
                at = next
            }
        }
    }

    @Test func everyHourIsEveryHour() {
        var random = Seeded(11)
        for _ in 0..<500 {
            let minute = random.below(60)
            let at = Int64(random.below(4_000_000_000)) - 2_000_000_000
            let next = Recurrence.hourly(minute: minute).next(after: at)
            #expect(next > at && next - at <= 3600)
            #expect((next - Int64(minute) * 60) % 3600 == 0)
        }
    }

    @Test func everySoManyMinutes() {
        for minutes in [1, 10, 45] {
            for at: Int64 in [-601, -600, 0, 1, 599, 600, 1_778_386_768] {
                let next = Recurrence.every(minutes: minutes).next(after: at)
                #expect(next > at && next - at <= Int64(minutes) * 60 && next % (Int64(minutes) * 60) == 0)
            }
        }
        #expect(Recurrence.every(minutes: 10).words == "every 10 minutes")
    }

    @Test func chilesOddDays() throws {
        let zone = try Zone.load("America/Santiago")
        let midnight = Recurrence.daily(minutes: [0], zone)
        // The day that begins at 01:00.
        #expect(try midnight.next(after: instant("2025-09-06T12:00:00-04:00")) == instant("2025-09-07T01:00:00-03:00"))
        #expect(try midnight.next(after: instant("2025-09-07T01:00:00-03:00")) == instant("2025-09-08T00:00:00-03:00"))
        // The evening whose last hour comes twice.
        let late = Recurrence.daily(minutes: [23 * 60 + 30], zone)
        #expect(try late.next(after: instant("2025-04-05T12:00:00-03:00")) == instant("2025-04-05T23:30:00-03:00"))
        #expect(try late.next(after: instant("2025-04-05T23:30:00-03:00")) == instant("2025-04-06T23:30:00-04:00"))
    }

    @Test func wordsTellRulesApart() throws {
        let zone = try Zone.load("America/Santiago")
        #expect(Recurrence.daily(minutes: [900, 180], zone).words == "03:00, 15:00 America/Santiago")
        #expect(Recurrence.hourly(minute: 5).words == "every hour at minute 5")
    }
}
