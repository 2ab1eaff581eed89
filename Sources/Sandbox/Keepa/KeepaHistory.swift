internal import Glibc

/// All that changed of a product up to a minute, by the seed. What is made for a later minute begins with what was made for an earlier one.
struct KeepaHistory: Sendable {
    /// By type; nil where there never was anything.
    private(set) var series: [KeepaType: KeepaSeries] = [:]
    private let product: KeepaProduct
    let through: Int

    /// From 2026-02-16 on the lowest new price is told with shipping.
    static let shippingIncluded = KeepaMinute.of(1_771_200_000)

    init(_ product: KeepaProduct, through: Int) {
        (self.product, self.through) = (product, through)
        if through < product.start { return }
        makeNew()
        makeUsed()
        makeOthers()
        makeBuyBox()
        series[.salesRank] = rank()
        makeReviews()
    }

    subscript(_ type: KeepaType) -> KeepaSeries? { series[type] }

    var points: Int { series.values.reduce(0) { $0 + $1.count } }

    // MARK: Walks

    /// A look in each `slot` minutes, at some minute of it, from the start on.
    private func walk(_ salt: UInt64, slot: Int, _ quote: (_ minute: Int, _ place: Int64) -> KeepaQuote) -> KeepaSeries {
        var walked = KeepaSeries()
        walked.append(product.start, quote(product.start, Int64(product.start / slot)))
        for place in product.start / slot...through / slot {
            let minute = place * slot + product.dice.pick(slot, salt, product.market, Int64(place))
            if minute <= product.start { continue }
            if minute > through { break }
            walked.append(minute, quote(minute, Int64(place)))
        }
        return walked
    }

    private func dice(_ salt: UInt64, _ place: Int64) -> Double { product.dice.unit(salt, product.market, place) }

    /// What the product is worth at a minute, in smallest units: its level, its season, and noise of weeks to years.
    private func level(_ minute: Int) -> Double {
        let day = minute / 1_440
        var level = 1.0
        if let season = product.season {
            level += season.more * cos(2 * Double.pi * (Double(day) - season.height) / 365.25)
        }
        for (salt, span, swing) in [(541, 16, 0.05), (542, 64, 0.1), (543, 256, 0.15)] {
            let place = Int64(day / span), part = Double(day % span) / Double(span)
            let from = dice(UInt64(salt), place), to = dice(UInt64(salt), place + 1)
            level += swing * ((from + (to - from) * part) * 2 - 1)
        }
        return product.basePrice * product.domain.unitsPerCent * level
    }

    private func prices(_ type: KeepaType, _ share: Double, pace: Int? = nil) -> KeepaSeries {
        let salt = UInt64(600 + type.rawValue * 4)
        let endsOn99 = product.domain != .japan && product.dice.pick(5, 544, product.number) < 3
        return walk(salt, slot: pace ?? product.pace) { minute, place in
            var price = max(100, Int(level(minute) * share * (0.93 + 0.14 * dice(salt + 1, place))))
            if endsOn99 { price += 99 - price % 100 }
            // Yen come in tens.
            if product.domain == .japan { price -= price % 10 }
            return KeepaQuote(value: price)
        }
    }

    /// How many sell: about `usual`, now and then nobody.
    private func sellers(_ type: KeepaType, _ usual: Int, away: Double = 0.08) -> KeepaSeries {
        let salt = UInt64(600 + type.rawValue * 4 + 2)
        return walk(salt, slot: 720 * (1 + product.dice.pick(18, salt, product.number))) { _, place in
            if dice(salt + 1, place) < away { return KeepaQuote(value: 0) }
            return KeepaQuote(value: max(1, Int(Double(usual) * (0.7 + 0.6 * dice(salt + 1, -place)))))
        }
    }

    /// What sending costs, changing by the season at most.
    private func shipped(_ minute: Int, _ type: KeepaType) -> Int {
        let salt = UInt64(760 + type.rawValue)
        let cents = [0, 0, 399, 399, 499, 650][product.dice.pick(6, salt, product.market, Int64(minute / (1_440 * 90)))]
        return Int(Double(cents) * product.domain.unitsPerCent)
    }

    /// A price while somebody sells.
    private func offered(_ type: KeepaType, _ share: Double, by sellers: KeepaSeries) -> KeepaSeries {
        KeepaSeries.merged([prices(type, share), sellers]) { minute, now in
            guard now[0].value >= 0, now[1].value > 0 else { return type.hasShipping ? .none : KeepaQuote(value: -1) }
            return KeepaQuote(value: now[0].value, shipping: type.hasShipping ? shipped(minute, type) : 0)
        }
    }

    /// Of a type with shipping, the price alone.
    private func bare(_ type: KeepaType) -> KeepaSeries? {
        series[type].map { KeepaSeries.merged([$0]) { _, now in KeepaQuote(value: now[0].value) } }
    }

    private func never(_ type: KeepaType) -> KeepaSeries {
        var series = KeepaSeries()
        series.append(product.start, KeepaQuote(value: -1))
        return series
    }

    /// The lowest of those that there are.
    private static func lowest(_ quotes: some Sequence<KeepaQuote>, _ amount: (KeepaQuote) -> Int) -> KeepaQuote? {
        quotes.filter { $0.value >= 0 }.min { amount($0) < amount($1) }
    }

    // MARK: What there is

    private mutating func makeNew() {
        let breadth = product.breadth
        let fba = sellers(.countNewFBA, breadth * (1 + product.dice.pick(3, 550, product.number)))
        let fbm = sellers(.countNewFBM, breadth * (1 + product.dice.pick(2, 551, product.number)), away: 0.2)
        let amazon = product.hasAmazon ? offered(.amazon, 0.98, by: sellers(.amazon, 1, away: 0.15)) : never(.amazon)
        let byAmazon = offered(.newFBA, 1, by: fba), byOthers = offered(.newFBM, 0.96, by: fbm)
        (series[.countNewFBA], series[.countNewFBM]) = (fba, fbm)
        (series[.amazon], series[.newFBA], series[.newFBM]) = (amazon, byAmazon, byOthers)
        var change = KeepaSeries()
        if through >= KeepaHistory.shippingIncluded { change.append(KeepaHistory.shippingIncluded, KeepaQuote(value: -1)) }
        series[.new] = KeepaSeries.merged([amazon, byAmazon, byOthers, change]) { minute, now in
            let amount: (KeepaQuote) -> Int = { minute >= KeepaHistory.shippingIncluded ? $0.landed : $0.value }
            return KeepaQuote(value: KeepaHistory.lowest(now[0...2], amount).map(amount) ?? -1)
        }
        series[.countNew] = KeepaSeries.merged([fba, fbm, amazon]) { _, now in
            KeepaQuote(value: max(0, now[0].value) + max(0, now[1].value) + (now[2].value >= 0 ? 1 : 0))
        }
        series[.listPrice] = product.dice.pick(5, 552, product.number) < 3 ? prices(.listPrice, 1.3, pace: 1_440 * 120) : nil
    }

    private mutating func makeUsed() {
        guard product.hasUsed else {
            series[.used] = never(.used)
            return
        }
        let conditions = KeepaType.usedConditions
        var counts: [KeepaSeries] = []
        for (place, type) in conditions.enumerated() {
            let share = 0.8 - 0.12 * Double(place)
            let count = sellers(type, max(1, product.breadth / 2), away: 0.3 + 0.1 * Double(place))
            series[type] = offered(type, share, by: count)
            counts.append(count)
        }
        series[.used] = KeepaSeries.merged(conditions.compactMap { series[$0] }) { _, now in
            KeepaQuote(value: KeepaHistory.lowest(now) { $0.value }?.value ?? -1)
        }
        series[.countUsed] = KeepaSeries.merged(counts) { _, now in KeepaQuote(value: now.reduce(0) { $0 + max(0, $1.value) }) }
    }

    private mutating func makeOthers() {
        if product.hasCollectible {
            let count = sellers(.collectibleGood, 1, away: 0.4)
            series[.collectibleGood] = offered(.collectibleGood, 1.8, by: count)
            series[.collectible] = bare(.collectibleGood)
            series[.countCollectible] = count
        }
        if product.hasRefurbished {
            let count = sellers(.refurbishedShipped, 1, away: 0.4)
            series[.refurbishedShipped] = offered(.refurbishedShipped, 0.85, by: count)
            series[.refurbished] = bare(.refurbishedShipped)
            series[.countRefurbished] = count
        }
        let more: [(KeepaType, Double, Int, Double)] = [
            (.lightningDeal, 0.75, 15, 0.9), (.warehouse, 0.7, 20, 0.6), (.ebayUsed, 0.7, 15, 0.3), (.tradeIn, 0.2, 10, 0.1),
            (.primeExclusive, 0.9, 5, 0.9),
        ]
        for (type, share, of, away) in more where product.dice.pick(100, 800 + UInt64(type.rawValue), product.number) < of {
            series[type] = offered(type, share, by: sellers(type, 1, away: away))
        }
        series[.offersUpdates] = walk(555, slot: 1_440) { minute, place in
            let all = total(minute)
            return KeepaQuote(value: dice(556, place) < 0.1 ? -all : all)
        }
    }

    private mutating func makeBuyBox() {
        // Now and then nobody has it.
        let closed = walk(557, slot: 1_440 * 4) { _, place in KeepaQuote(value: dice(558, place) < 0.06 ? 1 : 0) }
        let kinds: [KeepaType] = [.amazon, .newFBA, .newFBM]
        series[.buyBox] = KeepaSeries.merged(kinds.compactMap { series[$0] } + [closed]) { _, now in
            now[3].value == 1 ? .none : KeepaHistory.lowest(now[0...2]) { $0.landed } ?? .none
        }
        let used = KeepaType.usedConditions.compactMap { series[$0] }
        if used.isEmpty { return }
        series[.buyBoxUsed] = KeepaSeries.merged(used) { _, now in KeepaHistory.lowest(now) { $0.landed } ?? .none }
    }

    /// All offers that there are at `minute`.
    func total(_ minute: Int) -> Int {
        [KeepaType.countNew, .countUsed, .countCollectible, .countRefurbished].reduce(0) {
            $0 + max(0, series[$1]?.quote(minute)?.value ?? 0)
        }
    }

    /// Each sale lets it fall by a tenth at least, all else lets it rise.
    private func rank() -> KeepaSeries {
        guard product.hasRank else { return never(.salesRank) }
        let usual = exp(log(300) + product.dice.unit(560, product.number) * log(3_000))
        let often = 0.05 + 0.55 * product.dice.unit(561, product.number)
        let slot = [180, 360, 720, 1_440, 2_880][product.dice.pick(5, 562, product.number)]
        var rank = usual
        return walk(563, slot: slot) { _, place in
            if dice(564, place) < often {
                rank = max(20, rank * (rank < usual / 4 ? 0.85 : 0.35 + 0.5 * dice(565, place)))
            } else {
                rank = min(usual * 8, rank * (1.02 + 0.4 * dice(565, place) * min(3, usual / rank)) + 1)
            }
            return KeepaQuote(value: Int(rank))
        }
    }

    private mutating func makeReviews() {
        // One in twelve was never reviewed.
        if product.dice.pick(12, 566, product.number) == 0 { return }
        var count = 1 + product.dice.pick(50, 567, product.number)
        series[.countReviews] = walk(568, slot: 1_440 * 5) { _, place in
            count += Int(dice(569, place) * 9)
            return KeepaQuote(value: count)
        }
        let usual = 33 + product.dice.pick(15, 570, product.number)
        series[.rating] = walk(571, slot: 1_440 * 20) { _, place in KeepaQuote(value: usual + Int(dice(572, place) * 3)) }
    }
}
