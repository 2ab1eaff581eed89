internal import EventLoop

/// What the connections of one server share, all on its loop.
final class ServerState {
    let loop: Loop
    let router: Router
    let limits: Limits
    let observe: (Exchange) -> Void
    let date = DateLine()
    let seed = UInt64.random(in: 0 ... .max)
    /// Where every connection reads to; nothing waits between the read and the copy out of it.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    var isEnding = false
    /// Bytes of request bodies held now.
    var buffered = 0
    private var serial: UInt64 = 0

    init(_ loop: Loop, _ router: Router, _ limits: Limits, _ observe: @escaping (Exchange) -> Void) {
        self.loop = loop
        self.router = router
        self.limits = limits
        self.observe = observe
    }

    deinit { scratch.deallocate() }

    func nextSerial() -> UInt64 {
        serial &+= 1
        return serial
    }
}

/// One finished exchange, for logs and metrics.
package struct Exchange {
    /// nil where what came was no request that could be parsed.
    package let request: Request?
    package let method: Method
    package let status: Int
    /// Bytes of the answer's body; of a streamed one, of its head and chunks.
    package let bytes: Int
    /// From the head's end to the answer's being handed over, in nanoseconds.
    package let duration: UInt64

    /// The pattern that matched; "-" where none did.
    package var route: String { request?.route?.pattern ?? "-" }
}
