package import Bytes

extension Keepa {
    /// What settings say of the dataset.
    package struct Options: Sendable {
        package let domain: Domain
        /// Offers that are fetched anew of each product, 20...100; nil: none, which is by far the cheapest.
        package let offers: Int?
        /// Whether the buy box is asked for; with offers it comes anyway.
        package let buybox: Bool
        package let refresh: Refresh
        /// Products that are followed; none: those that the store holds.
        package let asins: [String]
        /// Tokens that are left alone for other uses of the key.
        package let floor: Double
        package let rates: Rates

        package static let offersRange = 20...100

        package init(
            domain: Domain = .com, offers: Int? = nil, buybox: Bool = false, refresh: Refresh = .usual, asins: [String] = [],
            floor: Double = 0, rates: Rates = Rates()
        ) {
            self.domain = domain
            self.offers = offers.map { min(max($0, Self.offersRange.lowerBound), Self.offersRange.upperBound) }
            self.buybox = buybox
            self.refresh = refresh
            self.asins = asins
            self.floor = floor
            self.rates = rates
        }
    }

    /// Amazon's marketplaces by Keepa's numbers (7 is none any more).
    package enum Domain: Int, Sendable, CaseIterable {
        case com = 1, couk = 2, de = 3, fr = 4, cojp = 5, ca = 6, it = 8, es = 9, `in` = 10, commx = 11, combr = 12

        /// ISO 4217.
        package var currency: String {
            switch self {
            case .com: "USD"
            case .couk: "GBP"
            case .de, .fr, .it, .es: "EUR"
            case .cojp: "JPY"
            case .ca: "CAD"
            case .in: "INR"
            case .commx: "MXN"
            case .combr: "BRL"
            }
        }

        /// Digits of the currency after the point: prices come in its smallest unit, and yen have none.
        var digits: Int { self == .cojp ? 0 : 2 }
    }

    /// How long the groups' slots are.
    package struct Refresh: Sendable, Hashable {
        package let currentSeconds: Int
        package let historySeconds: Int

        /// 48 hours and 30 days.
        package static let usual = Refresh(current: 172_800, history: 2_592_000)

        private init(current: Int, history: Int) { (currentSeconds, historySeconds) = (current, history) }

        /// - Throws: where one is not a multiple of the other, or is too short or too long.
        package init(currentSeconds: Int, historySeconds: Int) throws(Refusal) {
            guard (3600...31_536_000).contains(currentSeconds) else {
                throw Refusal(description: "the refresh period of current figures is \(currentSeconds) s; it is from an hour to 365 days")
            }
            guard historySeconds % currentSeconds == 0, (currentSeconds...315_360_000).contains(historySeconds) else {
                throw Refusal(
                    description: "the refresh period of histories, \(historySeconds) s, is not a multiple of that of current figures, "
                        + "\(currentSeconds) s")
            }
            self.init(current: currentSeconds, history: historySeconds)
        }
    }

    /// Why a setting is none, in a sentence for the person who wrote it.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// What selling a product takes, in the domain's currency; shares as 0.15.
    package struct Rates: Sendable, Hashable {
        /// On the purchase price.
        package let tax: Decimal
        /// For each piece.
        package let preparation: Decimal
        /// For each piece whose price does not include it.
        package let shipping: Decimal
        /// The marketplace's share of the selling price; nil: as the answer says of each product.
        package let referral: Decimal?
        /// For picking and packing a piece; nil: as the answer says of each product.
        package let fulfilment: Decimal?

        package init(
            tax: Decimal = .zero, preparation: Decimal = .zero, shipping: Decimal = .zero, referral: Decimal? = nil,
            fulfilment: Decimal? = nil
        ) {
            self.tax = tax
            self.preparation = preparation
            self.shipping = shipping
            self.referral = referral
            self.fulfilment = fulfilment
        }
    }
}
