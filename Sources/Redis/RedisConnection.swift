package import EventLoop

/// One pipelined connection on one loop. Not `Sendable`; any number of tasks of the loop may use it at once.
///
/// No task of its own: commands of one turn of the loop are written together by the first of them, and of those that wait,
/// one reads for all, handing the reading on when its own reply has come. Connects on first use. Replies come in order, so
/// one that does not come in time takes the connection with it, and all who wait; after that commands fail at once, but
/// for one each `probeInterval` that tries.
package final class RedisConnection {
    /// A command whose reply is awaited.
    private final class Call {
        let waiter: Waiter
        var outcome: Result<Reply, RedisError>?
        init(_ loop: Loop) { waiter = Waiter(loop) }
    }

    /// A socket and what is under way on it. Replaced as a whole, so that nobody acts on a successor by mistake.
    private final class Session {
        let stream: Stream
        let reader: ReplyReader
        var out: [UInt8] = []
        var calls: [Call] = []
        /// Calls answered so far, counted from the front of `calls`; they leave together, now and then.
        var answered = 0
        var isWriting = false
        var isReading = false
        var isOver = false
        /// It gave at least one reply: its end is then a server that went away, not one that never serves.
        var hasServed = false

        init(_ stream: Stream, _ reader: ReplyReader) {
            self.stream = stream
            self.reader = reader
        }
    }

    /// For tests and metrics.
    package struct Counters: Sendable, Equatable {
        package var commands = 0
        package var writes = 0
        package var connects = 0
        package var failures = 0
        /// Times that the server was found to be away after it had been there.
        package var openings = 0
    }

    package let loop: Loop
    package let configuration: RedisConfiguration
    package private(set) var counters = Counters()
    private var session: Session?
    /// Tasks that wait for the connection that another task is making.
    private var hopeful: [Waiter]?
    /// No try before this; nil while all is well.
    private var nextProbe: Deadline? {
        didSet { if oldValue == nil && nextProbe != nil { counters.openings += 1 } }
    }
    /// Somebody probes beside the commands.
    private var isProbedApart = false
    /// It was away, and no command has had its reply since.
    private var isOnTrial = false
    private var isTried = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    package init(_ configuration: RedisConfiguration, on loop: Loop) {
        self.configuration = configuration
        self.loop = loop
    }

    deinit { buffer.deallocate() }

    /// The last try failed, and the next is not due or has no answer yet.
    package var isAway: Bool { nextProbe.map { $0 > .now } ?? false }

    /// Sends one command and gives its reply, `.error` included. At least one argument.
    package func command(_ arguments: [[UInt8]]) async throws(RedisError) -> Reply {
        if isProbedApart && nextProbe != nil { throw .unavailable }
        guard isOnTrial else { return try await send(arguments) }
        // A server that answers a probe may still answer nothing else: one command finds out, the others do not wait for it.
        if isTried { throw .unavailable }
        isTried = true
        defer { isTried = false }
        let reply = try await send(arguments)
        isOnTrial = false
        return reply
    }

    /// Looks each `probeInterval` whether a server that was away is back, until the loop closes. From then on no command waits
    /// for one that is away: all of them fail at once until it was found again.
    package func keepProbing() async {
        isProbedApart = true
        defer { isProbedApart = false }
        while (try? await loop.sleep(for: configuration.probeInterval)) != nil {
            if nextProbe == nil { continue }
            isOnTrial = true
            _ = try? await send([Array("PING".utf8)])
        }
    }

    private func send(_ arguments: [[UInt8]]) async throws(RedisError) -> Reply {
        precondition(!arguments.isEmpty, "a command without a word")
        let deadline = Deadline.after(configuration.commandTimeout)
        let session = try await connected(until: deadline)
        counters.commands += 1
        let call = Call(loop)
        session.calls.append(call)
        appendCommand(arguments, to: &session.out)
        if !session.isWriting { await write(session, until: deadline) }
        while true {
            if let outcome = call.outcome { return try outcome.get() }
            if session.isReading {
                do { try await call.waiter.wait(until: deadline) } catch { fail(session, RedisError(error)) }
            } else {
                await read(session, for: call, until: deadline)
            }
        }
    }

    /// Closes; who waits gets `.closing`. The next command would connect again.
    package func close() { if let session { fail(session, .closing) } }

    // MARK: One session

    private func write(_ session: Session, until deadline: Deadline) async {
        session.isWriting = true
        defer { session.isWriting = false }
        do {
            // The other tasks of this turn add theirs first.
            try await loop.yield()
            while !session.out.isEmpty && !session.isOver {
                let bytes = session.out
                session.out = []
                counters.writes += 1
                var offset = 0
                while offset < bytes.count && !session.isOver {
                    if let sent = try session.stream.sendNow(bytes, from: offset) {
                        offset += sent
                    } else {
                        try await session.stream.awaitReady(.write, until: deadline)
                    }
                }
            }
        } catch {
            fail(session, RedisError(error))
        }
    }

    /// Reads for all until `call` has its reply, then lets the next who waits do it.
    private func read(_ session: Session, for call: Call, until deadline: Deadline) async {
        session.isReading = true
        do {
            while call.outcome == nil {
                while call.outcome == nil, let reply = try session.reader.next() { try deliver(reply, session) }
                if call.outcome != nil { break }
                let count = try await session.stream.read(into: buffer, until: deadline)
                if session.isOver { break }
                if count == 0 { throw RedisError.connectionLost("the server hung up") }
                try session.reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            // Whole replies that came along are not left for another read of the socket.
            while !session.isOver, let reply = try session.reader.next() { try deliver(reply, session) }
        } catch {
            fail(session, RedisError(error))
        }
        session.isReading = false
        if !session.isOver, session.answered < session.calls.count { session.calls[session.answered].waiter.wake() }
    }

    private func deliver(_ reply: Reply, _ session: Session) throws(RedisError) {
        guard session.answered < session.calls.count else { throw .protocolViolation("a reply that nobody asked for") }
        let call = session.calls[session.answered]
        session.answered += 1
        session.hasServed = true
        nextProbe = nil
        if session.answered == session.calls.count || session.answered > 1024 {
            session.calls.removeFirst(session.answered)
            session.answered = 0
        }
        call.outcome = .success(reply)
        call.waiter.wake()
    }

    private func fail(_ session: Session, _ error: RedisError) {
        if session.isOver { return }
        session.isOver = true
        session.stream.close()
        if self.session === session { self.session = nil }
        if error != .closing { counters.failures += 1 }
        switch error {
        // A server that merely went away may be back already: the next command finds out.
        case .connectionLost where session.hasServed: break
        case .closing: break
        default: nextProbe = .after(configuration.probeInterval)
        }
        for call in session.calls[session.answered...] {
            call.outcome = .failure(error)
            call.waiter.wake()
        }
        session.calls.removeAll()
        session.answered = 0
    }

    // MARK: Connecting

    private func connected(until deadline: Deadline) async throws(RedisError) -> Session {
        if let session {
            // A server that stalls takes connections all the same: until the probe has its reply nobody else waits.
            if nextProbe != nil { throw .unavailable }
            return session
        }
        if isAway { throw .unavailable }
        if hopeful != nil {
            // A probe is under way: those who know that the server was away do not wait for it.
            if nextProbe != nil { throw .unavailable }
            let waiter = Waiter(loop)
            hopeful?.append(waiter)
            do { try await waiter.wait(until: deadline) } catch { throw RedisError(error) }
            guard let session else { throw .unavailable }
            return session
        }
        hopeful = []
        defer {
            let waiters = hopeful ?? []
            hopeful = nil
            for waiter in waiters { waiter.wake() }
        }
        do {
            let made = try await connect(until: .after(configuration.connectTimeout))
            session = made
            return made
        } catch {
            counters.failures += 1
            nextProbe = .after(configuration.probeInterval)
            // The host may have moved: the next probe finds what was seen until then.
            configuration.hostName?.lookAgain()
            throw RedisError(error)
        }
    }

    private func connect(until deadline: Deadline) async throws -> Session {
        counters.connects += 1
        let stream = try await Stream.connect(to: configuration.address, on: loop, until: deadline)
        guard let reader = ReplyReader(limit: configuration.replyLimit) else { throw RedisError.connectionLost("no memory") }
        var out: [UInt8] = []
        for command in configuration.greeting { appendCommand(command, to: &out) }
        if !out.isEmpty { try await stream.write(out, stall: configuration.connectTimeout) }
        for _ in configuration.greeting {
            while true {
                if let reply = try reader.next() {
                    if case .error(let message) = reply { throw RedisError.server(message) }
                    break
                }
                let count = try await stream.read(into: buffer, until: deadline)
                if count == 0 { throw RedisError.connectionLost("the server hung up") }
                try reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return Session(stream, reader)
    }
}
