/// How an upstream counts tokens: what its bucket is before it was heard of, and how its answers tell of it.
package struct TokenRules: Sendable {
    /// Tokens a minute that are taken for granted until an answer tells.
    package let refillPerMinute: Double
    /// The bucket holds what so many minutes refill (Keepa: 60).
    package let capacityMinutes: Double
    /// What is left alone on purpose; 0 lets the bucket be emptied. Of a bucket that is smaller than twice this, half.
    package let floor: Double
    /// What an answer says of the bucket, whatever its status; nil where it says nothing.
    package let reading: @Sendable (_ body: [UInt8]) -> TokenReading?

    package init(
        refillPerMinute: Double, capacityMinutes: Double, floor: Double = 0, reading: @escaping @Sendable ([UInt8]) -> TokenReading?
    ) {
        self.refillPerMinute = refillPerMinute
        self.capacityMinutes = capacityMinutes
        self.floor = floor
        self.reading = reading
    }
}

/// What an answer says of the bucket of tokens.
package struct TokenReading: Sendable, Hashable {
    /// After this answer; may be negative.
    package let left: Double
    /// By this answer.
    package let consumed: Double
    /// Tokens a minute, what other uses of the key take of them already taken off; nil where it does not say.
    package let refillPerMinute: Double?
    /// Seconds of the upstream's clock until the next are added; nil where it does not say.
    package let refillIn: Double?
    /// When it was made, seconds of the upstream's clock; nil where it does not say. Answers may come in another order.
    package let saidAt: Double?

    package init(left: Double, consumed: Double, refillPerMinute: Double?, refillIn: Double?, saidAt: Double? = nil) {
        self.saidAt = saidAt
        self.left = left
        self.consumed = consumed
        self.refillPerMinute = refillPerMinute
        self.refillIn = refillIn
    }
}
