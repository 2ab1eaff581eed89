/// An answer: a status, fields, a body. `Date`, `Content-Length` or `Transfer-Encoding`, `Connection`, `X-Request-Id` and
/// `X-Content-Type-Options` are the connection's to write and not given here.
package struct Response {
    package enum Body {
        case none
        case bytes([UInt8])
        case prebuilt(Prebuilt)
        /// Made while it is sent: in chunks on HTTP/1.1, to the connection's end on 1.0. A producer that throws has the
        /// connection cut, so that the peer sees an answer that is not whole.
        case stream((BodyWriter) async throws -> Void)
    }

    package var status: Int
    package var fields: HeaderLines
    package var body: Body
    /// The connection ends after this answer.
    package var closes = false

    package init(status: Int, fields: HeaderLines = HeaderLines(), body: Body = .none) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A body with its media type, such as `application/json`.
    package init(status: Int = 200, type: String, _ bytes: [UInt8]) {
        self.init(status: status, body: .bytes(bytes))
        fields.add("Content-Type", type)
    }

    package static func text(_ text: String, status: Int = 200) -> Response {
        Response(status: status, type: "text/plain; charset=utf-8", Array(text.utf8))
    }

    package static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
        Response(status: status, type: "application/json", bytes)
    }

    /// A stored answer; `fields` are what changes from one sending to the next (Age, Cache-Status).
    package static func prebuilt(_ answer: Prebuilt, fields: HeaderLines = HeaderLines()) -> Response {
        Response(status: answer.status, fields: fields, body: .prebuilt(answer))
    }
}

/// An answer whose unchanging bytes are ready: status line and fields, and the body, sent as they lie here. May cross
/// loops and be kept in a cache.
package final class Prebuilt: Sendable {
    package let status: Int
    package let body: [UInt8]
    /// Status line and fields, Content-Length among them, each with its line's end; the empty line is not there yet.
    let head: [UInt8]

    /// Fields that would break the message make this a 500 without a body.
    package init(status: Int = 200, fields: HeaderLines, body: [UInt8]) {
        let isRefused = fields.isRefused
        self.status = isRefused ? 500 : status
        self.body = isRefused ? [] : body
        var head: [UInt8] = []
        Status.appendLine(self.status, to: &head)
        if !isRefused { head.append(contentsOf: fields.bytes) }
        HeadWriter.appendFixed(to: &head)
        if !Status.isBodiless(self.status) { HeadWriter.appendLength(self.body.count, to: &head) }
        self.head = head
    }
}
