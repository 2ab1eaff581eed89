/// What writers of JSON put out that is none, made JSON: bare `NaN`, `Infinity` and `-Infinity` (as Python's json module writes them by
/// default), which become null; and escapes of characters that no text of the store can hold, NUL and lone surrogates, which become U+FFFD.
/// A raw NUL is no writer's: such a body was damaged on its way, and is asked for again.
///
/// Only for a body that cannot be read as it stands.
enum MendedJSON {
    static func bytes(_ body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(body.count + 64)
        var index = 0
        var isInString = false
        while index < body.count {
            let byte = body[index]
            if isInString {
                switch byte {
                case UInt8(ascii: "\""):
                    isInString = false
                    out.append(byte)
                    index += 1
                case UInt8(ascii: "\\"): index = escape(body, at: index, to: &out)
                default:
                    out.append(byte)
                    index += 1
                }
            } else if starts.contains(byte), let word = words.first(where: { body[index...].starts(with: $0) }) {
                out += Array("null".utf8)
                index += word.count
            } else {
                isInString = byte == UInt8(ascii: "\"")
                out.append(byte)
                index += 1
            }
        }
        return out
    }

    private static let words = ["NaN", "-Infinity", "Infinity"].map { Array($0.utf8) }
    private static let starts = Array("NI-".utf8)
    private static let replacement = Array("\u{FFFD}".utf8)

    /// Copies the escape whose backslash is at `start`; answers the offset after it.
    private static func escape(_ body: [UInt8], at start: Int, to out: inout [UInt8]) -> Int {
        guard start + 1 < body.count, body[start + 1] == UInt8(ascii: "u"), let unit = unit(body, at: start) else {
            let end = min(start + 2, body.count)
            out += body[start..<end]
            return end
        }
        switch unit {
        case 0, 0xDC00...0xDFFF:
            out += replacement
            return start + 6
        case 0xD800...0xDBFF:
            guard let low = self.unit(body, at: start + 6), (0xDC00...0xDFFF).contains(low) else {
                out += replacement
                return start + 6
            }
            out += body[start..<start + 12]
            return start + 12
        default:
            out += body[start..<start + 6]
            return start + 6
        }
    }

    /// The UTF-16 unit of an escape `\u0000`; nil where none stands there.
    private static func unit(_ body: [UInt8], at start: Int) -> UInt16? {
        guard start + 6 <= body.count, body[start] == UInt8(ascii: "\\"), body[start + 1] == UInt8(ascii: "u") else { return nil }
        return UInt16(String(decoding: body[start + 2..<start + 6], as: UTF8.self), radix: 16)
    }
}
