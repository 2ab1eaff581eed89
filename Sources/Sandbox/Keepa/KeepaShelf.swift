/// Histories that were made lately: the same products are asked for again and again.
struct KeepaShelf {
    private struct Place: Hashable {
        let asin: String
        let domain: KeepaDomain
    }

    private var histories: [Place: KeepaHistory] = [:]
    private var points = 0
    /// Some 70 MB.
    private static let most = 3_000_000

    /// What is known at `minute`, and maybe of the day after: who tells it cuts it off.
    mutating func history(_ product: KeepaProduct, through minute: Int) -> KeepaHistory {
        let place = Place(asin: product.asin, domain: product.domain)
        if let known = histories[place], known.through >= minute { return known }
        let made = KeepaHistory(product, through: minute + 1_440)
        if points > KeepaShelf.most { (histories, points) = ([:], 0) }
        points += made.points - (histories[place]?.points ?? 0)
        histories[place] = made
        return made
    }
}
