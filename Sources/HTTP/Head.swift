/// Where one header field lies, counted from the first byte of its head. Ranges instead of strings, so that a head of
/// twenty fields costs one array.
struct Field: Equatable {
    var nameStart: UInt32
    var valueStart: UInt32
    var nameCount: UInt16
    var valueCount: UInt16

    var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameCount) }
    var value: Range<Int> { Int(valueStart)..<Int(valueStart) + Int(valueCount) }
}

/// A request line and its fields, checked; all ranges are counted from the first byte of the head.
struct Head: Equatable {
    var method = Method.unknown
    var methodName = 0..<0
    /// The target as it was sent.
    var target = 0..<0
    /// The target's path, empty for `*` and for an absolute form without one (which means "/").
    var path = 0..<0
    /// Without the question mark; nil where there is none.
    var query: Range<Int>?
    /// The Host field's value, or the authority of an absolute target, which comes first (RFC 9112, section 3.2.2).
    var host = 0..<0
    var isStar = false
    var pathIsEscaped = false
    var queryIsEscaped = false
    /// 0 or 1, of HTTP/1.x.
    var minor: UInt8 = 1
    var fields: [Field] = []
    var contentLength: Int?
    var isChunked = false
    var keepsAlive = true
    var expectsContinue = false
    /// The client's request id where it is one that we would repeat.
    var requestID: Range<Int>?

    var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }
}

/// Why a request is not taken, as the answer will say it.
struct Refusal: Equatable, Error {
    let status: Int
    let detail: StaticString

    init(_ status: Int, _ detail: StaticString) {
        self.status = status
        self.detail = detail
    }

    static func == (a: Refusal, b: Refusal) -> Bool { a.status == b.status && a.detail.description == b.detail.description }
}
