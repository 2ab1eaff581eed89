/// Up to which minutes the parts of a product are known when somebody asks, what is told of it, and what that costs.
struct KeepaView {
    var basics: Int
    var offers: Int
    var buyBox: Int
    var rating: Int
    /// The offers are as fresh as was wished.
    var isSuccessful = true
    var groups: Set<Group> = [.basic, .offers, .buyBox, .rating]
    var cost = 0

    typealias Group = KeepaType.Group

    /// All of it, as it was at `minute`.
    init(all minute: Int) { (basics, offers, buyBox, rating) = (minute, minute, minute, minute) }

    /// What a request at `now` finds. Products that are older than an hour are looked at for it, or than it says.
    init(_ product: KeepaProduct, _ history: KeepaHistory, _ query: KeepaQuery, price: Int, failedOffersRate: Double, now: Int) {
        basics = product.lastUpdate(now)
        offers = product.lastOffersUpdate(now)
        buyBox = product.lastBuyBoxUpdate(now)
        rating = product.lastRatingUpdate(now)
        groups = [.basic]
        if let most = query.offers {
            groups.formUnion([.offers, .buyBox])
            lookForOffers(product, history, most, query.update, failedOffersRate, now)
        } else {
            cost = price
            let age = now - basics, update = query.update ?? 1
            if update == 0, age < 60 { cost += 1 }
            if update >= 0, age >= update * 60 { basics = now }
            if query.hasBuyBox {
                groups.insert(.buyBox)
                cost += 2
            }
        }
        if query.hasRating {
            groups.insert(.rating)
            if now - rating <= 14 * 1_440 { cost += 1 }
        }
    }

    private mutating func lookForOffers(
        _ product: KeepaProduct, _ history: KeepaHistory, _ most: Int, _ update: Int?, _ failedRate: Double, _ now: Int
    ) {
        if let update, update == -1 || update > 0 && now - offers <= update * 60 {
            cost = 5
            return
        }
        basics = now
        if product.dice.unit(580, product.market, Int64(now / 60)) < failedRate {
            (cost, isSuccessful) = (1, false)
            return
        }
        (offers, buyBox) = (now, now)
        let pages = (min(history.total(now), most) + 9) / 10
        cost = 6 * min(10, max(1, pages))
    }

    /// The minute up to which a type is known; nil where it is not told.
    func minute(_ type: KeepaType) -> Int? {
        if !groups.contains(type.group) { return nil }
        return switch type.group {
        case .basic: basics
        case .offers: offers
        case .buyBox: buyBox
        case .rating: rating
        }
    }

    /// A series as far as it is known and told.
    func series(_ type: KeepaType, _ history: KeepaHistory) -> KeepaSeries? {
        guard let minute = minute(type), let series = history[type]?.through(minute), series.count > 0 else { return nil }
        return series
    }
}
