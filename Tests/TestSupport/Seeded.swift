/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): the same numbers from the same seed,
/// everywhere, so that a failing case is named by its seed.
package struct Seeded: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Prints the seed, so that a failure can be had again; not where many are used in a row and the test names its own.
    package init(_ seed: UInt64, isTold: Bool = true) {
        state = seed
        if isTold { print("seed \(seed)") }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    package mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    package mutating func ranges(_ count: Int, in span: Range<Int>, longest: Int) -> [Range<Int>] {
        (0..<below(count + 1)).map { _ in
            let from = span.lowerBound + below(span.count)
            return from..<min(span.upperBound, from + below(longest + 1))
        }
    }
}
