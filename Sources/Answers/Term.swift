/// What an answer's validity hangs on: the version that it was made of, and two points of the wall clock in milliseconds
/// since 1970. Who holds an answer asks `Reader.age(of:on:)` with it, and is spared the search.
package struct Term: Sendable, Equatable {
    let version: Int64
    let storedAt: Int64
    let validUntil: Int64

    func isValid(at now: Int64) -> Bool { storedAt <= now + Self.skew && now < validUntil }

    /// Whether it may still be given, said to be stale, while the store is away.
    func isKept(at now: Int64) -> Bool { storedAt <= now + Self.skew && now < validUntil + Self.grace }

    func age(at now: Int64) -> AnswerAge {
        AnswerAge(seconds: Int(max(0, now - storedAt) / 1000), left: Int(max(0, validUntil - now) / 1000))
    }

    /// Two machines' clocks may differ by this.
    private static let skew: Int64 = 5000
    /// How long an answer is kept beyond its validity, in milliseconds.
    static let grace: Int64 = 3_600_000
}

/// How old an answer is, and for how long it still holds, in whole seconds: for `Age` and `max-age`.
package struct AnswerAge: Sendable, Equatable {
    package let seconds: Int
    package let left: Int

    /// The same with so many seconds left at most.
    package func cut(to most: Int) -> AnswerAge { AnswerAge(seconds: seconds, left: min(left, most)) }

    /// What stands behind the cache's name in `Cache-Status` where the answer came from a cache.
    package var hit: String { "hit; ttl=\(left)" }
}
