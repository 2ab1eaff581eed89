/// Places of the lists by type (`csv`, `current`, averages), as the service numbers them.
enum KeepaType: Int, CaseIterable, Sendable {
    case amazon, new, used, salesRank, listPrice, collectible, refurbished
    case newFBM, lightningDeal, warehouse, newFBA
    case countNew, countUsed, countRefurbished, countCollectible, offersUpdates, rating, countReviews
    case buyBox, usedLikeNew, usedVeryGood, usedGood, usedAcceptable
    case collectibleLikeNew, collectibleVeryGood, collectibleGood, collectibleAcceptable, refurbishedShipped
    case ebayNew, ebayUsed, tradeIn, rent, buyBoxUsed, primeExclusive
    case countNewFBA, countNewFBM

    /// What a request must ask for to be told.
    enum Group { case basic, offers, buyBox, rating }

    static let usedConditions: [KeepaType] = [.usedLikeNew, .usedVeryGood, .usedGood, .usedAcceptable]
    static let collectibleConditions: [KeepaType] = [
        .collectibleLikeNew, .collectibleVeryGood, .collectibleGood, .collectibleAcceptable,
    ]

    /// Points are triples: minute, price, shipping.
    var hasShipping: Bool {
        switch rawValue {
        case 7, 18...29, 32: true
        default: false
        }
    }

    var group: Group {
        switch self {
        case .newFBM, .warehouse, .newFBA, .refurbishedShipped: .offers
        case _ where (19...26).contains(rawValue): .offers
        case .buyBox, .buyBoxUsed: .buyBox
        case .rating, .countReviews: .rating
        default: .basic
        }
    }

    /// An amount of money; of these it is told how long there were none.
    var isPrice: Bool {
        switch self {
        case .salesRank, .countNew, .countUsed, .countRefurbished, .countCollectible, .offersUpdates, .rating, .countReviews, .countNewFBA,
            .countNewFBM: false
        default: true
        }
    }

    /// For the truth.
    var name: String {
        var name = ""
        let letters = Array("\(self)")
        for (place, letter) in letters.enumerated() {
            // An abbreviation stays one word.
            if letter.isUppercase, place > 0, letters[place - 1].isLowercase { name += "_" }
            name += letter.lowercased()
        }
        return name
    }
}
