internal import Bytes
package import Series

/// How bars tell of a split. All prices of an adjusted history are told by the newest share: after a split of two for one the upstream
/// halves every price before it, and what is held from before is by another measure.
package enum EquitySplits {
    /// Two values of one session. Whether open, high, low and close have all changed, and by one ratio, which is not nearly 1: each within
    /// half a hundredth, or within one unit of the last decimal that the prices are told with.
    @Sendable package static func restated(old: [Value], new: [Value]) -> Bool {
        guard let old = prices(old), let new = prices(new) else { return false }
        let (oldUnit, newUnit) = (unit(old), unit(new))
        var low = 0.0
        var high = Double.infinity
        for (before, after) in zip(old.map(\.double), new.map(\.double)) {
            if before == after { return false }
            let least = max(0, after - newUnit) / (before + oldUnit)
            let most = before > oldUnit ? (after + newUnit) / (before - oldUnit) : .infinity
            low = max(low, min(least, after / before * (1 - tolerance)))
            high = min(high, max(most, after / before * (1 + tolerance)))
        }
        let ratio = sum(new) / sum(old)
        return low <= high && abs(ratio - 1) > 0.01
    }

    /// The values of two sessions, one after the other. Whether the second opens as far from the first one's close as a usual split would
    /// make it: within 8 % of its ratio, and more than 16 % away. (A price may well move so far by itself; to ask again costs a call.)
    @Sendable package static func breaks(earlier: [Value], later: [Value]) -> Bool {
        guard let before = prices(earlier)?[Equities.Column.close].double, let after = prices(later)?[Equities.Column.open].double else {
            return false
        }
        let ratio = after / before
        return abs(ratio - 1) > 0.16 && usual.contains { abs(ratio / $0 - 1) <= 0.08 }
    }

    private static let tolerance = 0.005

    /// New shares for old ones, and the reverse; what a price is multiplied by.
    private static let usual: [Double] = {
        let splits = [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100].map { ($0, 1) }
            + [(3, 2), (4, 3), (5, 2), (5, 3), (5, 4), (7, 4)]
        return splits.flatMap { [Double($0.1) / Double($0.0), Double($0.0) / Double($0.1)] }
    }()

    /// Open, high, low and close; nil unless all are prices.
    private static func prices(_ values: [Value]) -> [Decimal]? {
        let prices = values.prefix(4).compactMap { value in
            if case .decimal(let price) = value, price > .zero { price } else { nil }
        }
        return prices.count == 4 ? prices : nil
    }

    /// One of the last decimal. A price's own trailing zeros are not kept: the longest of the bar's prices says it.
    private static func unit(_ prices: [Decimal]) -> Double {
        prices.map(\.scale).max().flatMap { Decimal(mantissa: 1, scale: $0)?.double } ?? 1
    }

    private static func sum(_ prices: [Decimal]) -> Double { prices.reduce(0) { $0 + $1.double } }
}
