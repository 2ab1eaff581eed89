package enum ISODurationError: String, Error, Sendable, Hashable {
    case malformed = "not a duration of the form P1DT2H30M"
    case calendarUnit = "years and months have no fixed length: use weeks, days or hours"
    case tooLong = "the duration is too long"
}

/// Durations of fixed length as ISO 8601 text, in whole seconds. A day is 86,400 of them.
package enum ISODuration {
    /// Reads `P10D`, `PT1H`, `P1DT2H30M15S`, `P2W`, `PT0S`. Fractions and signs are refused; weeks stand alone, as the standard asks.
    package static func parse(_ text: Span<UInt8>) throws(ISODurationError) -> Int64 {
        var index = 0
        guard DigitScan.eat(text, &index, UInt8(ascii: "P")), index < text.count else { throw .malformed }
        var total: Int64 = 0
        var inTime = false
        // Units come in falling order, each at most once.
        var last = Int64.max
        while index < text.count {
            if !inTime, DigitScan.eat(text, &index, UInt8(ascii: "T")) {
                inTime = true
                guard index < text.count, last != week else { throw .malformed }
            }
            let start = index
            while DigitScan.number(text, &index, width: 1) != nil {}
            guard index > start, index < text.count else { throw .malformed }
            let length = try unit(text[index], inTime: inTime)
            guard length < last, length != week || last == .max, last != week else { throw .malformed }
            guard let count = NumberText.int(text, in: start..<index) else { throw .tooLong }
            let (part, high) = count.multipliedReportingOverflow(by: length)
            let (sum, low) = total.addingReportingOverflow(part)
            guard !high, !low else { throw .tooLong }
            total = sum
            last = length
            index += 1
        }
        return total
    }

    package static func parse(_ text: String) throws(ISODurationError) -> Int64 { try parse(Array(text.utf8).span) }

    private static let week: Int64 = 604_800

    /// Seconds in the unit that `letter` names, before or after the `T`.
    private static func unit(_ letter: UInt8, inTime: Bool) throws(ISODurationError) -> Int64 {
        switch (letter, inTime) {
        case (UInt8(ascii: "Y"), false), (UInt8(ascii: "M"), false): throw .calendarUnit
        case (UInt8(ascii: "W"), false): return week
        case (UInt8(ascii: "D"), false): return 86_400
        case (UInt8(ascii: "H"), true): return 3600
        case (UInt8(ascii: "M"), true): return 60
        case (UInt8(ascii: "S"), true): return 1
        default: throw .malformed
        }
    }

    /// The shortest form in days, hours, minutes and seconds: `P10D`, `P1DT1H`, `PT0S`. Negative durations are written as zero.
    package static func text(_ seconds: Int64) -> String {
        guard seconds > 0 else { return "PT0S" }
        var out: [UInt8] = [UInt8(ascii: "P")]
        func part(_ count: Int64, _ letter: Unicode.Scalar) {
            guard count > 0 else { return }
            NumberText.append(count, to: &out)
            out.append(UInt8(ascii: letter))
        }
        part(seconds / 86_400, "D")
        if seconds % 86_400 > 0 { out.append(UInt8(ascii: "T")) }
        part(seconds % 86_400 / 3600, "H")
        part(seconds % 3600 / 60, "M")
        part(seconds % 60, "S")
        return String(decoding: out, as: UTF8.self)
    }
}
