internal import EventLoop

extension Session {
    enum BodyOutcome {
        /// Counted in the server's `buffered` until the exchange is over.
        case whole([UInt8])
        case refused(Refusal)
        case gone
    }

    /// Reads the body that the head announced, within its limit, its time and the server's memory.
    func readBody(_ head: Head, limit: Int) async throws -> BodyOutcome {
        if let length = head.contentLength, length > limit { return .refused(Refusal(413, "The body is longer than this resource takes.")) }
        var reader = BodyReader(head, server.limits, limit)
        let start = Deadline.now.nanoseconds
        var received = 0
        var continued = !head.expectsContinue
        var counted = 0
        var isWhole = false
        defer { if !isWhole { server.buffered -= counted } }
        while true {
            let before = taken
            let outcome = buffer.withUnsafeBufferPointer { reader.take(UnsafeBufferPointer(rebasing: $0[before...])) }
            taken += outcome.taken
            received += outcome.taken
            server.buffered += reader.body.count - counted
            counted = reader.body.count
            switch outcome.outcome {
            case .complete:
                isWhole = true
                return .whole(reader.body)
            case .bad(let refusal): return .refused(refusal)
            case .needMore: break
            }
            if server.buffered > server.limits.buffered { return .refused(Refusal(503, "The server holds all that it can.")) }
            if !continued {
                continued = true
                output.append { $0.appendText("HTTP/1.1 100 Continue\r\n\r\n") }
            }
            try await output.flush()
            do {
                if try await read(until: bodyDeadline(start, received)) == 0 { return .gone }
            } catch WaitError.timedOut {
                return .refused(Refusal(408, "The body took too long to come."))
            }
        }
    }

    /// The nearer of the next stall and what the least rate allows for all.
    private func bodyDeadline(_ start: UInt64, _ received: Int) -> Deadline {
        let limits = server.limits
        let earned = UInt64(received / max(1, limits.leastRate)) * 1_000_000_000
        let whole = start &+ limits.bodyTime.nanoseconds &+ earned
        return Deadline(nanoseconds: min(whole, Deadline.now.nanoseconds &+ limits.bodyStall.nanoseconds))
    }
}

/// A body of announced length, or one in chunks.
struct BodyReader {
    private(set) var body: [UInt8] = []
    private let length: Int?
    private var decoder: ChunkDecoder

    init(_ head: Head, _ limits: Limits, _ limit: Int) {
        length = head.contentLength
        decoder = ChunkDecoder(limits: limits, limit: limit)
    }

    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> (taken: Int, outcome: ChunkDecoder.Outcome) {
        guard let length else { return decoder.decode(bytes, into: &body) }
        let count = min(length - body.count, bytes.count)
        body.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<count]))
        return (count, body.count == length ? .complete : .needMore)
    }
}
