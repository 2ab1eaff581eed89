/// A hash of 64 bits, eight bytes at a time: the same in every process. For telling texts of one source apart, not for keys that
/// somebody may choose to collide.
package struct WordHash: Sendable {
    package private(set) var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    package init() {}

    package mutating func add(_ word: UInt64) {
        // The two halves of a full product, as wyhash folds them: every bit of the word reaches every bit of the value.
        let product = (value ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        value = product.high ^ product.low ^ 0xE703_7ED1_A0B4_28DB
    }

    /// The bytes of `range` and how many they are.
    package mutating func add(_ text: Span<UInt8>, in range: Range<Int>) {
        let raw = text.bytes
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            add(UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        // The count keeps texts apart that differ in zero bytes at their end.
        add(WordHash.word(raw, from: index, to: range.upperBound) ^ UInt64(range.count) << 56)
    }

    package mutating func add(_ text: ArraySlice<UInt8>) { add(text.span, in: 0..<text.count) }

    /// Up to eight bytes, the first the lowest, zeros behind them.
    static func word(_ raw: RawSpan, from start: Int, to end: Int) -> UInt64 {
        if end - start >= 8 { return UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)) }
        if start + 8 <= raw.byteCount {
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            return word & ((1 << UInt64(8 * (end - start))) - 1)
        }
        var word: UInt64 = 0
        var index = end
        while index > start {
            index -= 1
            word = word << 8 | UInt64(raw.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
        return word
    }
}
