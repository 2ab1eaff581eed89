/// An exact decimal number: `mantissa / 10^scale`, eighteen significant digits and a little more (`Int64`).
///
/// Prices and their means are never binary floats here: what came as `57.18` is stored, compared and answered as `57.18`. The
/// value is always canonical (the mantissa ends in no zero unless the scale is 0), so equal numbers are equal values and hash
/// alike: `1.50` is `1.5`.
package struct Decimal: Sendable, Hashable {
    package let mantissa: Int64
    /// Digits after the point, 0...18.
    package let scale: Int

    package static let zero = Decimal(0)
    package static let one = Decimal(1)
    package static let maximumScale = 18

    package init(_ integer: some BinaryInteger & FixedWidthInteger) {
        mantissa = Int64(integer)
        scale = 0
    }

    /// `mantissa / 10^scale`, brought to its canonical form; nil unless that has a scale of 0...18.
    package init?(mantissa: Int64, scale: Int) {
        // Almost every value of a row comes this way: in 64 bits, where its scale is one that the type has.
        guard (0...Decimal.maximumScale).contains(scale) else {
            self.init(wide: Int128(mantissa), scale: scale)
            return
        }
        var digits = mantissa
        var places = mantissa == 0 ? 0 : scale
        while places > 0, digits % 10 == 0 {
            digits /= 10
            places -= 1
        }
        self.init(canonical: digits, scale: places)
    }

    private init(canonical mantissa: Int64, scale: Int) {
        self.mantissa = mantissa
        self.scale = scale
    }

    /// `wide / 10^scale`, as a sum in 128 bits leaves it; nil where the value needs more digits than the type has; it never rounds.
    package init?(wide: Int128, scale: Int) {
        var mantissa = wide
        var scale = mantissa == 0 ? 0 : scale
        while scale > 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale -= 1
        }
        while scale < 0 {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            mantissa = product
            scale += 1
        }
        guard scale <= Decimal.maximumScale, let narrow = Int64(exactly: mantissa) else { return nil }
        self.mantissa = narrow
        self.scale = scale
    }

    package var isNegative: Bool { mantissa < 0 }

    /// The nearest double, for scores and models; never for what is stored or answered.
    package var double: Double { Double(mantissa) / Double(Decimal.power(scale)) }

    /// 10^exponent, exponent 0...18.
    static func power(_ exponent: Int) -> Int64 { powers[exponent] }

    private static let powers: [Int64] = (0...18).map { exponent in
        (0..<exponent).reduce(Int64(1)) { value, _ in value * 10 }
    }

    /// The mantissa that this value has at a larger scale: at most 9.3e36, so it always fits.
    private func widened(to scale: Int) -> Int128 {
        Int128(mantissa) * Int128(Decimal.power(scale - self.scale))
    }
}

extension Decimal: Comparable {
    package static func < (a: Decimal, b: Decimal) -> Bool {
        let scale = max(a.scale, b.scale)
        return a.widened(to: scale) < b.widened(to: scale)
    }
}

// MARK: - Arithmetic

extension Decimal {
    /// nil where the sum does not fit.
    package static func + (a: Decimal, b: Decimal) -> Decimal? {
        let scale = max(a.scale, b.scale)
        return Decimal(wide: a.widened(to: scale) + b.widened(to: scale), scale: scale)
    }

    /// nil where the difference does not fit.
    package static func - (a: Decimal, b: Decimal) -> Decimal? {
        let scale = max(a.scale, b.scale)
        return Decimal(wide: a.widened(to: scale) - b.widened(to: scale), scale: scale)
    }

    /// nil where the exact product does not fit.
    package static func * (a: Decimal, b: Decimal) -> Decimal? {
        Decimal(wide: Int128(a.mantissa) * Int128(b.mantissa), scale: a.scale + b.scale)
    }

    /// The arithmetic mean: exact where it ends within the digits of the type (four quarters of five decimals need seven), else
    /// rounded half-even to as many digits as fit. nil for no values, and where the sum passes 128 bits.
    package static func mean(of values: [Decimal]) -> Decimal? {
        guard let scale = values.map(\.scale).max() else { return nil }
        var sum: Int128 = 0
        for value in values {
            let (next, overflow) = sum.addingReportingOverflow(value.widened(to: scale))
            if overflow { return nil }
            sum = next
        }
        return quotient(sum, Int128(values.count), scale: scale)
    }

    /// `dividend / (divisor * 10^scale)`, exact or half-even at the last digit that fits. The divisor is positive.
    static func quotient(_ dividend: Int128, _ divisor: Int128, scale: Int) -> Decimal? {
        var dividend = dividend
        var scale = scale
        while dividend % divisor != 0, scale < maximumScale {
            let (longer, overflow) = dividend.multipliedReportingOverflow(by: 10)
            if overflow || Int64(exactly: longer / divisor) == nil { break }
            dividend = longer
            scale += 1
        }
        return Decimal(wide: halfEven(dividend, divisor), scale: scale)
    }

    /// The quotient, half-even at `places` (0...18) digits after the point; nil where the divisor is zero, and where it does not fit.
    package func divided(by divisor: Decimal, places: Int) -> Decimal? {
        if divisor.mantissa == 0 { return nil }
        var (above, below) = (Int128(mantissa), Int128(divisor.mantissa))
        if below < 0 { (above, below) = (-above, -below) }
        for _ in 0..<abs(divisor.scale - scale + places) {
            let isUp = divisor.scale - scale + places > 0
            let (longer, overflow) = (isUp ? above : below).multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            if isUp { above = longer } else { below = longer }
        }
        return Decimal(wide: Decimal.halfEven(above, below), scale: places)
    }

    /// Half-even at `places` (0...18) digits after the point.
    package func rounded(to places: Int) -> Decimal {
        if places >= scale { return self }
        let wide = Decimal.halfEven(Int128(mantissa), Int128(Decimal.power(scale - places)))
        // A smaller scale needs a smaller mantissa: it fits.
        return Decimal(wide: wide, scale: places) ?? self
    }

    private static func halfEven(_ dividend: Int128, _ divisor: Int128) -> Int128 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        let twice = remainder.magnitude * 2
        let up = twice > divisor.magnitude || (twice == divisor.magnitude && quotient % 2 != 0)
        return up ? quotient + (dividend < 0 ? -1 : 1) : quotient
    }
}

// MARK: - Text

extension Decimal {
    /// A JSON number (RFC 8259 section 6), exponent included; nil for anything else, and for a number that the type does not hold
    /// exactly. Zeros at the end cost nothing: `1.000000000000000000000` is 1.
    package init?(_ text: some StringProtocol) {
        let parsed = text.utf8.withContiguousStorageIfAvailable { Decimal(utf8: $0.span) }
        guard let value = parsed ?? Decimal(utf8: Array(text.utf8).span) else { return nil }
        self = value
    }

    /// The same from UTF-8 bytes.
    package init?(utf8 bytes: Span<UInt8>) {
        var scan = NumberScan()
        guard let (negative, digits, exponent) = scan.number(bytes) else { return nil }
        let signed = negative ? -Int128(digits) : Int128(digits)
        if digits == 0 {
            self = .zero
        } else {
            guard (-60...18).contains(exponent), let value = Decimal(wide: signed, scale: -exponent) else { return nil }
            self = value
        }
    }

    package init?(utf8 bytes: some Collection<UInt8>) {
        let parsed = bytes.withContiguousStorageIfAvailable { Decimal(utf8: $0.span) }
        guard let value = parsed ?? Decimal(utf8: Array(bytes).span) else { return nil }
        self = value
    }

    /// Writes the number as JSON has it: all its digits, never an exponent.
    package func append(to bytes: inout [UInt8]) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { buffer in
            var left = mantissa.magnitude
            var at = buffer.count
            var written = 0
            // At least one digit before the point; 19 digits and the point fit in 24 bytes.
            while left > 0 || written <= scale {
                if written == scale, scale > 0 {
                    at -= 1
                    buffer[at] = UInt8(ascii: ".")
                }
                at -= 1
                buffer[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: left % 10)
                left /= 10
                written += 1
            }
            if mantissa < 0 { bytes.append(UInt8(ascii: "-")) }
            bytes.append(contentsOf: buffer[at...])
        }
    }
}

extension Decimal: CustomStringConvertible {
    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Reads the parts of a JSON number. Zeros are held back until a digit follows them, so that trailing ones never count.
private struct NumberScan {
    var at = 0
    var digits: UInt64 = 0
    var heldZeros = 0

    private func current(_ bytes: Span<UInt8>) -> UInt8? { at < bytes.count ? bytes[at] : nil }

    /// `±digits * 10^exponent`.
    mutating func number(_ bytes: Span<UInt8>) -> (negative: Bool, digits: UInt64, exponent: Int)? {
        let negative = skip(UInt8(ascii: "-"), bytes)
        let leadingZero = current(bytes) == UInt8(ascii: "0")
        guard let whole = run(bytes), !(leadingZero && whole > 1) else { return nil }
        var fraction = 0
        if skip(UInt8(ascii: "."), bytes) {
            guard let places = run(bytes) else { return nil }
            fraction = places
        }
        var exponent = 0
        if skip(UInt8(ascii: "e"), bytes) || skip(UInt8(ascii: "E"), bytes) {
            guard let written = writtenExponent(bytes) else { return nil }
            exponent = written
        }
        return at == bytes.count ? (negative, digits, heldZeros - fraction + exponent) : nil
    }

    private mutating func skip(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        if current(bytes) != byte { return false }
        at += 1
        return true
    }

    /// A run of digits; its length, nil where there is none or the digits pass 64 bits.
    private mutating func run(_ bytes: Span<UInt8>) -> Int? {
        let start = at
        while let byte = current(bytes), byte &- UInt8(ascii: "0") < 10 {
            at += 1
            if byte == UInt8(ascii: "0") {
                heldZeros += 1
                continue
            }
            guard digits == 0 || heldZeros < 19 else { return nil }
            for _ in 0...(digits == 0 ? 0 : heldZeros) {
                let (longer, overflow) = digits.multipliedReportingOverflow(by: 10)
                if overflow { return nil }
                digits = longer
            }
            let (sum, overflow) = digits.addingReportingOverflow(UInt64(byte &- UInt8(ascii: "0")))
            if overflow { return nil }
            digits = sum
            heldZeros = 0
        }
        return at > start ? at - start : nil
    }

    private mutating func writtenExponent(_ bytes: Span<UInt8>) -> Int? {
        let negative = skip(UInt8(ascii: "-"), bytes)
        if !negative { _ = skip(UInt8(ascii: "+"), bytes) }
        let start = at
        var value = 0
        while let byte = current(bytes), byte &- UInt8(ascii: "0") < 10 {
            at += 1
            // Anything past a few hundred is out of reach: it only has to stay out of reach.
            value = min(value * 10 + Int(byte &- UInt8(ascii: "0")), 1_000_000)
        }
        return at > start ? (negative ? -value : value) : nil
    }
}
