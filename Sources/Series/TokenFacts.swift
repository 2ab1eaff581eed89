/// What planners, forecasts and people may know of an upstream's bucket of tokens at one moment.
package struct TokenFacts: Sendable, Hashable {
    /// Advanced to the moment.
    package let ledger: TokenLedger
    /// Promised to requests that are under way.
    package let reserved: Double
    /// What a subject was found to cost, by call shape.
    package let prices: [String: TokenLedger.Price]
    /// All that answers said they cost.
    package let spent: Double

    package init(ledger: TokenLedger, reserved: Double, prices: [String: TokenLedger.Price], spent: Double = 0) {
        self.ledger = ledger
        self.reserved = reserved
        self.prices = prices
        self.spent = spent
    }

    package var refillPerMinute: Double { ledger.refillPerMinute }
    package var capacity: Double { ledger.capacity }
    package var floor: Double { ledger.floor }
    package var balance: Double { ledger.balance }

    /// What a plan reckons with, by call shape (`Circumstances.tokenPrices`).
    package var means: [String: Double] { prices.mapValues(\.mean) }

    /// What a subject costs by a shape: as was learnt, else as the shape says.
    package func price(of shape: CallShape) -> TokenLedger.Price { prices[shape.priceKey] ?? .assumed(shape.tokensPerSubject) }

    /// The same shape with so few subjects a call that one costs at most a quarter of what the bucket lends: four of them wait for each
    /// other no longer than one, and a plan that was made before the bucket became smaller is not stuck.
    package func fitted(_ shape: CallShape) -> CallShape {
        guard case .snapshot(let most) = shape.kind else { return shape }
        return shape.narrowed(subjects: min(most, ledger.fits(price(of: shape), share: 0.25)))
    }

    /// How many subjects one request of a call that begins now may name: half of what the bucket lends, whatever the plan was made by; of
    /// a bucket that nobody has heard of what is taken for granted.
    package func subjectsAtOnce(_ shape: CallShape) -> Int {
        let price = price(of: shape)
        let most = max(1, ledger.fits(price, share: 0.5))
        return ledger.heardAt == nil ? max(1, min(most, Int(min((balance - floor) / price.high, 1e6)))) : most
    }
}

extension CallShape {
    /// What a request costs for each subject before anything was learnt; more than nothing.
    package var tokensPerSubject: Double { Double(max(1, fixed.tokens + perSeries.tokens)) }

    /// Under what a subject's price is learnt: calls that cost the same by the upstream's page are one, and what was learnt by other
    /// parameters is of another.
    package var priceKey: String { "\(Int(tokensPerSubject)) by the page" }

    /// The same with so many subjects at most; at least one.
    package func narrowed(subjects: Int) -> CallShape {
        guard case .snapshot(let most) = kind else { return self }
        return CallShape(
            name: name, channel: channel, kind: .snapshot(subjects: min(most, max(1, subjects))), fixed: fixed, perPeriod: perPeriod,
            perSeries: perSeries, secondsPerRequest: secondsPerRequest)
    }
}
