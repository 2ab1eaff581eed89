internal import EventLoop

/// The life of a connection: read once, answer every whole request that came, write once, again. One task from accept to
/// close.
final class Session {
    /// Between requests; part of a head is here; a request is being read or answered.
    enum Phase { case idle, head, busy }

    let server: ServerState
    let stream: Stream
    let output: Output
    let facts: ConnectionFacts
    /// Bytes read and not yet taken, from `taken` on.
    var buffer: [UInt8] = []
    var taken = 0
    private(set) var phase = Phase.idle
    /// Bytes of a request body that this connection holds, its head's among them.
    var bodyHeld = 0
    private var holding = Holding()
    /// Where the server keeps this session.
    var index = 0
    private var parser: HeadParser
    private var answered = 0
    private var headDeadline = Deadline.never
    /// The peer has sent all that it will send.
    var peerEnded = false

    init(_ stream: Stream, _ server: ServerState, peer: String) {
        self.stream = stream
        self.server = server
        output = Output(stream, server.limits, server.budget)
        facts = ConnectionFacts(peer: peer, seed: server.seed)
        parser = HeadParser(limits: server.limits)
    }

    /// What became of a step: go on, close at once, or close after the peer had time to read.
    enum Next { case again, close, linger }

    func run() async {
        do {
            headDeadline = Deadline(nanoseconds: Deadline.now.nanoseconds &+ server.limits.headTime.nanoseconds)
            var next = Next.again
            while next == .again { next = try await step() }
            try await output.flush()
            if next == .linger { try await linger() }
        } catch {
            // The peer is gone, or too slow: nobody is left to tell.
        }
        release()
        stream.close()
    }

    /// Tells the budget what is held for reading; `Output` speaks for itself.
    func settle() {
        let change = holding.change(to: buffer.capacity + bodyHeld)
        server.budget.change(by: change)
    }

    /// Gives back everything: at the end, or where the connection stands idle for long.
    func release() {
        buffer = []
        taken = 0
        bodyHeld = 0
        output.release()
        settle()
    }

    /// Nothing is here but what is kept for the next request.
    var isIdle: Bool { phase == .idle && taken == buffer.count && output.isEmpty }

    private func step() async throws -> Next {
        phase = .busy
        while true {
            switch parseHead() {
            case .complete(let count):
                let start = taken
                taken += count
                answered += 1
                let next: Next
                switch try begin(from: start) {
                case .over(let known): next = known
                case .waits(let request, let match, let first, let began): next = try await serve(request, match, first, began)
                }
                if buffer.count == taken { forgetTaken() }
                headDeadline = .never
                if output.pending.count >= server.limits.queued || answered % server.limits.pipelined == 0 { try await output.flush() }
                if next != .again { return next }
            case .needMore:
                if try !output.flushNow() { try await output.flush() }
                return try await readHead()
            case .bad(let refusal):
                return refuse(refusal)
            }
        }
    }

    private func parseHead() -> HeadParser.Outcome {
        if taken == buffer.count { return .needMore }
        return buffer.withUnsafeBufferPointer { parser.parse(UnsafeBufferPointer(rebasing: $0[taken...])) }
    }

    /// More of a head, within what its sender is given.
    private func readHead() async throws -> Next {
        let isUnderWay = taken < buffer.count
        let limits = server.limits
        if isUnderWay {
            if headDeadline == .never { headDeadline = Deadline(nanoseconds: Deadline.now.nanoseconds &+ limits.headTime.nanoseconds) }
            phase = .head
        } else {
            if server.isEnding && answered > 0 { return .linger }
            phase = .idle
        }
        settle()
        if isUnderWay && server.budget.isOver, try await !awaitRoom(until: headDeadline) { return refuse(Self.full) }
        do {
            if try await (isUnderWay ? read(until: headDeadline) : readFirst()) == 0 { return .close }
        } catch WaitError.timedOut {
            return isUnderWay ? refuse(Refusal(408, "The request took too long to come.")) : .close
        }
        phase = .busy
        return .again
    }

    static let full = Refusal(503, "The server holds all that it can.")

    /// Waits a moment for the others to give back what they hold.
    func awaitRoom(until deadline: Deadline) async throws -> Bool {
        let patience = Deadline(nanoseconds: Deadline.now.nanoseconds &+ server.limits.roomTime.nanoseconds)
        return try await server.budget.awaitRoom(on: server.loop, until: min(deadline, patience))
    }

    /// The first bytes of a head. What the last request needed is kept for a moment, since most clients send the next one soon.
    private func readFirst() async throws -> Int {
        let turn = server.loop.turnTime.nanoseconds
        let deadline = headDeadline != .never ? headDeadline : Deadline(nanoseconds: turn &+ server.idle)
        let keeps = Deadline(nanoseconds: turn &+ server.keepBuffers)
        if keeps < deadline {
            do { return try await read(until: keeps) } catch WaitError.timedOut { release() }
        }
        return try await read(until: deadline)
    }

    /// Reads what is there behind what was read before; 0 where the peer has ended.
    @discardableResult
    func read(until deadline: Deadline) async throws -> Int {
        if buffer.capacity > server.limits.waiting {
            buffer = Array(buffer[taken...])
            taken = 0
            settle()
        } else if taken > 0 {
            buffer.removeSubrange(..<taken)
            taken = 0
        }
        // No other task of the loop runs between the stream's read and the copy, so the scratch space may be shared.
        let count = try await stream.read(into: server.scratch, until: deadline)
        if count == 0 { peerEnded = true }
        buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: server.scratch[..<count]))
        return count
    }

    /// All that was read is taken: a small buffer serves again.
    func forgetTaken() {
        taken = 0
        if buffer.capacity > 8 * 1024 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
    }

    // MARK: One request

    private enum Begun {
        case over(Next)
        case waits(Request, Router.Match, AtOnce, began: UInt64)
    }

    /// As much as needs no wait, which for most requests is all.
    private func begin(from start: Int) throws -> Begun {
        let began = Deadline.now.nanoseconds
        let head = parser.takeHead()
        let hasBody = head.hasBody
        // A request with a body has its head to itself, so that the buffer can be read to again without a copy of all.
        let bytes = hasBody ? Array(buffer[start..<taken]) : buffer
        let request: Request
        do {
            request = try Request(
                head, buffer: bytes, start: hasBody ? 0 : start, serial: server.nextSerial(), connection: facts)
        } catch {
            taken = start
            return .over(refuse(error))
        }
        let match = server.router.match(request)
        let first = try answerAtOnce(request, match, began)
        if case .done(let next) = first { return .over(next) }
        return .waits(request, match, first, began: began)
    }

    /// The long way, from where the short one ended.
    private func serve(_ request: Request, _ match: Router.Match, _ first: AtOnce, _ began: UInt64) async throws -> Next {
        let hasBody = request.head.hasBody
        switch first {
        case .done(let next): return next
        case .made(let response): return try await answer(request, response, began, bodyIsPending: hasBody)
        case .unsent(let answer):
            try await output.flush()
            return closeExchange(request, answer, began)
        case .admitted: break
        case .no:
            if let refused = server.router.admit?(request) {
                return try await answer(request, refused, began, bodyIsPending: hasBody)
            }
        }
        guard case .route(let route) = match else {
            return try await answer(request, unmatched(match, request), began, bodyIsPending: hasBody)
        }
        if case .no = first, !hasBody, let response = route.quick?(request) {
            return try await answer(request, response, began, bodyIsPending: false)
        }
        if hasBody {
            bodyHeld = request.bytesHeld
            switch try await readBody(request.head, limit: route.bodyLimit ?? server.limits.body) {
            case .whole(let body): request.body = body
            case .refused(let refusal): return refuse(refusal, request, began)
            case .gone: return .close
            }
        }
        let response = await route.handler(request)
        bodyHeld = 0
        if hasBody { settle() }
        return try await answer(request, response, began, bodyIsPending: false)
    }

    private func unmatched(_ match: Router.Match, _ request: Request) -> Response {
        switch match {
        case .options(let allow):
            var response = Response(status: 204)
            response.fields.add("Allow", allow)
            return response
        case .notAllowed(let allow):
            return Problem(status: 405, detail: "This resource takes \(allow).").with("Allow", allow).response()
        case .notImplemented:
            return Problem(status: 501, detail: "This method is not implemented.").response()
        case .notFound, .route:
            var problem = Problem(status: 404, detail: "There is no such resource.")
            problem.instance = request.path
            return problem.response()
        }
    }

    /// Queues an answer. A body that was announced and not read cannot be told from the next request: the connection ends.
    private func answer(_ request: Request, _ response: consuming Response, _ began: UInt64, bodyIsPending: Bool) async throws -> Next {
        if case .bytes(let body) = response.body, body.count >= Output.copied, !server.hasRoom(for: body.count) {
            response = Problem(status: 503, detail: Self.full.detail.description).with("Retry-After", "1").response()
        }
        if response.fields.isRefused { response = Problem(status: 500, detail: "The answer could not be written.").response() }
        server.router.dress?(request, &response)
        let endsForUs = bodyIsPending || response.closes || (server.isEnding && !nextIsWhole())
        let closes = endsForUs || !request.head.keepsAlive
        let before = output.sent
        var bytes = 0
        var next = closes ? (endsForUs && request.head.keepsAlive ? Next.linger : .close) : .again
        switch response.body {
        case .none: queue(request, response, [], closes)
        case .bytes(let body):
            bytes = body.count
            queue(request, response, body, closes)
        case .prebuilt(let answer):
            bytes = answer.body.count
            queue(request, answer, response.fields, closes)
        case .stream(let produce):
            do {
                if try await send(request, response, produce, closes) { next = .close }
            } catch {
                tell(request, response.status, output.sent - before, began, isCut: true)
                throw error
            }
            bytes = output.sent - before
        }
        if output.holdsBody, try !output.flushNow() { try await output.flush() }
        if request.method == .head || Status.isBodiless(response.status) { bytes = 0 }
        tell(request, response.status, bytes, began)
        if next == .close && taken < buffer.count { next = .linger }
        return next
    }

    /// One finished exchange, for who keeps count.
    @inline(__always)
    func tell(_ request: Request, _ status: Int, _ bytes: Int, _ began: UInt64, isCut: Bool = false) {
        server.observe(Exchange(
            request: request, method: request.method, status: status, bytes: bytes, duration: Deadline.now.nanoseconds &- began,
            isCut: isCut, line: [], connection: facts, serial: request.serial))
    }

    /// While the server ends: whether the next request lies here in full, and so is still to be answered.
    private func nextIsWhole() -> Bool {
        if taken == buffer.count { return false }
        var probe = HeadParser(limits: server.limits)
        return buffer.withUnsafeBufferPointer { bytes in
            let rest = UnsafeBufferPointer(rebasing: bytes[taken...])
            guard case .complete(let count) = probe.parse(rest) else { return false }
            if probe.head.isChunked {
                var decoder = ChunkDecoder(limits: server.limits, limit: server.limits.queued)
                var body: [UInt8] = []
                return decoder.decode(UnsafeBufferPointer(rebasing: rest[count...]), into: &body).outcome == .complete
            }
            return rest.count - count >= probe.head.contentLength ?? 0
        }
    }

    /// The answer to what is no request that can be served; always the connection's last.
    private func refuse(_ refusal: Refusal, _ request: Request? = nil, _ began: UInt64? = nil) -> Next {
        var response = Problem(status: refusal.status, detail: refusal.detail.description).response()
        if refusal.status == 503 { response.fields.add("Retry-After", 1) }
        if let request { server.router.dress?(request, &response) }
        guard case .bytes(let body) = response.body, !response.fields.isRefused else { return .close }
        let serial = request?.serial ?? server.nextSerial()
        output.append { out in
            HeadWriter.appendStart(response, to: &out)
            HeadWriter.appendLength(body.count, to: &out)
            if let request {
                HeadWriter.appendEnd(request, date: server.date, closes: true, to: &out)
            } else {
                HeadWriter.appendEnd(facts, serial: serial, date: server.date, to: &out)
            }
            if request?.method != .head { out.append(contentsOf: body) }
        }
        let now = Deadline.now.nanoseconds
        server.observe(Exchange(
            request: request, method: request?.method ?? .unknown, status: refusal.status, bytes: body.count,
            duration: now &- (began ?? now), isCut: false, line: request == nil ? firstLine() : [], connection: facts, serial: serial))
        return .linger
    }

    private func firstLine() -> [UInt8] {
        Array(buffer[taken...].prefix(Exchange.longestLine).prefix { $0 != 0x0D && $0 != 0x0A })
    }

    /// Ends our half and reads on for a while, so that bytes on their way do not reset the connection under the answer
    /// (RFC 9112, section 9.6).
    private func linger() async throws {
        release()
        stream.endWriting()
        if peerEnded { return }
        let deadline = Deadline(nanoseconds: Deadline.now.nanoseconds &+ server.limits.linger.nanoseconds)
        // The deadline is also looked at between reads: a sender that never pauses would never be waited for.
        while Deadline.now < deadline, try await stream.read(into: server.scratch, until: deadline) > 0 {}
    }
}
