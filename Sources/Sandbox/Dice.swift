/// Numbers that are a pure function of a seed and some coordinates: the same question gets the same answer, in any order,
/// in any process. The mixer is SplitMix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).
struct Dice: Sendable, Hashable {
    let seed: UInt64

    /// `salt` tells the questions apart.
    func bits(_ salt: UInt64, _ a: Int64 = 0, _ b: Int64 = 0) -> UInt64 {
        var state = Dice.mix(seed &+ salt &* 0x9E37_79B9_7F4A_7C15)
        state = Dice.mix(state ^ UInt64(bitPattern: a) &* 0xD6E8_FEB8_6659_FD93)
        return Dice.mix(state ^ UInt64(bitPattern: b) &* 0xA076_1D64_78BD_642F)
    }

    /// In 0..<1.
    func unit(_ salt: UInt64, _ a: Int64 = 0, _ b: Int64 = 0) -> Double { Double(bits(salt, a, b) >> 11) * 0x1p-53 }

    /// In 0..<count.
    func pick(_ count: Int, _ salt: UInt64, _ a: Int64 = 0, _ b: Int64 = 0) -> Int { Int(bits(salt, a, b) % UInt64(count)) }

    /// 0..<count in an order of its own.
    func permutation(_ count: Int, _ salt: UInt64, _ a: Int64 = 0) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, pick(i + 1, salt, a, Int64(i))) }
        return order
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
