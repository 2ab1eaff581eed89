import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Splits")
struct EquitySplitTests {
    private func values(_ open: String, _ high: String, _ low: String, _ close: String) -> [Value] {
        [open, high, low, close, "1000"].map { .decimal(Decimal($0)!) } + [.null, .null]
    }

    private func rounded(_ price: Double, _ places: Int) -> String {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        return Decimal(mantissa: Int64((price * factor).rounded()), scale: places)!.description
    }

    @Test func aSplitChangesAllPricesByOneRatio() {
        let old = values("10.5", "11.25", "10", "11")
        #expect(EquitySplits.restated(old: old, new: values("5.25", "5.625", "5", "5.5")))
        #expect(EquitySplits.restated(old: values("5.25", "5.625", "5", "5.5"), new: old), "and back")
        #expect(EquitySplits.restated(old: old, new: values("105", "112.5", "100", "110")))
        #expect(!EquitySplits.restated(old: old, new: old))
        #expect(!EquitySplits.restated(old: old, new: values("5.25", "5.625", "5", "11")), "one price stayed")
        #expect(!EquitySplits.restated(old: old, new: values("5.25", "5.625", "5", "4")), "one price changed otherwise")
        #expect(!EquitySplits.restated(old: old, new: values("10.55", "11.3", "10.05", "11.05")), "a correction of half a hundredth")
        #expect(!EquitySplits.restated(old: old, new: [.null] + old.dropFirst()))
        #expect(!EquitySplits.restated(old: [], new: []))
    }

    /// Histories that a split makes other ones, rounded as an upstream rounds.
    @Test(arguments: [2, 4, 8, 10] as [UInt64])
    func everySplitOfEveryBarIsSeen(seed: UInt64) {
        var dice = Seeded(seed)
        for _ in 0..<500 {
            let price = 0.5 + Double(dice.below(500_000)) / 1000
            let bar = (0..<4).map { _ in price * (1 + Double(dice.below(800)) / 10_000) }
            let (new, old) = [(2, 1), (3, 1), (3, 2), (5, 4), (20, 1), (1, 10), (1, 8)][dice.below(7)]
            let split = bar.map { $0 * Double(old) / Double(new) }
            let before = bar.map { rounded($0, 2) }
            let after = split.map { rounded($0, 4) }
            guard zip(before, after).allSatisfy({ $0 != $1 && $0 != "0" && $1 != "0" }) else { continue }
            let told = EquitySplits.restated(
                old: values(before[0], before[1], before[2], before[3]), new: values(after[0], after[1], after[2], after[3]))
            #expect(told, "\(before) became \(after) by \(new) for \(old)")
            // Prices by themselves move apart.
            let other = bar.enumerated().map { rounded($1 * ($0 == dice.below(3) ? 1 : 1.5), 2) }
            if other[3] == before[3] {
                #expect(!EquitySplits.restated(
                    old: values(before[0], before[1], before[2], before[3]), new: values(other[0], other[1], other[2], other[3])))
            }
        }
    }

    @Test(arguments: [
        ("100", "50", true), ("100", "33.4", true), ("100", "66", true), ("100", "79", true), ("100", "83.9", true), ("100", "84.1", false),
        ("100", "99", false), ("100", "115", false), ("100", "117", true), ("100", "200", true), ("100", "220", false), ("1", "100", true),
        ("1", "130", false), ("100", "5", true), ("1000", "1", false), ("100", "1", true), ("0.5", "5.2", true), ("100", "100", false),
    ])
    func aJumpThatASplitWouldExplainBreaks(close: String, open: String, breaks: Bool) {
        let earlier = values(close, close, close, close)
        #expect(EquitySplits.breaks(earlier: earlier, later: values(open, "1000", "0.01", "7")) == breaks)
        #expect(!EquitySplits.breaks(earlier: [], later: earlier) && !EquitySplits.breaks(earlier: earlier, later: []))
    }

    /// A split of any ratio is in force from the midnight of its session on, and most are of a Monday's.
    @Test func theMorningAsksForTheSessionBefore() throws {
        let zone = try Zone.load("America/New_York")
        let dataset = equities(zone: zone, following: Equities.Following(), rate: Equities.rate)
        let schedule = try #require(dataset.schedules.first { $0.purpose == .corrections })
        var before: LocalDate?
        for day in LocalDate("2013-01-02")!.daysSince1970..<LocalDate("2031-01-01")!.daysSince1970 {
            let date = LocalDate(daysSince1970: day)
            guard NYSECalendar.builtIn.isSession(date) else { continue }
            let asked = schedule.selections(of: dataset, now: zone.first(date, minute: 9 * 60 + 15))
            let last = before.map { zone.start(of: $0) }
            #expect(last.map { last in asked.contains { ($0.from ?? .max) <= last && last < $0.to ?? .min } } ?? true, "\(date)")
            before = date
        }
    }
}
