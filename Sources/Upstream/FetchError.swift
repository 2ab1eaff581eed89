/// Why there is no answer. The message holds host and path, never a query, a header or a secret.
package struct FetchError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Class: String, Sendable, Hashable {
        /// The name was not found.
        case resolve
        /// Refused, unreachable.
        case connect
        /// The handshake failed.
        case tls
        /// The peer's certificate was not trusted. Trying again will not help.
        case certificate
        /// A limit on time or speed was reached.
        case timeout
        /// The connection ended before the answer was whole.
        case cutOff
        /// Body or head went over its limit.
        case tooLarge
        /// What came was not HTTP, or not what its own header fields said.
        case violation
        /// The request could not be made as it was given.
        case invalidRequest
        /// The fetcher or its loop is closing.
        case closing
    }

    package let kind: Class
    package let message: String
    /// Bytes of the decoded body that had come.
    package let received: Int

    init(_ kind: Class, _ place: String, _ reason: String, received: Int = 0) {
        self.kind = kind
        self.message = "\(place): \(reason)"
        self.received = received
    }

    package var description: String { message }
}
