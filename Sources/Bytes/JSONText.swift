/// The inside of JSON strings, both ways.
enum JSONText {
    /// The bytes of a string whose escapes were already checked by `JSONScan.string`.
    static func resolve(_ text: Span<UInt8>, in range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if text[index] == UInt8(ascii: "\\"), let (scalar, next) = try? JSONScan.escape(text, at: index) {
                append(scalar, to: &out)
                index = next
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        switch scalar {
        case ..<0x80: out.append(UInt8(scalar))
        case ..<0x800: out.append(contentsOf: [0xC0 | UInt8(scalar >> 6), continuation(scalar)])
        case ..<0x10000: out.append(contentsOf: [0xE0 | UInt8(scalar >> 12), continuation(scalar >> 6), continuation(scalar)])
        default:
            out.append(0xF0 | UInt8(scalar >> 18))
            out.append(contentsOf: [continuation(scalar >> 12), continuation(scalar >> 6), continuation(scalar)])
        }
    }

    private static func continuation(_ bits: UInt32) -> UInt8 { 0x80 | UInt8(bits & 0x3F) }

    /// Appends `text` between quotes. Runs that need no escape are copied whole.
    static func quote(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        var copied = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            out.append(contentsOf: text[copied..<index])
            copied = index + 1
            out.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out.append(byte)
            case 0x08: out.append(UInt8(ascii: "b"))
            case 0x09: out.append(UInt8(ascii: "t"))
            case 0x0A: out.append(UInt8(ascii: "n"))
            case 0x0C: out.append(UInt8(ascii: "f"))
            case 0x0D: out.append(UInt8(ascii: "r"))
            default:
                out.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
                out.append(NumberText.hexDigit(byte >> 4))
                out.append(NumberText.hexDigit(byte & 15))
            }
        }
        out.append(contentsOf: text[copied...])
        out.append(UInt8(ascii: "\""))
    }
}
