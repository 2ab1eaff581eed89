/// What may be spent now, and how it grows again: a budget as a value. It holds no clock and no lock; whoever keeps it (a row in the
/// table) replaces it by the one that a reservation returns. Tokens that an upstream counts are another thing: `TokenLedger`.
package struct TokenBucket: Sendable, Hashable {
    package let capacity: Double
    package let refillPerSecond: Double
    /// At `at`.
    package private(set) var balance: Double
    /// Seconds since 1970, with fractions: rates of several requests a second need them.
    package private(set) var at: Double

    package enum Reservation: Sendable, Hashable {
        case granted(TokenBucket)
        /// Not now; ask again after this many seconds. Infinite where the bucket could never hold as much.
        case wait(seconds: Double)
    }

    package init(capacity: Double, refillPerSecond: Double, balance: Double, at: Double) {
        self.capacity = capacity
        self.refillPerSecond = refillPerSecond
        self.balance = balance
        self.at = at
    }

    /// A full bucket. Its capacity is the burst that is allowed; by default all that the rate allows at once.
    package init(rate: RequestRate, burst: Int? = nil, at now: Double) {
        let capacity = Double(burst ?? rate.count)
        self.init(capacity: capacity, refillPerSecond: rate.perSecond, balance: capacity, at: now)
    }

    /// The same bucket later. A clock that went back adds nothing and takes nothing.
    package func advanced(to now: Double) -> TokenBucket {
        var later = self
        later.balance = max(balance, min(capacity, balance + max(0, now - at) * refillPerSecond))
        later.at = max(at, now)
        return later
    }

    package func reserve(_ amount: Int, at now: Double) -> Reservation {
        var later = advanced(to: now)
        // A hair of tolerance: after exactly the wait that was told, rounding must not tell another.
        if later.balance + 1e-9 * capacity >= Double(amount) {
            later.balance -= Double(amount)
            return .granted(later)
        }
        if Double(amount) > capacity || refillPerSecond <= 0 { return .wait(seconds: .infinity) }
        return .wait(seconds: (Double(amount) - later.balance) / refillPerSecond + (later.at - now))
    }
}
