internal import Glibc

/// What a product is, by its ASIN, its marketplace and the seed alone.
struct KeepaProduct: Sendable {
    let asin: String
    let domain: KeepaDomain
    let dice: Dice
    /// Of the ASIN; of the ASIN in its marketplace.
    let number: Int64
    let market: Int64
    /// The first minute that anything is known of: between July 2023 and August 2024.
    let start: Int
    /// One in three sells by the season: so much more at its height, which is on that day of the year.
    let season: (more: Double, height: Double)?
    /// US cents about which its price moves.
    let basePrice: Double

    init(_ asin: String, _ domain: KeepaDomain, _ dice: Dice) {
        (self.asin, self.domain, self.dice) = (asin, domain, dice)
        // FNV-1a.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in asin.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        number = Int64(bitPattern: hash)
        market = Int64(bitPattern: (hash ^ UInt64(domain.rawValue)) &* 0x100_0000_01B3)
        start = KeepaProduct.firstMinute + dice.pick(400 * 1_440, 500, number)
        let isSeasonal = dice.pick(3, 501, number) == 0
        season = isSeasonal ? (0.15 + 0.3 * dice.unit(502, number), dice.unit(540, number) * 365.25) : nil
        basePrice = exp(log(600) + dice.unit(503, number) * log(50))
    }

    /// Ten capital letters and digits.
    static func isASIN(_ text: String) -> Bool {
        text.utf8.count == 10 && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
    }

    static let firstMinute = KeepaMinute.of(1_688_169_600)

    /// Minutes between looks at its prices: four a day to two a month.
    var pace: Int { [360, 720, 1_440, 2_880, 10_080, 21_600][dice.pick(6, 504, number)] }

    /// How many sellers: 7 of 10 products have a handful, 2 in 100 some scores.
    var breadth: Int {
        let share = dice.unit(505, number)
        return share < 0.7 ? 1 : share < 0.9 ? 3 : share < 0.98 ? 8 : 20
    }

    var hasAmazon: Bool { dice.pick(5, 506, number) < 2 }
    var hasUsed: Bool { dice.pick(10, 507, number) < 7 }
    var hasCollectible: Bool { dice.pick(10, 508, number) == 0 }
    var hasRefurbished: Bool { dice.pick(10, 509, number) == 0 }
    var hasRank: Bool { dice.pick(50, 510, number) != 0 }
    /// Entries of lists by type: an older answer has two fewer.
    var types: Int { dice.pick(3, 511, number) == 0 ? 34 : 36 }

    /// The service's own looks at it, before anybody asks: the last at or before `minute`.
    func lastUpdate(_ minute: Int) -> Int { latest(45 + dice.pick(855, 512, market), 513, minute) }
    func lastOffersUpdate(_ minute: Int) -> Int { latest(1_440 * (1 + dice.pick(6, 514, market)), 515, minute) }
    func lastBuyBoxUpdate(_ minute: Int) -> Int { latest(240 + dice.pick(1_200, 516, market), 517, minute) }
    /// Every three days to every four weeks.
    func lastRatingUpdate(_ minute: Int) -> Int { latest(1_440 * (3 + dice.pick(25, 518, market)), 519, minute) }

    private func latest(_ period: Int, _ salt: UInt64, _ minute: Int) -> Int {
        let place = minute / period
        for place in [place, place - 1] {
            let at = place * period + dice.pick(period, salt, market, Int64(place))
            if at <= minute { return max(start, at) }
        }
        return start
    }

    // MARK: What it is called

    var brand: String { KeepaProduct.brands[dice.pick(KeepaProduct.brands.count, 530, number)] }

    var title: String {
        let kind = KeepaProduct.kinds[dice.pick(KeepaProduct.kinds.count, 531, number)]
        let manner = KeepaProduct.manners[dice.pick(KeepaProduct.manners.count, 532, number)]
        return "\(brand) \(manner) \(kind), \(1 + dice.pick(12, 533, number)) Pack (\(asin.suffix(4)))"
    }

    /// From the root down; the last is its own.
    var categories: [(id: Int64, name: String)] {
        let root = dice.pick(5, 534, number), leaf = dice.pick(40, 535, number)
        let names = ["Home & Kitchen", "Books", "Office Products", "Toys & Games", "Beauty & Personal Care"]
        return [
            (1_000_000 + Int64(root), names[root]), (2_000_000 + Int64(root * 10 + leaf % 10), "Shelf \(leaf % 10)"),
            (3_000_000_000 + Int64(root * 100 + leaf), "Shelf \(leaf % 10)/\(leaf)"),
        ]
    }

    /// Smallest units; nil where it was never measured.
    var pickAndPackFee: Int? {
        dice.pick(10, 536, number) == 0 ? nil : Int(Double(306 + dice.pick(700, 537, number)) * domain.unitsPerCent)
    }

    var referralFeePercentage: Double { [15, 15, 15, 8, 12.01, 17][dice.pick(6, 538, number)] }

    private static let brands = [
        "Nordhaus", "Tarrow", "Café Lumière", "O'Brien", "Quillon", "Häggberg", "Bright \"&\" Co",
        "Asahi Works",
    ]
    private static let manners = ["Foldable", "Stainless", "Illustrated", "Deluxe", "Compact", "Wireless", "Organic", "Heavy Duty"]
    private static let kinds = [
        "Desk Lamp", "Cookbook", "Travel Mug", "Card Game", "Face Serum", "Label Maker", "Storage Box", "Ear Plugs", "Bread Knife",
        "Night Light", "Phone Stand", "Notebook",
    ]
}
