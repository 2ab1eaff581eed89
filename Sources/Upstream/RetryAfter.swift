internal import Bytes

/// The Retry-After field (RFC 9110, section 10.2.3): a number of seconds or a date.
package enum RetryAfter {
    /// Seconds to wait from `now` (seconds since 1970). nil for what is neither form; 0 for a date that has passed; at
    /// most `ceiling`, however large the number.
    package static func seconds(_ text: String, now: Int64, ceiling: Int64 = 86_400) -> Int64? {
        let bytes = Array(text.utf8).trimmingSpaces()
        if !bytes.isEmpty && bytes.allSatisfy({ (48...57).contains($0) }) {
            var value: Int64 = 0
            for byte in bytes {
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
                if value >= ceiling { return ceiling }
            }
            return value
        }
        guard let date = HTTPDate.parse(String(decoding: bytes, as: UTF8.self), now: now) else { return nil }
        return min(max(0, date - now), ceiling)
    }
}

extension [UInt8] {
    func trimmingSpaces() -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == 9 || byte == 13 || byte == 10 }
        var slice = self[...]
        while let first = slice.first, isSpace(first) { slice.removeFirst() }
        while let last = slice.last, isSpace(last) { slice.removeLast() }
        return slice
    }
}
