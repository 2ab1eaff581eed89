/// A numeric as the server sends it (numeric_send): digits of base 10,000, the weight of the first, a sign, and how many
/// decimal places it is displayed with. nil for NaN and infinities. Reads from the row's own bytes, and lives no longer.
struct NumericWire {
    private let digits: UnsafeRawBufferPointer
    private let weight: Int
    private let isNegative: Bool
    private let scale: Int

    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = WireReader(bytes)
        guard let count = reader.number(UInt16.self), let weight = reader.number(Int16.self),
            let sign = reader.number(UInt16.self), let scale = reader.number(UInt16.self),
            sign == 0 || sign == 0x4000
        else { return nil }
        for _ in 0..<count {
            guard let digit = reader.number(UInt16.self), digit < 10_000 else { return nil }
        }
        guard reader.isAtEnd else { return nil }
        digits = UnsafeRawBufferPointer(rebasing: bytes[8...])
        self.weight = Int(weight)
        self.scale = Int(scale)
        isNegative = sign != 0
    }

    /// The digit group that stands for 10,000^power.
    private func group(_ power: Int) -> UInt16 {
        let i = weight - power
        guard i >= 0, 2 * i < digits.count else { return 0 }
        return UInt16(bigEndian: digits.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
    }

    /// As the server prints it: all its decimal places, no exponent.
    var text: String {
        var out: [UInt8] = []
        if isNegative { out.append(UInt8(ascii: "-")) }
        if weight < 0 {
            out.append(UInt8(ascii: "0"))
        } else {
            out += String(group(weight)).utf8
            for power in stride(from: weight - 1, through: 0, by: -1) { Self.append(group(power), places: 4, to: &out) }
        }
        if scale > 0 {
            out.append(UInt8(ascii: "."))
            var left = scale
            var power = -1
            while left > 0 {
                Self.append(group(power), places: min(4, left), to: &out)
                left -= 4
                power -= 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The first `places` of a group's four decimal digits.
    private static func append(_ group: UInt16, places: Int, to out: inout [UInt8]) {
        var divisor: UInt16 = 1000
        for _ in 0..<places {
            out.append(UInt8(ascii: "0") + UInt8(group / divisor % 10))
            divisor = max(divisor / 10, 1)
        }
    }

    /// mantissa / 10^scale, nil past 64 bits.
    var fixed: (mantissa: Int64, scale: Int)? {
        // Built towards the negative, which reaches one further.
        var mantissa: Int64 = 0
        let last = -((scale + 3) / 4)
        for power in stride(from: max(weight, 0), through: last, by: -1) {
            let value = Int64(group(power))
            // The last group's digits past the scale are zero by the server's own rounding.
            let places = power == last && scale % 4 != 0 ? scale % 4 : 4
            let factor = Self.powers[places]
            let part = value / Self.powers[4 - places]
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
            let (sum, overflow2) = product.subtractingReportingOverflow(part)
            if overflow || overflow2 { return nil }
            mantissa = sum
        }
        if isNegative { return (mantissa, scale) }
        return mantissa == .min ? nil : (-mantissa, scale)
    }

    private static let powers: [Int64] = [1, 10, 100, 1000, 10_000]
}
