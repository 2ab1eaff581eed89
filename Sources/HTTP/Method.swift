/// A request method (RFC 9110, section 9; PATCH: RFC 5789; QUERY: the safe method with a body of the HTTP working group).
/// `unknown` is any other token: 501; one that is known and that a resource does not have is 405.
package enum Method: UInt8, Sendable, Hashable, CaseIterable {
    case get, head, post, put, patch, delete, options, connect, trace, query, unknown

    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .query: "QUERY"
        case .unknown: "UNKNOWN"
        }
    }

    /// Method names are case-sensitive.
    init(_ token: UnsafeBufferPointer<UInt8>) {
        switch token.count {
        case 3 where Grammar.equal(token, "GET"): self = .get
        case 3 where Grammar.equal(token, "PUT"): self = .put
        case 4 where Grammar.equal(token, "POST"): self = .post
        case 4 where Grammar.equal(token, "HEAD"): self = .head
        case 5 where Grammar.equal(token, "PATCH"): self = .patch
        case 5 where Grammar.equal(token, "TRACE"): self = .trace
        case 5 where Grammar.equal(token, "QUERY"): self = .query
        case 6 where Grammar.equal(token, "DELETE"): self = .delete
        case 7 where Grammar.equal(token, "OPTIONS"): self = .options
        case 7 where Grammar.equal(token, "CONNECT"): self = .connect
        default: self = .unknown
        }
    }
}
