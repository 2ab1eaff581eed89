/// The fast way through lines of the usual form: seven plain numbers that break no rule. Stops before the first line that is anything
/// else. Digits are read eight at a time: a word of text whose bytes are all digits becomes its number in three multiplications.
struct KrakenArchiveScan {
    /// Bytes behind the end of the last line that must be there to be looked at.
    static let margin = 8

    private let seconds: Int64
    private let instants: Range<Int64>

    init(_ rule: KrakenArchiveRule) {
        seconds = rule.seconds
        instants = rule.instants
    }

    /// Takes rows from `start` on, all lines of `text[start..<end]` being whole; where it stopped, and how many lines it took.
    func rows(_ text: Span<UInt8>, from start: Int, to end: Int, into columns: inout KrakenArchiveColumns) -> (next: Int, lines: Int) {
        var at = start
        var lines = 0
        while at < end {
            var walk = Walk(at: at)
            guard let row = row(text, &walk) else { break }
            columns.append(row)
            at = walk.at
            lines += 1
        }
        return (at, lines)
    }

    @inline(__always)
    private func row(_ text: Span<UInt8>, _ walk: inout Walk) -> KrakenArchiveRow? {
        guard let time = walk.count(text), walk.eat(text, Self.comma),
            let open = walk.number(text), walk.eat(text, Self.comma),
            let high = walk.number(text), walk.eat(text, Self.comma),
            let low = walk.number(text), walk.eat(text, Self.comma),
            let close = walk.number(text), walk.eat(text, Self.comma),
            let volume = walk.number(text), walk.eat(text, Self.comma),
            let trades = walk.count(text), walk.endOfLine(text)
        else { return nil }
        guard instants.contains(time), time % seconds == 0, trades > 0, volume.mantissa > 0,
            Self.holds(open, high, low, close)
        else { return nil }
        return KrakenArchiveRow(time: time, open: open, high: high, low: low, close: close, volume: volume, trades: trades)
    }

    /// Low, open and close, high in this order; false also where the numbers are too far apart to be compared in 64 bits.
    @inline(__always)
    private static func holds(
        _ open: KrakenArchiveNumber, _ high: KrakenArchiveNumber, _ low: KrakenArchiveNumber, _ close: KrakenArchiveNumber
    ) -> Bool {
        let scale = max(max(open.scale, high.scale), max(low.scale, close.scale))
        let (o, a) = open.mantissa.multipliedReportingOverflow(by: power(scale &- open.scale))
        let (h, b) = high.mantissa.multipliedReportingOverflow(by: power(scale &- high.scale))
        let (l, c) = low.mantissa.multipliedReportingOverflow(by: power(scale &- low.scale))
        let (e, d) = close.mantissa.multipliedReportingOverflow(by: power(scale &- close.scale))
        return !(a || b || c || d) && l <= min(o, e) && max(o, e) <= h
    }

    private static let comma = UInt8(ascii: ",")

    @inline(__always)
    fileprivate static func power(_ exponent: UInt8) -> Int64 { powers[Int(exponent)] }

    private static let powers: InlineArray<19, Int64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000,
        1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
        100_000_000_000_000_000, 1_000_000_000_000_000_000,
    ]
}

/// A step through one line. Every step stops at the line's end at the latest, so that nothing but the margin is looked at behind it.
private struct Walk {
    var at: Int

    @inline(__always)
    mutating func eat(_ text: Span<UInt8>, _ byte: UInt8) -> Bool {
        let isIt = text[unchecked: at] == byte
        at &+= 1
        return isIt
    }

    @inline(__always)
    mutating func endOfLine(_ text: Span<UInt8>) -> Bool {
        if text[unchecked: at] == UInt8(ascii: "\r") { at &+= 1 }
        return eat(text, UInt8(ascii: "\n"))
    }

    /// A whole number of at most 18 digits, no zero in front.
    @inline(__always)
    mutating func count(_ text: Span<UInt8>) -> Int64? {
        let start = at
        var value: Int64 = 0
        digits(text, &value)
        let length = at &- start
        return length == 0 || length > 18 || (length > 1 && text[unchecked: start] == UInt8(ascii: "0")) ? nil : value
    }

    /// `12`, `12.5`, `1.25e-05`, `1E+3`: at most 18 digits, and as many after the point.
    @inline(__always)
    mutating func number(_ text: Span<UInt8>) -> KrakenArchiveNumber? {
        let start = at
        var value: Int64 = 0
        digits(text, &value)
        let whole = at &- start
        guard whole > 0, whole == 1 || text[unchecked: start] != UInt8(ascii: "0") else { return nil }
        var scale = 0
        if text[unchecked: at] == UInt8(ascii: ".") {
            at &+= 1
            let point = at
            digits(text, &value)
            scale = at &- point
            if scale == 0 { return nil }
        }
        if whole &+ scale > 18 { return nil }
        if text[unchecked: at] | 0x20 == UInt8(ascii: "e") { return power(text, of: value, scale) }
        return KrakenArchiveNumber(mantissa: value, scale: UInt8(truncatingIfNeeded: scale))
    }

    /// The number with the power of ten that stands at `at`; nil where it needs more digits than there are as it stands.
    @inline(__always)
    private mutating func power(_ text: Span<UInt8>, of value: Int64, _ places: Int) -> KrakenArchiveNumber? {
        at &+= 1
        let sign = text[unchecked: at]
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { at &+= 1 }
        let from = at
        var exponent: Int64 = 0
        digits(text, &exponent)
        guard at > from, at &- from < 3 else { return nil }
        let scale = sign == UInt8(ascii: "-") ? places &+ Int(exponent) : places &- Int(exponent)
        guard -18...18 ~= scale else { return nil }
        if scale >= 0 { return KrakenArchiveNumber(mantissa: value, scale: UInt8(scale)) }
        let (whole, overflow) = value.multipliedReportingOverflow(by: KrakenArchiveScan.power(UInt8(-scale)))
        return overflow ? nil : KrakenArchiveNumber(mantissa: whole, scale: 0)
    }

    /// Adds a run of digits, which may be empty; of more than 18 the value is meaningless.
    @inline(__always)
    private mutating func digits(_ text: Span<UInt8>, _ value: inout Int64) {
        var length = 8
        while length == 8 {
            let word = UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
            let digits = word ^ 0x3030_3030_3030_3030
            // A byte that is no digit has something in its upper half, or gets it by six more.
            let others = (digits | (digits &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
            length = others.trailingZeroBitCount / 8
            if length == 0 { return }
            let number = Self.combined(digits << UInt64(64 &- 8 &* length))
            value = value &* KrakenArchiveScan.power(UInt8(truncatingIfNeeded: length)) &+ number
            at &+= length
        }
    }

    /// Eight digits, the first in the lowest byte: pairs, then fours, then all.
    @inline(__always)
    private static func combined(_ digits: UInt64) -> Int64 {
        let pairs = (digits &* 10 &+ digits >> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_FFFF_0000_FFFF
        return Int64(truncatingIfNeeded: (fours &* 10_000 &+ fours >> 32) & 0xFFFF_FFFF)
    }
}
