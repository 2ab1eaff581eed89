internal import EventLoop

extension Session {
    enum BodyOutcome {
        /// Counted in `bodyHeld` until the handler is done with it.
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
        let headHeld = bodyHeld
        while true {
            let before = taken
            let outcome = buffer.withUnsafeBufferPointer { reader.take(UnsafeBufferPointer(rebasing: $0[before...])) }
            taken += outcome.taken
            received += outcome.taken
            switch outcome.outcome {
            case .complete:
                bodyHeld = headHeld + reader.body.capacity
                settle()
                return .whole(reader.body)
            case .bad(let refusal): return .refused(refusal)
            case .needMore: break
            }
            if buffer.count == taken { forgetTaken() }
            bodyHeld = headHeld + reader.body.capacity
            settle()
            let deadline = bodyDeadline(start, received)
            if server.budget.isOver, try await !awaitRoom(until: deadline) { return .refused(Self.full) }
            if !continued {
                continued = true
                output.append { $0.appendText("HTTP/1.1 100 Continue\r\n\r\n") }
            }
            try await output.flush()
            do {
                if try await read(until: deadline) == 0 { return .gone }
            } catch WaitError.timedOut {
                return .refused(Refusal(408, "The body took too long to come."))
            }
        }
    }

    /// The nearer of the next stall and what the least rate allows for all.
    private func bodyDeadline(_ start: UInt64, _ received: Int) -> Deadline {
        let limits = server.limits
        let earned = UInt64(received / max(1, limits.leastRate)) * 1_000_000_000
        let whole = start &+ max(limits.bodyTime.nanoseconds, earned)
        return Deadline(nanoseconds: min(whole, Deadline.now.nanoseconds &+ limits.bodyStall.nanoseconds))
    }
}
