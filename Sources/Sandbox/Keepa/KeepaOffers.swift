internal import Bytes

/// Who sells a product at a minute.
struct KeepaOffers {
    struct Offer {
        let id: Int
        let seller: String
        /// 1 new, 2 to 5 used from like new to acceptable, 8 collectible and good, 6 refurbished.
        let condition: Int
        let quote: KeepaQuote
        var isAmazon = false
        var isFBA = false
        /// When its price was as it is for the first time.
        let since: Int
    }

    private(set) var offers: [Offer] = []
    private let product: KeepaProduct
    private let minute: Int

    init(_ product: KeepaProduct, _ history: KeepaHistory, at minute: Int) {
        (self.product, self.minute) = (product, minute)
        add(.amazon, nil, 1, history)
        add(.newFBA, .countNewFBA, 1, history)
        add(.newFBM, .countNewFBM, 1, history)
        let used = max(0, history[.countUsed]?.quote(minute)?.value ?? 0)
        // Of each condition there is one at its price; who else sells used asks more than the first.
        let first = offers.count
        for (place, type) in KeepaType.usedConditions.enumerated() { add(type, nil, 2 + place, history) }
        if let one = offers.dropFirst(first).first {
            for place in offers.count - first..<max(offers.count - first, used) {
                let quote = KeepaQuote(value: one.quote.value * (104 + place) / 100, shipping: one.quote.shipping)
                append(quote, one.condition, isFBA: false, since: one.since)
            }
        }
        add(.collectibleGood, .countCollectible, 8, history)
        add(.refurbishedShipped, .countRefurbished, 6, history)
    }

    /// Those of one kind: the first at the price that the history tells, each more a little dearer.
    private mutating func add(_ type: KeepaType, _ counts: KeepaType?, _ condition: Int, _ history: KeepaHistory) {
        guard let series = history[type]?.through(minute), let quote = series.last, quote.value >= 0 else { return }
        let count = counts.flatMap { history[$0]?.quote(minute)?.value } ?? 1
        for place in 0..<max(1, count) {
            let dearer = KeepaQuote(value: quote.value * (100 + place * 3) / 100, shipping: max(0, quote.shipping))
            let since = series.minutes.last ?? minute
            append(dearer, condition, isAmazon: type == .amazon, isFBA: type == .amazon || type == .newFBA, since: since)
        }
    }

    private mutating func append(_ quote: KeepaQuote, _ condition: Int, isAmazon: Bool = false, isFBA: Bool, since: Int) {
        let id = offers.count + 1
        let seller = isAmazon ? "ATVPDKIKX0DER" : KeepaOffers.seller(product, id)
        offers.append(Offer(
            id: id, seller: seller, condition: condition, quote: quote, isAmazon: isAmazon, isFBA: isFBA, since: since))
    }

    /// Thirteen letters and digits.
    private static func seller(_ product: KeepaProduct, _ id: Int) -> String {
        var bits = product.dice.bits(581, product.number, Int64(id)), text = "A"
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        for _ in 0..<12 {
            text.append(letters[Int(bits % 36)])
            bits /= 36
        }
        return text
    }

    /// Whose quote it is.
    func seller(of quote: KeepaQuote) -> Offer? { offers.first { $0.condition == 1 && $0.quote.landed == quote.landed } }

    /// `offers` and `liveOffersOrder`: those there are, and one that is gone. How many there are.
    func write(most: Int, to out: inout JSONWriter) -> Int {
        let live = offers.sorted { ($0.quote.landed, $0.id) < ($1.quote.landed, $1.id) }.prefix(most)
        let isGoneFirst = product.dice.pick(2, 582, product.number) == 0
        out.member("offers") { out in
            out.beginArray()
            if isGoneFirst { writeGone(&out) }
            for offer in live { write(offer, lastSeen: minute, &out) }
            if !isGoneFirst { writeGone(&out) }
            out.endArray()
        }
        out.member("liveOffersOrder") { out in
            out.beginArray()
            for place in live.indices { out.int(place + (isGoneFirst ? 1 : 0)) }
            out.endArray()
        }
        return live.count
    }

    private func writeGone(_ out: inout JSONWriter) {
        let gone = Offer(
            id: 900, seller: KeepaOffers.seller(product, 900), condition: 1, quote: KeepaQuote(value: 100, shipping: 0),
            since: product.start)
        write(gone, lastSeen: product.start + 1_440, &out)
    }

    private func write(_ offer: Offer, lastSeen: Int, _ out: inout JSONWriter) {
        out.beginObject()
        out.member("offerId") { $0.int(offer.id) }
        out.member("sellerId") { $0.string(offer.seller) }
        out.member("condition") { $0.int(offer.condition) }
        out.member("lastSeen") { $0.int(lastSeen) }
        out.member("lastStockUpdate") { $0.int(0) }
        out.member("offerCSV") { out in
            out.beginArray()
            for number in [offer.since, offer.quote.value, offer.quote.shipping] { out.int(number) }
            out.endArray()
        }
        out.member("isAmazon") { $0.bool(offer.isAmazon) }
        out.member("isFBA") { $0.bool(offer.isFBA) }
        out.member("isPrime") { $0.bool(offer.isFBA) }
        for name in ["isPreorder", "isWarehouseDeal", "isMAP", "isScam", "isAddonItem", "isPrimeExcl", "shipsFromChina"] {
            out.member(name) { $0.bool(false) }
        }
        out.member("isShippable") { $0.bool(true) }
        out.endObject()
    }
}
