/// Every number that bounds a peer, with its reason. Sizes in bytes.
package struct Limits: Sendable {
    /// Method, target and version together: twice what browsers and proxies send (RFC 9112, section 3, asks for 8,000). 414 beyond.
    package var requestLine = 8 * 1024
    /// Request line and fields together; cookies of a shared host seldom pass 16 kB. 431 beyond.
    package var head = 32 * 1024
    /// Fields of one head. 431 beyond.
    package var fields = 100
    /// Body of a route that names no limit of its own. 413 beyond.
    package var body = 1024 * 1024
    /// Extensions of one chunk, which we ignore (RFC 9112, section 7.1.1). 400 beyond.
    package var chunkExtension = 256
    /// Extensions of all chunks of a body: what keeps a one-byte-a-chunk sender from costing more than it sends.
    package var chunkExtensions = 16 * 1024
    /// Trailer section, which we read and drop. 431 beyond.
    package var trailers = 8 * 1024
    /// Answers joined into one write; then they are sent before the next request is looked at.
    package var pipelined = 100
    /// Output held for a connection before it is sent and reading stops.
    package var queued = 256 * 1024
    /// What all connections of one server hold together: requests that are not answered yet, and answers that wait for their
    /// readers. Beyond it unfinished messages are not read on, then refused with 503.
    package var buffered = 64 * 1024 * 1024
    /// A read buffer that has grown beyond this is made as small as what it holds before its connection waits: with what is kept
    /// for output (16 kB) a waiting connection stays below 64 kB.
    package var waiting = 40 * 1024

    /// From the first byte of a head (of a new connection: from its start) to its end. 408 beyond.
    package var headTime = Duration.seconds(15)
    /// Between two pieces of a body. 408 beyond.
    package var bodyStall = Duration.seconds(30)
    /// For a whole body of the least rate's first second; a dripping body ends here.
    package var bodyTime = Duration.seconds(60)
    /// Bytes a second that a body must keep to be given more than `bodyTime`, and a reader to be given more than `writeStall`.
    package var leastRate = 16 * 1024
    /// Between an answer and the next request: longer than the 60 s of common proxies, so that they close first.
    package var idle = Duration.seconds(75)
    /// Without the peer taking a byte of its answer; in all, where it takes less than the least rate.
    package var writeStall = Duration.seconds(60)
    /// For the peer to read an error answer before the connection is closed under it (RFC 9112, section 9.6).
    package var linger = Duration.seconds(2)

    /// For room in the budget to come about before a 503; as long must a reader stand still to be cut for the others.
    package var roomTime = Duration.seconds(1)
    /// After this an idle connection's buffers are given back.
    package var keepBuffers = Duration.seconds(1)
    /// While the server ends: for a request that is on its way to a connection that has none.
    package var lastWord = Duration.milliseconds(200)

    /// Connections of one server; a process with N loops gives each an N-th of 4,000.
    package var connections = 4000
    /// Connections from one address: three quarters, so that nobody alone can shut the others out.
    package var connectionsPerAddress = 3000
    /// How long accepting rests when descriptors have run out.
    package var acceptPause = Duration.milliseconds(100)

    package init() {}

    package static let standard = Limits()

    /// The same for one of `loops` servers that share a process.
    package func shared(by loops: Int) -> Limits {
        var share = self
        share.connections = max(1, connections / max(1, loops))
        share.connectionsPerAddress = max(1, connectionsPerAddress / max(1, loops))
        share.buffered = max(body, buffered / max(1, loops))
        return share
    }
}
