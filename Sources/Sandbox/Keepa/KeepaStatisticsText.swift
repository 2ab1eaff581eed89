internal import Bytes

/// The member `stats` of a product.
struct KeepaStatisticsText {
    let product: KeepaProduct
    let history: KeepaHistory
    let view: KeepaView
    let query: KeepaQuery
    /// Offers that the answer tells; nil where none were asked for.
    let retrieved: Int?
    /// The last minute that counts for windows.
    private var end: Int { view.basics }
    private var types: [KeepaType] { KeepaType.allCases.filter { $0.rawValue < product.types } }

    func write(_ interval: KeepaQuery.Interval, to out: inout JSONWriter) {
        let range = switch interval {
        case .days(let days): end - days * 1_440..<end
        case .minutes(let range): range
        }
        let all = types.map { type in view.series(type, history).map { KeepaStatistics(series: $0, end: end) } }
        out.beginObject()
        list("current", all, &out) { $0.current }
        list("avg", all, &out) { $0.average(range) }
        for days in [30, 90, 180, 365] { list("avg\(days)", all, &out) { $0.average(days: days) } }
        list("atIntervalStart", all, &out) { $0.value(range.lowerBound) }
        let ever = all.map { $0?.extremes(product.start..<end + 1) }
        let within = all.map { $0?.extremes(range.lowerBound..<range.upperBound + 1) }
        extremes("min", ever, ever, &out) { $0.low }
        extremes("max", ever, ever, &out) { $0.high }
        extremes("minInInterval", within, ever, &out) { $0.low }
        extremes("maxInInterval", within, ever, &out) { $0.high }
        let recent = all.map { $0?.extremes(end - 90 * 1_440..<end + 1) }
        isLowest("isLowest", all, ever, &out)
        isLowest("isLowest90", all, recent, &out)
        let prices = zip(types, all).map { $0.isPrice ? $1 : nil }
        list("outOfStockPercentageInInterval", prices, &out) { $0.absence(range) }
        for days in [30, 90, 180, 365] { list("outOfStockPercentage\(days)", prices, &out) { $0.absence(days: days) } }
        let rank = all[KeepaType.salesRank.rawValue]
        for days in [30, 90, 180, 365] { out.member("salesRankDrops\(days)") { $0.int(rank?.drops(days: days) ?? 0) } }
        let tradeIn = history[.tradeIn]?.quote(end)?.value ?? -1
        out.member("tradeInPrice") { $0.int(retrieved == nil ? -2 : tradeIn) }
        out.member("totalOfferCount") { $0.int(history.total(view.basics)) }
        out.member("retrievedOfferCount") { $0.int(retrieved ?? -2) }
        out.member("lastOffersUpdate") { $0.int(view.offers) }
        for (name, type) in [("offerCountFBA", KeepaType.countNewFBA), ("offerCountFBM", .countNewFBM)] {
            out.member(name) { $0.int(retrieved == nil ? -2 : max(0, history[type]?.quote(view.offers)?.value ?? 0)) }
        }
        out.member("lightningDealInfo") { $0.null() }
        buyBox(&out)
        out.endObject()
    }

    private func list(_ name: String, _ all: [KeepaStatistics?], _ out: inout JSONWriter, _ value: (KeepaStatistics) -> Int) {
        out.member(name) { out in
            out.beginArray()
            for one in all { out.int(one.map(value) ?? -1) }
            out.endArray()
        }
    }

    private typealias Extreme = (minute: Int, value: Int)
    private typealias Extremes = (low: Extreme, high: Extreme)

    /// Pairs of minute and value; null where there never was one, -1 where there was none in that time.
    private func extremes(
        _ name: String, _ all: [Extremes?], _ ever: [Extremes?], _ out: inout JSONWriter, _ side: (Extremes) -> Extreme
    ) {
        out.member(name) { out in
            out.beginArray()
            for (one, known) in zip(all, ever) {
                if known == nil {
                    out.null()
                    continue
                }
                let extreme: Extreme = one.map(side) ?? (-1, -1)
                out.beginArray()
                out.int(extreme.minute)
                out.int(extreme.value)
                out.endArray()
            }
            out.endArray()
        }
    }

    private func isLowest(_ name: String, _ all: [KeepaStatistics?], _ extremes: [Extremes?], _ out: inout JSONWriter) {
        out.member(name) { out in
            out.beginArray()
            for (one, extremes) in zip(all, extremes) { out.bool(extremes.map { $0.low.value == one?.current } ?? false) }
            out.endArray()
        }
    }

    private func buyBox(_ out: inout JSONWriter) {
        let isTold = view.groups.contains(.buyBox)
        let quote = history[.buyBox]?.quote(view.buyBox) ?? .none, isWon = isTold && quote.value >= 0
        let winner = isWon ? KeepaOffers(product, history, at: view.buyBox).seller(of: quote) : nil
        out.member("buyBoxPrice") { $0.int(isTold ? quote.value : -2) }
        out.member("buyBoxShipping") { $0.int(isTold ? quote.shipping : -2) }
        out.member("buyBoxSellerId") { out in
            if let winner { out.string(winner.seller) } else { out.null() }
        }
        out.member("buyBoxCondition") { $0.count(isWon ? 1 : nil) }
        out.member("buyBoxAvailabilityMessage") { out in
            if isWon { out.string("IN_STOCK") } else { out.null() }
        }
        out.member("buyBoxIsAmazon") { $0.bool(winner?.isAmazon ?? false) }
        out.member("buyBoxIsFBA") { $0.bool(winner?.isFBA ?? false) }
        out.member("buyBoxIsShippable") { $0.bool(isWon) }
        out.member("buyBoxIsUnqualified") { $0.bool(isTold && !isWon) }
        for name in ["buyBoxIsUsed", "buyBoxIsPreorder", "buyBoxIsMAP", "buyBoxIsBackorder"] { out.member(name) { $0.bool(false) } }
        out.member("lastBuyBoxUpdate") { $0.int(isTold ? view.buyBox : 0) }
    }
}
