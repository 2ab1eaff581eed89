/// What is known of an upstream's bucket of tokens, and what of it may be promised: arithmetic alone, without a clock or a lock. Whoever
/// keeps it (a row in the store) replaces it by what its methods make of it. Instants are seconds of the shown clock.
///
/// The upstream adds tokens in steps, once a minute, and lets a request go as long as any are left, whatever it will cost. Here a request
/// goes where the floor stands after it, by the highest price that its shape is known to have. What requests under way may cost is kept
/// beside the balance (`reserved`), for an answer tells the balance and not which of the others are already in it.
package struct TokenLedger: Sendable, Hashable {
    /// Seconds from one step to the next.
    package static let step = 60.0
    /// After so many seconds a price that no answer has told again is forgotten.
    package static let priceSeconds = 86_400.0
    /// An answer whose date is farther from our clock than this, in seconds, is taken for one without a date.
    private static let dateSeconds = 3600.0

    /// What steps add, or added before they stopped: the bucket's size goes by it.
    package private(set) var rate: Double
    /// Steps add nothing: other uses of the key take all of it.
    package private(set) var isStill: Bool
    package var capacityMinutes: Double
    /// As it was declared; see `floor`.
    package var declaredFloor: Double
    /// At `at`; below zero where a request cost more than there was.
    package private(set) var balance: Double
    package private(set) var at: Double
    package private(set) var nextStep: Double
    /// When the answer was read that is believed; nil before the first.
    package private(set) var heardAt: Double?
    /// When that answer was made, by the upstream's clock, where it says so.
    package private(set) var saidAt: Double?
    /// When a request was last given up without an answer: what was asked before does not say what it cost.
    package private(set) var lostAt: Double?
    /// The lowest balance that an answer told.
    package private(set) var lowest: Double?

    /// What a subject costs by one call shape.
    package struct Price: Sendable, Hashable {
        package let mean: Double
        /// What is reckoned with: the dearest of late, sinking towards the mean.
        package let high: Double
        package let samples: Int
        /// When it was learnt last.
        package let at: Double

        package init(mean: Double, high: Double, samples: Int, at: Double) {
            self.mean = mean
            self.high = high
            self.samples = samples
            self.at = at
        }

        /// Before anything was learnt.
        package static func assumed(_ price: Double) -> Price {
            Price(mean: max(price, 0.01), high: max(price, 0.01), samples: 0, at: 0)
        }

        /// With one more answer: so many tokens for so many subjects. One that cost nothing says nothing.
        package func learning(_ consumed: Double, subjects: Int, at now: Double) -> Price {
            if consumed <= 0 || subjects <= 0 { return self }
            let one = consumed / Double(subjects)
            let mean = samples == 0 ? one : self.mean * 0.8 + one * 0.2
            return Price(mean: mean, high: max(one, mean + max(0, high - mean) * 0.9), samples: samples + 1, at: max(at, now))
        }

        package func isCurrent(at now: Double) -> Bool { samples > 0 && now - at < TokenLedger.priceSeconds }
    }

    package enum Verdict: Sendable, Hashable {
        /// So many are promised to it.
        case granted(Double)
        /// Seconds until it is worth asking again.
        case wait(Double)
        /// The bucket never holds what this would cost: so many subjects go. 0: not even one.
        case tooDear(fits: Int)
    }

    /// A bucket that nobody has heard of: one step above the floor is taken for granted, so that one cheap request goes and tells.
    package init(refillPerMinute: Double, capacityMinutes: Double, floor: Double, at now: Double) {
        rate = max(refillPerMinute, 0.001)
        isStill = false
        self.capacityMinutes = max(capacityMinutes, 1)
        declaredFloor = max(0, floor)
        (balance, at, nextStep) = (0, now, now + Self.step)
        balance = self.floor + min(rate, room)
    }

    /// As it was kept.
    package init(
        rate: Double, isStill: Bool, capacityMinutes: Double, floor: Double, balance: Double, at: Double, nextStep: Double,
        heardAt: Double?, saidAt: Double?, lostAt: Double?, lowest: Double?
    ) {
        self.rate = rate
        self.isStill = isStill
        self.capacityMinutes = capacityMinutes
        declaredFloor = floor
        self.balance = balance
        self.at = at
        self.nextStep = nextStep
        self.heardAt = heardAt
        self.saidAt = saidAt
        self.lostAt = lostAt
        self.lowest = lowest
    }

    package var refillPerMinute: Double { isStill ? 0 : rate }

    /// Of a bucket that nothing is added to any more: what it was.
    package var capacity: Double { rate * capacityMinutes }

    /// What is left alone on purpose: half of a bucket that became smaller than that, so that something can always go.
    package var floor: Double { min(declaredFloor, capacity / 2) }

    /// What a request may cost where the bucket is full.
    package var room: Double { capacity - floor }

    /// The same bucket later. A clock that went back adds nothing.
    package func advanced(to now: Double) -> TokenLedger {
        var later = self
        later.at = max(at, now)
        if now >= nextStep {
            let steps = ((now - nextStep) / Self.step).rounded(.down) + 1
            later.nextStep = nextStep + steps * Self.step
            later.balance = max(balance, min(capacity, balance + steps * refillPerMinute))
        }
        return later
    }

    /// How many subjects of this price a request may name to cost at most `share` of a full bucket; at least 1 where the bucket ever holds
    /// what one is like to cost, or where nobody knows that yet (then one goes when the bucket is full, and tells), else 0.
    package func fits(_ price: Price, share: Double = 1) -> Int {
        let count = (room * share / price.high + 1e-9).rounded(.down)
        return count >= 1 ? Int(min(count, 1_000_000)) : price.samples == 0 || price.mean <= room ? 1 : 0
    }

    /// Of a bucket that has advanced to now. `reserved`: what others were promised and have not answered for.
    package func verdict(on subjects: Int, price: Price, reserved: Double) -> Verdict {
        let fits = fits(price)
        if subjects > fits { return .tooDear(fits: fits) }
        let amount = min((Double(subjects) * price.high - 1e-9).rounded(.up), room)
        if heardAt == nil {
            // The first answer tells more than any sum.
            if reserved > 0 { return .wait(Self.step) }
            if subjects == 1 { return .granted(amount) }
        }
        let lacking = amount + floor - (balance - reserved)
        if lacking <= 1e-6 { return .granted(amount) }
        if isStill { return .wait(Self.step) }
        // What others hold comes back by their answers, which may be any moment: not waited for longer than a step.
        let steps = min((lacking / refillPerMinute - 1e-9).rounded(.up), balance + lacking > capacity ? 1 : .infinity)
        return .wait(max(0.001, nextStep - at + (max(1, steps) - 1) * Self.step))
    }

    /// An answer to a request that was sent at `sentAt` and read at `now`. What it says of the bucket is the truth, unless a newer one was
    /// heard: by their dates, but what was asked for after a word was heard is newer than that, whatever they say (a clock may be set).
    /// Where answers have no date to go by, of two whose requests were under way together the lower word holds.
    ///
    /// Of an answer that is older nothing is taken, nor is what it cost: the upstream charged that before it made the newer one, whose
    /// balance has it. What was promised to it may be given up with it.
    package func hearing(_ reading: TokenReading, sentAt: Double, at now: Double) -> TokenLedger {
        // What was lost may not have been charged yet when this was said.
        var isDoubtful = lostAt.map { sentAt < $0 } ?? false
        func date(_ stamp: Double?) -> Double? { stamp.flatMap { abs($0 - now) <= Self.dateSeconds ? $0 : nil } }
        let mine = date(reading.saidAt)
        if let mine, let said = date(saidAt) {
            let isLater = heardAt.map { sentAt > $0 } ?? true
            // Of one moment: the one that has less left came after the other.
            if !isLater, mine < said || (mine == said && reading.left > balance) { return self }
        } else if let heardAt, sentAt < heardAt {
            isDoubtful = true
        }
        var next = self
        next.lowest = min(lowest ?? reading.left, reading.left)
        (next.heardAt, next.saidAt) = (max(now, heardAt ?? now), mine)
        // A plan changes at once, and the bucket with it.
        if let refill = reading.refillPerMinute {
            next.isStill = refill <= 0
            if refill > 0 { next.rate = refill }
        }
        if isDoubtful {
            next = next.advanced(to: now)
            next.balance = min(next.balance, reading.left)
            if now < at { return next }
        } else {
            (next.balance, next.lostAt, next.at) = (reading.left, nil, now)
        }
        if let refillIn = reading.refillIn {
            next.nextStep = now + min(max(refillIn, 0), Self.step)
        } else if next.nextStep <= now {
            next.nextStep = advanced(to: now).nextStep
        }
        return next
    }

    /// A request of which so much was promised was sent, and came to no answer: it counts as spent until one tells.
    package func losing(_ amount: Double, at now: Double) -> TokenLedger {
        var next = advanced(to: now)
        next.balance -= amount
        next.lostAt = max(lostAt ?? now, now)
        return next
    }
}
