/// One finished exchange, for logs and metrics. What a log wants beyond numbers is made when it is asked for.
package struct Exchange {
    /// nil where what came was no request that could be parsed.
    package let request: Request?
    package let method: Method
    package let status: Int
    /// Bytes of the answer's body; of a streamed one, of its head and chunks.
    package let bytes: Int
    /// From the head's end to the answer's being handed over, in nanoseconds.
    package let duration: UInt64
    /// The answer was begun and could not be finished: its reader went away or stalled, or what it was made of did.
    package let isCut: Bool
    /// Of what could not be parsed: its first line, as it came, at most `longestLine` bytes of it.
    package let line: [UInt8]
    let connection: ConnectionFacts
    let serial: UInt64

    package static let longestLine = 256
    package static let longestTarget = 2048
    package static let longestAgent = 256

    /// The pattern that matched; "-" where none did.
    package var route: String { request?.route?.pattern ?? "-" }

    /// As the answer said in X-Request-Id.
    package var id: String {
        var bytes: [UInt8] = []
        appendID(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same without a string.
    package func appendID(to bytes: inout [UInt8]) {
        if let request { request.appendID(to: &bytes) } else { connection.appendID(serial, to: &bytes) }
    }

    /// The peer's numeric address, "unix" for a socket file.
    package var peer: String { connection.peer }

    /// As it was sent; "-" where there was none.
    package var methodName: String { request?.methodName ?? "-" }

    /// The target's first bytes as they were sent: visible ASCII, which a log need not escape but for quotes and backslashes. Keep it no
    /// longer than the exchange.
    package var target: ArraySlice<UInt8> { request?.targetBytes.prefix(Self.longestTarget) ?? [] }

    /// The first bytes of User-Agent, which may hold anything beyond ASCII and tabs.
    package var userAgent: ArraySlice<UInt8>? { request?.headerBytes("user-agent")?.prefix(Self.longestAgent) }
}
