internal import EventLoop

/// What the connections of one server share, all on its loop.
final class ServerState {
    let loop: Loop
    let router: Router
    let limits: Limits
    let observe: (Exchange) -> Void
    let date = DateLine()
    let seed = UInt64.random(in: 0 ... .max)
    /// Bytes of one read: a crowd that sends large bodies must not keep the loop for a turn of megabytes.
    static let readMost = 16 * 1024
    /// Where every connection reads to; nothing waits between the read and the copy out of it.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: ServerState.readMost, alignment: 16)
    var isEnding = false
    /// While ending: whoever has not begun to send by now will not be heard.
    var isDeaf = false
    let budget: BufferBudget
    /// Limits that every request asks for, in nanoseconds.
    let idle: UInt64
    let keepBuffers: UInt64
    private var serial: UInt64 = 0

    init(_ loop: Loop, _ router: Router, _ limits: Limits, _ observe: @escaping (Exchange) -> Void) {
        self.loop = loop
        self.router = router
        self.limits = limits
        self.observe = observe
        idle = limits.idle.nanoseconds
        keepBuffers = limits.keepBuffers.nanoseconds
        budget = BufferBudget(limit: limits.buffered)
    }

    deinit { scratch.deallocate() }

    /// Room for an answer of this size, made where there is none.
    func hasRoom(for bytes: Int) -> Bool {
        if budget.hasRoom(for: bytes) { return true }
        budget.relieve?(bytes)
        return budget.hasRoom(for: bytes)
    }

    func nextSerial() -> UInt64 {
        serial &+= 1
        return serial
    }
}
