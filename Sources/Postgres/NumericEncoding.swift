// A numeric as the server reads it (numeric_recv): how many digits of base 10,000, the weight of the first, a sign, the decimal places
// that it is displayed with, the digits. Zero digits at either end are left out: the server would drop them.

/// Eight bytes of facts and room for all digits that `mantissa / 10^scale` can have: 19 decimal digits and three of padding.
let numericBytesMax = 8 + 2 * 6

/// Writes `mantissa / 10^scale` where `numericBytesMax` bytes are free; how many it took.
@inline(__always)
func writeNumeric(mantissa: Int64, scale: Int, to place: UnsafeMutableRawPointer) -> Int {
    let magnitude = mantissa.magnitude
    // Padded to whole digits of base 10,000 after the point: 13 decimal digits and three are four of these, which fill one word.
    guard magnitude < 10_000_000_000_000 else { return writeLongNumeric(mantissa: mantissa, scale: scale, to: place) }
    let padded = magnitude &* padding(of: scale)
    let high = padded / 100_000_000
    let low = padded % 100_000_000
    let word = (high / 10_000) << 48 | (high % 10_000) << 32 | (low / 10_000) << 16 | low % 10_000
    let leading = word.leadingZeroBitCount >> 4
    let trailing = word == 0 ? 0 : word.trailingZeroBitCount >> 4
    place.storeBytes(
        of: header(digits: 4 - leading - trailing, weight: 3 - leading - (scale + 3) >> 2, isNegative: mantissa < 0, scale).bigEndian,
        as: UInt64.self)
    // Shifting by all of a word leaves nothing, as it should of zero.
    place.storeBytes(of: (word << UInt64(leading << 4)).bigEndian, toByteOffset: 8, as: UInt64.self)
    return 8 + 2 * (4 - leading - trailing)
}

/// The same where it needs more than four digits.
@inline(never)
private func writeLongNumeric(mantissa: Int64, scale: Int, to place: UnsafeMutableRawPointer) -> Int {
    let padding = padding(of: scale)
    // The lowest digit alone is padded: all of it might not fit in 64 bits.
    let cut = padding == 1 ? 1 : 10_000 / padding
    var rest = mantissa.magnitude / cut
    var digits: [UInt64] = padding == 1 ? [] : [mantissa.magnitude % cut * padding]
    while rest > 0 {
        digits.append(rest % 10_000)
        rest /= 10_000
    }
    let weight = digits.count - 1 - (scale + 3) >> 2
    let trailing = digits.firstIndex { $0 != 0 } ?? 0
    for (i, digit) in digits[trailing...].reversed().enumerated() {
        place.storeBytes(of: UInt16(truncatingIfNeeded: digit).bigEndian, toByteOffset: 8 + 2 * i, as: UInt16.self)
    }
    let count = digits.count - trailing
    place.storeBytes(of: header(digits: count, weight: weight, isNegative: mantissa < 0, scale).bigEndian, as: UInt64.self)
    return 8 + 2 * count
}

/// 10 to the number of decimal places that `scale` lacks to whole groups of four.
@inline(__always)
private func padding(of scale: Int) -> UInt64 {
    let places = -scale & 3
    return (places & 1 == 0 ? 1 : 10) &* (places & 2 == 0 ? 1 : 100)
}

@inline(__always)
private func header(digits: Int, weight: Int, isNegative: Bool, _ scale: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: digits) << 48 | UInt64(UInt16(truncatingIfNeeded: weight)) << 32
        | (isNegative ? 0x4000 << 16 : 0) | UInt64(UInt16(truncatingIfNeeded: scale))
}

/// Appends `mantissa / 10^scale`, scale 0...16383.
func appendNumeric(mantissa: Int64, scale: Int, to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(byteCount: numericBytesMax, alignment: 8) { room in
        let count = writeNumeric(mantissa: mantissa, scale: scale, to: room.baseAddress!)
        bytes.append(contentsOf: room[..<count])
    }
}
