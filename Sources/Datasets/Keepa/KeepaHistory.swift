internal import Bytes

/// What three years of a product's history come to.
///
/// A sale is inferred where the sales rank falls from one point to the next: the rank of a product rises while nobody buys it. Its price is
/// the one that a buyer would have paid then (`KeepaPrice`), by what each series held at that minute. A fall without any price is none.
struct KeepaHistory: Equatable {
    /// The 90th percentile (nearest rank) of the medians of each month's sales, in three years.
    var listAt: Decimal?
    /// The mean of the sales of 365 days.
    var average: Decimal?
    /// The month, in English, whose sales stand out; `all year` where none does; nil where nothing was sold.
    var seasonality: String?

    private static let rank = 3
    static let types: Set<Int> = [rank, 1, 2, 7, 10, 18, 19, 20, 21, 22, 32]
    /// Of these types a point has a third number, the shipping.
    private static let triples: Set<Int> = [7, 18, 19, 20, 21, 22, 32]

    static func stride(_ type: Int) -> Int { triples.contains(type) ? 3 : 2 }

    private static let dayMinutes: Int64 = 1440
    static let years3 = 3 * 365 * dayMinutes
    static let year = 365 * dayMinutes

    /// Minutes from 1970 to 2011, from which Keepa counts.
    static let epoch: Int64 = 21_564_000

    struct Sale: Equatable {
        let minute: Int64
        let amount: Int64
    }

    /// - Parameters:
    ///   - now: the Keepa minute of the answer.
    ///   - digits: of the currency.
    init(_ csv: [Int: [Int64]], now: Int64, digits: Int) {
        let sales = Self.sales(csv, from: now - Self.years3, to: now)
        if sales.isEmpty { return }
        let recent = sales.filter { $0.minute > now - Self.year }
        average = Decimal.mean(of: recent.compactMap { Decimal(mantissa: $0.amount, scale: digits) })?.rounded(to: digits)
        let months = Dictionary(grouping: sales) { Self.date($0.minute).year * 12 + Self.date($0.minute).month }
        let medians = months.values.map { Self.twiceMedian($0.map(\.amount)) }.sorted()
        // Of n the nearest rank is the ceil(0.9 n)th.
        let twice = medians[(9 * medians.count + 9) / 10 - 1]
        listAt = Decimal(mantissa: twice * 5, scale: digits + 1)?.rounded(to: digits)
        seasonality = Self.season(sales)
    }

    /// Falls of the rank in `(from, to]` with a price.
    static func sales(_ csv: [Int: [Int64]], from: Int64, to: Int64) -> [Sale] {
        guard let ranks = csv[rank] else { return [] }
        var held = csv.mapValues { _ in Held() }
        var sales: [Sale] = []
        for at in Swift.stride(from: 2, to: ranks.count - 1, by: 2) {
            let (before, after, minute) = (ranks[at - 1], ranks[at + 1], ranks[at])
            guard before > 0, after > 0, after < before, minute > from, minute <= to else { continue }
            for (type, points) in csv where type != rank { held[type]?.move(to: minute, points, stride(type)) }
            let new = held[KeepaPrice.new]?.minute ?? minute
            let price = KeepaPrice.cheapest(newAt: new, told: { held[$0]?.figure ?? .absent })
            if let amount = price.content?.amount { sales.append(Sale(minute: minute, amount: amount)) }
        }
        return sales
    }

    /// Where a series stands: a value holds until the next point.
    private struct Held {
        var next = 0
        var minute: Int64 = 0
        var figure: KeepaTold<Int64> = .none

        mutating func move(to minute: Int64, _ points: [Int64], _ stride: Int) {
            while next + stride <= points.count, points[next] <= minute {
                self.minute = points[next]
                // Shipping that is not known counts as none.
                let shipping = stride == 3 ? max(0, points[next + 2]) : 0
                figure = points[next + 1] < 0 ? .none : .value(points[next + 1] + shipping)
                next += stride
            }
        }
    }

    // MARK: Figures

    static func twiceMedian(_ values: [Int64]) -> Int64 {
        let sorted = values.sorted()
        return sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]
    }

    static let seasonMonths = 6
    /// A month stands out from this percentage of the median of all of them.
    static let seasonPercent: Int64 = 115
    static let allYear = "all year"

    private static func season(_ sales: [Sale]) -> String {
        let byMonth = Dictionary(grouping: sales) { date($0.minute).month }.mapValues { twiceMedian($0.map(\.amount)) }
        guard byMonth.count >= seasonMonths, let highest = byMonth.values.max() else { return allYear }
        let best = byMonth.filter { $0.value == highest }
        guard best.count == 1, let month = best.first?.key,
            highest * 2 * 100 >= seasonPercent * twiceMedian(Array(byMonth.values)), highest > 0
        else { return allYear }
        return monthNames[month - 1]
    }

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]

    private static func date(_ minute: Int64) -> LocalDate {
        Zone.utc.day(at: (minute + epoch) * 60)
    }
}
