/// Well-formedness of UTF-8 (RFC 3629 section 4): no overlong forms, no surrogates, nothing past U+10FFFF.
package enum UTF8Check {
    /// The offset after the sequence that starts at `start`, or nil where it is malformed or cut short.
    package static func sequence(_ text: Span<UInt8>, at start: Int) -> Int? {
        let lead = text[start]
        if lead < 0x80 { return start + 1 }
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF4: (length, high) = (4, 0x8F)
        case 0xF1...0xF3: length = 4
        default: return nil
        }
        guard start + length <= text.count, text[start + 1] >= low, text[start + 1] <= high else { return nil }
        for index in start + 2..<max(start + length, start + 2) where text[index] & 0xC0 != 0x80 { return nil }
        return start + length
    }

    /// The offset of the first malformed sequence in `range`, or nil where all is well.
    package static func firstFault(_ text: Span<UInt8>, in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            guard let next = sequence(text, at: index), next <= range.upperBound else { return index }
            index = next
        }
        return nil
    }
}
