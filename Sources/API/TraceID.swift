package import HTTP

/// The trace that a request belongs to, as its `traceparent` field says (W3C Trace Context, section 3.2); nil where there is
/// none that is well formed.
package struct TraceID: Sendable, Equatable {
    /// 32 lower-case hex digits, not all zero.
    package let text: String

    package init?(_ request: Request) {
        guard let field = request.headerBytes("traceparent") else { return nil }
        self.init(field)
    }

    /// version "-" trace-id "-" parent-id "-" flags; later versions may add more behind a hyphen.
    init?(_ field: ArraySlice<UInt8>) {
        let pieces = field.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard pieces.count >= 4, pieces[0].count == 2, pieces[1].count == 32, pieces[2].count == 16, pieces[3].count == 2,
            pieces.prefix(4).allSatisfy({ $0.allSatisfy(Self.isHex) }), !pieces[0].elementsEqual("ff".utf8),
            pieces.count == 4 || !pieces[0].elementsEqual("00".utf8), Self.hasDigit(pieces[1]), Self.hasDigit(pieces[2])
        else { return nil }
        text = String(decoding: pieces[1], as: UTF8.self)
    }

    private static func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }

    private static func hasDigit(_ digits: ArraySlice<UInt8>) -> Bool { digits.contains { $0 != UInt8(ascii: "0") } }
}
