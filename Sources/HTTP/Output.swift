internal import EventLoop

/// What a connection has still to send. Small answers are joined and sent in one call; a large body goes out beside its
/// head in the same call, from where it lies.
final class Output {
    let stream: Stream
    private(set) var pending: [UInt8] = []
    /// What follows `pending`: one body that is not copied.
    private var body: [UInt8] = []
    /// The stored answer whose body it is.
    private var source: Prebuilt?
    /// How much of both has been sent.
    private var done = 0
    private let budget: BufferBudget
    private var holding = Holding()
    private let stall: UInt64
    private let leastRate: UInt64
    /// For how long the peer may still keep us waiting: used up while it does, earned back by what it takes (at the least rate one
    /// second for a second), never more than the stall that is allowed.
    private var patience: UInt64
    /// When the peer last took something, while it keeps us waiting; nil where it does not.
    private(set) var stalledSince: UInt64?
    /// Bytes sent since the start.
    private(set) var sent = 0
    /// Calls that sent something, for tests that count them.
    private(set) var writes = 0

    /// A body below this is copied: dearer than the copy is the second buffer of a call.
    static let copied = 4096

    init(_ stream: Stream, _ limits: Limits, _ budget: BufferBudget) {
        self.stream = stream
        self.budget = budget
        stall = limits.writeStall.nanoseconds
        patience = stall
        leastRate = UInt64(max(1, limits.leastRate))
    }

    /// A large body waits; nothing may be added before it is sent.
    var holdsBody: Bool { !body.isEmpty }

    var isEmpty: Bool { pending.isEmpty && body.isEmpty }

    /// Adds to what waits, in place.
    func append(_ write: (inout [UInt8]) -> Void) {
        precondition(body.isEmpty, "something was added behind a body that was not sent")
        write(&pending)
    }

    /// Adds a whole body: a large one is sent from where it lies. `source`: the stored answer that it belongs to.
    func append(body given: [UInt8], of source: Prebuilt? = nil) {
        if given.count < Self.copied {
            append { $0.append(contentsOf: given) }
        } else {
            body = given
            self.source = source
        }
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
        hold(pending.capacity + (source == nil ? body.count : 0))
        if let source { budget.hold(source) }
        let shared = source
        defer {
            if let shared { budget.release(shared) }
            stalledSince = nil
        }
        try await sendRest(total)
        finish(total)
    }

    private func finish(_ total: Int) {
        sent += total
        done = 0
        if !body.isEmpty {
            body = []
            source = nil
        }
        if pending.capacity > 16 * 1024 { pending = [] } else { pending.removeAll(keepingCapacity: true) }
        hold(pending.capacity)
    }

    /// Gives back what is kept for the next answer, and, at a connection's end, what was not sent.
    func release() {
        pending = []
        body = []
        source = nil
        hold(0)
    }

    private func hold(_ bytes: Int) {
        let change = holding.change(to: bytes)
        budget.change(by: change)
    }

    /// The socket is full: waits for the peer, as long as our patience with it lasts.
    private func sendRest(_ total: Int) async throws {
        var since = Deadline.now.nanoseconds
        stalledSince = since
        while done < total {
            try await stream.awaitReady(.write, until: Deadline(nanoseconds: since &+ patience))
            let before = done
            while done < total {
                let isHead = done < pending.count
                let (bytes, offset) = isHead ? (pending, done) : (body, done - pending.count)
                guard let count = try stream.sendNow(bytes, from: offset) else { break }
                done += count
                writes += 1
            }
            let now = Deadline.now.nanoseconds
            if done > before { stalledSince = now }
            let earned = UInt64(done - before).multipliedReportingOverflow(by: 1_000_000_000)
            patience -= min(patience, now &- since)
            patience = min(stall, patience &+ (earned.overflow ? stall : earned.partialValue / leastRate))
            since = now
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
