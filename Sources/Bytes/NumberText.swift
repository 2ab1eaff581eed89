/// Numbers as bytes, both ways, without a `String` in between.
package enum NumberText {
    // MARK: Reading

    /// A decimal integer: an optional minus, then digits; nil for anything else and for what 64 bits cannot hold.
    package static func int(_ text: Span<UInt8>) -> Int64? { int(text, in: 0..<text.count) }

    package static func int(_ text: ArraySlice<UInt8>) -> Int64? { int(text.span) }

    static func int(_ text: Span<UInt8>, in range: Range<Int>) -> Int64? {
        var index = range.lowerBound
        let end = range.upperBound
        guard index < end else { return nil }
        let negative = text[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        guard index < end else { return nil }
        // Eighteen digits cannot overflow, and nearly every number is shorter.
        let checked = end - index > 18
        var value: Int64 = 0
        while index < end {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            if checked {
                let (tens, high) = value.multipliedReportingOverflow(by: 10)
                let (sum, low) = tens.subtractingReportingOverflow(Int64(digit))
                guard !high, !low else { return nil }
                value = sum
            } else {
                value = value &* 10 &- Int64(digit)
            }
            index += 1
        }
        // Built downwards, because the smallest integer has no positive twin.
        if negative { return value }
        return value == .min ? nil : -value
    }

    /// The nearest double to a JSON number; nil for other syntax and for what would be infinite.
    package static func double(_ text: Span<UInt8>) -> Double? {
        isJSON(text) ? double(text, in: 0..<text.count) : nil
    }

    package static func double(_ text: ArraySlice<UInt8>) -> Double? { double(text.span) }

    /// `range` is of JSON's number syntax. A mantissa below 2^53 and a power of ten up to 22 are both exact as doubles, so that one
    /// multiplication or division rounds correctly (Clinger 1990); the standard library does the rest.
    static func double(_ text: Span<UInt8>, in range: Range<Int>) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var scale = 0
        var point = false
        var index = range.lowerBound
        let negative = text[index] == UInt8(ascii: "-")
        if negative { index += 1 }
        while index < range.upperBound, digits <= 18 {
            let byte = text[index]
            if byte == UInt8(ascii: ".") {
                point = true
            } else {
                let digit = byte &- UInt8(ascii: "0")
                guard digit < 10 else { break }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa > 0 { digits += 1 }
                if point { scale += 1 }
            }
            index += 1
        }
        if index == range.upperBound, mantissa <= 1 << 53, scale <= 22 {
            let value = Double(mantissa) / powersOfTen[scale]
            return negative ? -value : value
        }
        var copy: [UInt8] = []
        for index in range { copy.append(text[index]) }
        guard let value = Double(String(decoding: copy, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Whether the whole text is one JSON number (RFC 8259 section 6).
    package static func isJSON(_ text: Span<UInt8>) -> Bool {
        guard let end = try? JSONScan.number(text, from: 0) else { return false }
        return end == text.count
    }

    // MARK: Writing

    package static func append(_ value: Int64, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        append(magnitude: value.magnitude, to: &out)
    }

    /// Zero-padded to `width` digits at least: what dates are made of.
    package static func append(_ value: Int, width: Int, to out: inout [UInt8]) {
        if value < 0 { out.append(UInt8(ascii: "-")) }
        var bound: UInt = 10
        var missing = width - 1
        while missing > 0, value.magnitude >= bound {
            bound *= 10
            missing -= 1
        }
        for _ in 0..<max(missing, 0) { out.append(UInt8(ascii: "0")) }
        append(magnitude: UInt64(value.magnitude), to: &out)
    }

    private static func append(magnitude: UInt64, to out: inout [UInt8]) {
        let start = out.count
        var rest = magnitude
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        out[start...].reverse()
    }

    static func hexDigit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10 }
}
