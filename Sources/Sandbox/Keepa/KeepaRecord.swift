internal import Bytes

/// One product as it is answered.
struct KeepaRecord {
    /// The member that is of another type than it ought to be.
    enum Broken: Int, CaseIterable { case title, csv, stats, lastUpdate }

    let product: KeepaProduct
    let history: KeepaHistory
    let view: KeepaView
    let query: KeepaQuery
    var broken: Broken?

    func write(to out: inout JSONWriter) {
        out.beginObject()
        about(&out)
        out.member("csv") { broken == .csv ? $0.string("none") : csv(&$0) }
        ranks(&out)
        sold(&out)
        freshness(&out)
        fees(&out)
        var retrieved: Int?
        if let most = query.offers {
            retrieved = KeepaOffers(product, history, at: view.offers).write(most: most, to: &out)
        } else {
            out.member("liveOffersOrder") { $0.null() }
        }
        out.member("offersSuccessful") { $0.bool(query.offers != nil && view.isSuccessful) }
        out.member("stats") { out in
            guard let interval = query.interval else { return broken == .stats ? out.string("none") : out.null() }
            if broken == .stats { return out.string("none") }
            KeepaStatisticsText(product: product, history: history, view: view, query: query, retrieved: retrieved)
                .write(interval, to: &out)
        }
        out.endObject()
    }

    private func about(_ out: inout JSONWriter) {
        out.member("asin") { $0.string(product.asin) }
        out.member("domainId") { $0.int(product.domain.rawValue) }
        out.member("productType") { $0.int(0) }
        out.member("title") { broken == .title ? $0.int(12_345) : $0.string(product.title) }
        out.member("brand") { $0.string(product.brand) }
        out.member("manufacturer") { $0.string(product.brand) }
        for name in [
            "author", "binding", "color", "edition", "format", "model", "parentAsin", "partNumber", "size", "coupon", "variations",
        ] { out.member(name) { $0.null() } }
        let categories = product.categories
        out.member("rootCategory") { $0.int(categories[0].id) }
        out.member("salesRankReference") { $0.int(product.hasRank ? categories[0].id : -1) }
        out.member("categories") { out in
            out.beginArray()
            if let last = categories.last { out.int(last.id) }
            out.endArray()
        }
        out.member("categoryTree") { out in
            out.beginArray()
            for category in categories {
                out.beginObject()
                out.member("catId") { $0.int(category.id) }
                out.member("name") { $0.string(category.name) }
                out.endObject()
            }
            out.endArray()
        }
        out.member("isAdultProduct") { $0.bool(false) }
        out.member("isRedirectASIN") { $0.bool(false) }
        out.member("hasReviews") { $0.bool(history[.countReviews] != nil) }
        out.member("availabilityAmazon") { $0.int((history[.amazon]?.quote(view.basics)?.value ?? -1) >= 0 ? 0 : -1) }
    }

    /// A list by type; null where history was not asked for.
    private func csv(_ out: inout JSONWriter) {
        guard query.hasHistory else { return out.null() }
        out.beginArray()
        for type in KeepaType.allCases where type.rawValue < product.types {
            guard let series = trimmed(view.series(type, history)) else {
                out.null()
                continue
            }
            out.beginArray()
            for (minute, quote) in zip(series.minutes, series.quotes) {
                out.int(minute)
                out.int(quote.value)
                if type.hasShipping { out.int(quote.shipping) }
            }
            out.endArray()
        }
        out.endArray()
    }

    /// Of the days that were asked for, with the point that still held when they began.
    private func trimmed(_ series: KeepaSeries?) -> KeepaSeries? {
        guard let series, let days = query.days else { return series }
        return series.from(view.basics - days * 1_440)
    }

    /// By category: the root's is the rank of `csv`, the leaf's a hundredth of it. Without history the last pair, or nothing, by product.
    private func ranks(_ out: inout JSONWriter) {
        guard product.hasRank, let all = trimmed(view.series(.salesRank, history)) else { return out.member("salesRanks") { $0.null() } }
        var series = all
        if !query.hasHistory {
            let manner = product.dice.pick(4, 583, product.number)
            if manner == 0 { return }
            if manner == 1 { return out.member("salesRanks") { $0.null() } }
            series = all.from(view.basics)
        }
        let categories = product.categories
        out.member("salesRanks") { out in
            out.beginObject()
            for (id, divisor) in [(categories[0].id, 1), (categories[2].id, 100)] {
                out.member("\(id)") { out in
                    out.beginArray()
                    for (minute, quote) in zip(series.minutes, series.quotes) {
                        out.int(minute)
                        out.int(quote.value < 0 ? -1 : max(1, quote.value / divisor))
                    }
                    out.endArray()
                }
            }
            out.endObject()
        }
    }

    /// As the marketplace tells it, in steps.
    private func sold(_ out: inout JSONWriter) {
        let drops = view.series(.salesRank, history).map { KeepaStatistics(series: $0, end: view.basics).drops(days: 30) } ?? 0
        let step = [1_000, 500, 100, 50].first { drops * 8 >= $0 }
        out.member("monthlySold") { out in
            if let step { out.int(step) } else { out.null() }
        }
        for name in ["monthlySoldHistory", "couponHistory", "buyBoxSellerIdHistory", "salesRankReferenceHistory"] {
            out.member(name) { $0.null() }
        }
    }

    private func freshness(_ out: inout JSONWriter) {
        let priceChange = [KeepaType.amazon, .new, .used].compactMap { view.series($0, history)?.minutes.last }.max()
        out.member("lastUpdate") { broken == .lastUpdate ? $0.string("yesterday") : $0.int(view.basics) }
        out.member("lastPriceChange") { $0.int(priceChange ?? product.start) }
        out.member("lastRatingUpdate") { $0.int(view.rating) }
        out.member("lastSoldUpdate") { $0.int(view.basics) }
        out.member("lastEbayUpdate") { $0.int(0) }
        out.member("trackingSince") { $0.int(product.start) }
        out.member("listedSince") { $0.int(product.start - product.dice.pick(500_000, 584, product.number)) }
    }

    private func fees(_ out: inout JSONWriter) {
        out.member("fbaFees") { out in
            guard let fee = product.pickAndPackFee else { return out.null() }
            out.beginObject()
            out.member("lastUpdate") { $0.int(view.offers) }
            out.member("pickAndPackFee") { $0.int(fee) }
            out.endObject()
        }
        out.member("referralFeePercent") { $0.int(Int(product.referralFeePercentage)) }
        out.member("referralFeePercentage") { $0.double(product.referralFeePercentage) }
        out.member("newPriceIsMAP") { $0.bool(false) }
        out.member("packageQuantity") { $0.int(1) }
        out.member("packageWeight") { $0.int(60 + product.dice.pick(3_000, 585, product.number)) }
    }

    /// A product of which nothing is told. `type`: 3 where it cannot be had now, 4 where nobody knows it.
    static func stub(_ asin: String, _ domain: KeepaDomain, type: Int, to out: inout JSONWriter) {
        out.beginObject()
        out.member("asin") { $0.string(asin) }
        out.member("domainId") { $0.int(domain.rawValue) }
        out.member("productType") { $0.int(type) }
        for name in ["title", "csv", "stats", "categories", "salesRanks", "fbaFees", "offers"] { out.member(name) { $0.null() } }
        for name in ["lastUpdate", "lastPriceChange", "lastRatingUpdate", "trackingSince"] { out.member(name) { $0.int(0) } }
        out.endObject()
    }
}
