import Bytes
import Series
import Testing

@testable import Datasets

@Suite("What a history comes to")
struct KeepaHistoryTests {
    /// The minute of a UTC date.
    private func at(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        Int64(LocalDate(year: year, month: month, day: day)!.daysSince1970) * 1440 - KeepaHistory.epoch
    }
    private var now: Int64 { at(2026, 5, 10) }

    private func read(_ csv: [Int: [Int64]]) -> KeepaHistory { KeepaHistory(csv, now: now, digits: 2) }

    /// Ranks that fall at each of these minutes, and prices that hold from them on.
    private func sales(_ all: [(minute: Int64, amount: Int64)]) -> [Int: [Int64]] {
        [3: all.flatMap { [$0.minute - 1, 500, $0.minute, 100] }, 1: all.flatMap { [$0.minute - 1, $0.amount] }]
    }

    @Test func aSaleIsAFallOfTheRankAtThePriceThatHeld() {
        let day = at(2026, 3, 1)
        let csv: [Int: [Int64]] = [
            3: [day, 100, day + 10, 90, day + 20, 95, day + 30, -1, day + 40, 80, day + 50, 70, day + 60, 70, day + 70, 60],
            1: [day + 5, 1000, day + 45, -1, day + 65, 3000],
            18: [day + 50, 2000, 300, day + 66, -1, -1],
        ]
        let found = KeepaHistory.sales(csv, from: day - 1, to: now)
        // Not the rise, not from or to no rank, not where it stays; the price ends with the point that says so.
        #expect(found.map(\.minute) == [day + 10, day + 50, day + 70] && found.map(\.amount) == [1000, 2300, 3000])
        #expect(KeepaHistory.sales(csv, from: day + 10, to: day + 69).map(\.minute) == [day + 50])
        #expect(KeepaHistory.sales([3: csv[3]!], from: 0, to: now).isEmpty, "a fall without a price is none")
    }

    @Test func usedPricesComeWithTheirShipping() {
        let day = at(2025, 6, 1)
        let csv: [Int: [Int64]] = [
            3: [day, 100, day + 10, 90, day + 20, 80, day + 30, 70],
            2: [day, 400], 21: [day + 15, 500, 250], 1: [day, 900], 7: [day + 25, 600, 100],
        ]
        // First used without shipping; then with it; new without shipping is not looked at beside new with it.
        #expect(KeepaHistory.sales(csv, from: 0, to: now).map(\.amount) == [400, 750, 700])
    }

    @Test func theYearAndTheListPrice() {
        // Ten months with medians 10, 20 ... 100, the last of them in this year.
        var all: [(minute: Int64, amount: Int64)] = []
        for index in 0..<10 {
            let month = at(2025 + (index + 7) / 12, (index + 7) % 12 + 1, 5)
            let median = Int64(index + 1) * 1000
            for sale in -1...1 { all.append((minute: month + Int64(sale) * 100, amount: median + Int64(sale))) }
        }
        let history = read(sales(all))
        #expect(history.listAt == Decimal("90"), "of ten the ninth")
        #expect(history.average == Decimal("55"))
        #expect(history.seasonality == "May")
        // A sale of 400 days ago is of the list price only, one of four years ago of nothing.
        let old = read(sales([(at(2022, 1, 1), 99_999), (now - 400 * 1440, 7001), (now - 399 * 1440, 7002)]))
        #expect(old.average == nil && old.listAt == Decimal("70.02") && old.seasonality == "all year", "the median 70.015, half-even")
        let third = read(sales([(now - 30, 1000), (now - 20, 1000), (now - 10, 1001)]))
        #expect(third.average == Decimal("10"), "30.01 / 3")
    }

    @Test(arguments: [
        // Cents by calendar month of one year.
        ([1000, 1000, 1000, 1000, 1000, 1150], "June"), ([1000, 1000, 1000, 1000, 1000, 1149], "all year"),
        ([1000, 1000, 1000, 1000, 2000, 2000], "all year"), ([1000, 1000, 1000, 1000, 2000], "all year"),
        ([2000, 1000, 1000, 1000, 1000, 1900, 1000], "January"), ([0, 0, 0, 0, 0, 0], "all year"),
    ])
    func aMonthStandsOut(prices: [Int64], season: String) {
        let all = prices.enumerated().map { (minute: at(2025, $0.offset + 1, 5), amount: $0.element) }
        #expect(read(sales(all)).seasonality == season)
    }

    @Test func nothingIsKnownOfNoSales() {
        let none = read([:])
        #expect(none.listAt == nil && none.average == nil && none.seasonality == nil)
        #expect(read([3: [1, 5, 2, 4], 1: [1, -1]]) == none && read([3: [], 1: []]) == none && read([1: [1, 100]]) == none)
    }

    /// Of each month the median, and of a month the same whatever the order of its years.
    @Test func medians() {
        #expect(KeepaHistory.twiceMedian([3]) == 6 && KeepaHistory.twiceMedian([9, 1]) == 10 && KeepaHistory.twiceMedian([9, 1, 2]) == 4)
    }

    @Test(arguments: [
        "[null, [1, 2, 3]]", "[null, [1, \"2\"]]", "[null, 5]", "7", "[null, null, null, null, null, null, null, [1, 2]]",
        "[null, [1, 99999999999999999999]]", "[null, [1, 9000000000000000000]]",
    ])
    func aHistoryOfAWrongShapeIsAFlaw(csv: String) throws {
        let text = "{\"asin\": \"B000000000\", \"title\": \"x\", \"csv\": \(csv)}"
        #expect(try KeepaBench.read(text).flaw == "csv")
        #expect(try KeepaBench.read(text, withHistory: false).flaw == nil, "where it is not wanted it is not looked at")
    }
}
