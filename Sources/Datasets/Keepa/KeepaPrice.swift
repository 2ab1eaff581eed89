internal import Bytes

/// What a product costs to buy: the cheapest of used, new and buy box, in this order where two are equal.
///
/// - used: the lowest of the four grades with shipping (types 19 to 22) and the used buy box with shipping (32); where none of them has a
///   price, the lowest used without shipping (2);
/// - new: the lowest of new by merchants with shipping (7), new by Amazon's fulfilment (10) and, since it includes shipping, new (1); where
///   none of them has a price, new without shipping (1 before 2026-02-16);
/// - buy box: with shipping (18); where that has no price, the price and shipping of the buy box in `stats`.
///
/// A price with shipping is not held against one without as if that came free: within a kind the one with shipping goes first, and between
/// kinds the figures are compared as they are.
struct KeepaPrice: Equatable {
    enum Source: String {
        case used, new
        case buyBox = "buy_box"
    }

    /// In the currency's smallest unit.
    let amount: Int64
    let source: Source
    let includesShipping: Bool

    /// The Keepa minute from which on NEW includes shipping: 2026-02-16 UTC.
    static let newIncludesShippingFrom: Int64 = 7_956_000

    static let usedWithShipping = [19, 20, 21, 22, 32]
    static let used = 2
    static let newWithShipping = [7, 10]
    static let new = 1
    static let buyBox = 18

    /// - Parameters:
    ///   - minute: of NEW's figure.
    ///   - told: a type's figure; of types that tell shipping, both together.
    static func cheapest(
        newAt minute: Int64, told: (Int) -> KeepaTold<Int64>, buyBoxAside: KeepaTold<KeepaPrice> = .absent
    ) -> KeepaTold<KeepaPrice> {
        let newShips = minute >= newIncludesShippingFrom
        func kind(_ source: Source, _ with: [Int], _ without: Int?) -> KeepaTold<KeepaPrice> {
            func price(_ types: [Int], _ ships: Bool) -> KeepaTold<KeepaPrice> {
                least(types.map { told($0).map { KeepaPrice(amount: $0, source: source, includesShipping: ships) } })
            }
            return first([price(with, true)] + (without.map { [price([$0], false)] } ?? []))
        }
        return least([
            kind(.used, usedWithShipping, used), kind(.new, newWithShipping + (newShips ? [new] : []), newShips ? nil : new),
            first([kind(.buyBox, [buyBox], nil), buyBoxAside]),
        ])
    }

    private static func least(_ all: [KeepaTold<KeepaPrice>]) -> KeepaTold<KeepaPrice> {
        let prices = all.compactMap(\.content)
        // `min` gives the first of equals.
        if let least = prices.min(by: { $0.amount < $1.amount }) { return .value(least) }
        return all.allSatisfy(\.isAbsent) ? .absent : .none
    }

    private static func first(_ all: [KeepaTold<KeepaPrice>]) -> KeepaTold<KeepaPrice> {
        all.first { $0.content != nil } ?? least(all)
    }
}

extension KeepaProduct {
    /// - Parameter minute: the Keepa minute of the answer.
    func price(at minute: Int64) -> KeepaTold<KeepaPrice> {
        KeepaPrice.cheapest(newAt: minute, told: current, buyBoxAside: buyBoxPrice.map { price in
            KeepaPrice(amount: price + (buyBoxShipping.content ?? 0), source: .buyBox, includesShipping: buyBoxShipping.content != nil)
        })
    }
}
