internal import EventLoop

/// What a connection has still to send. Small answers are joined and sent in one call; a large body goes out beside its
/// head in the same call, from where it lies.
final class Output {
    let stream: Stream
    private(set) var pending: [UInt8] = []
    /// What follows `pending`: one body that is not copied.
    private var body: [UInt8] = []
    /// How much of both has been sent.
    private var done = 0
    private let stall: UInt64
    private let leastRate: UInt64
    /// Bytes sent since the start.
    private(set) var sent = 0
    /// Calls that sent something, for tests that count them.
    private(set) var writes = 0

    /// A body below this is copied: dearer than the copy is the second buffer of a call.
    static let copied = 4096

    init(_ stream: Stream, _ limits: Limits) {
        self.stream = stream
        stall = limits.writeStall.nanoseconds
        leastRate = UInt64(max(1, limits.leastRate))
    }

    /// A large body waits; nothing may be added before it is sent.
    var holdsBody: Bool { !body.isEmpty }

    /// Adds to what waits, in place.
    func append(_ write: (inout [UInt8]) -> Void) {
        precondition(body.isEmpty, "something was added behind a body that was not sent")
        write(&pending)
    }

    /// Adds a whole body: a large one is sent from where it lies.
    func append(body given: [UInt8]) {
        if given.count < Self.copied { append { $0.append(contentsOf: given) } } else { body = given }
    }

    /// Sends what the socket takes at once; false where it did not take all, and `flush` has to wait.
    func flushNow() throws(SystemError) -> Bool {
        let total = pending.count + body.count
        if total == 0 { return true }
        if done == 0 {
            done = try (body.isEmpty ? stream.sendNow(pending, from: 0) : stream.sendNow(pending, body)) ?? 0
            if done > 0 { writes += 1 }
        }
        if done < total { return false }
        finish(total)
        return true
    }

    /// Sends all that waits.
    func flush() async throws {
        if try flushNow() { return }
        let total = pending.count + body.count
        try await sendRest(total)
        finish(total)
    }

    private func finish(_ total: Int) {
        sent += total
        done = 0
        body = []
        if pending.capacity > 16 * 1024 { pending = [] } else { pending.removeAll(keepingCapacity: true) }
    }

    /// The socket is full: waits for the peer, bounded for each stretch and, by the least rate, for the whole.
    private func sendRest(_ total: Int) async throws {
        let start = Deadline.now.nanoseconds
        let last = start &+ stall &+ UInt64(total) / leastRate &* 1_000_000_000
        while done < total {
            let waits = min(Deadline.now.nanoseconds &+ stall, last)
            try await stream.awaitReady(.write, until: Deadline(nanoseconds: waits))
            while done < total {
                let isHead = done < pending.count
                let (bytes, offset) = isHead ? (pending, done) : (body, done - pending.count)
                guard let count = try stream.sendNow(bytes, from: offset) else { break }
                done += count
                writes += 1
            }
        }
    }
}

extension Duration {
    /// Whole nanoseconds, zero where negative; what does not fit is the largest number.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        if seconds < 0 || attoseconds < 0 { return 0 }
        let whole = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return whole.overflow ? .max / 4 : min(whole.partialValue, .max / 4) + UInt64(attoseconds / 1_000_000_000)
    }
}
