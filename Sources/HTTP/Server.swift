package import EventLoop
internal import Glibc

/// One listening socket on one loop, with its connections. For N loops make N servers on one port: the kernel spreads the
/// connections (SO_REUSEPORT).
package final class Server {
    private let state: ServerState
    private let listener: Listener
    private var sessions: [Session] = []
    private var perAddress: [String: Int] = [:]
    private let room: Waiter
    private let drained: Waiter
    private var isRunning = false
    /// Accepted when the end began, and not served yet.
    private var late: [Int32] = []
    private var lastRelief = Deadline(nanoseconds: 0)
    package private(set) var accepted = 0
    /// Connections accepted and not yet closed, those included whose task has not begun.
    package private(set) var connections = 0
    /// Times that descriptors had run out.
    package private(set) var outOfDescriptors = 0

    /// Listens at once; `run` then accepts. `observe` is called on the loop after each exchange and must not wait.
    package init(
        loop: Loop, address: Address, router: Router, limits: Limits = .standard, observe: @escaping (Exchange) -> Void = { _ in }
    ) throws(SystemError) {
        state = ServerState(loop, router, limits, observe)
        listener = try Listener(address, on: loop)
        room = Waiter(loop, survivesClosing: true)
        drained = Waiter(loop, survivesClosing: true)
        state.budget.relieve = { [weak self] bytes in self?.relieve(for: bytes) }
    }

    /// Where it listens, with the port that the kernel chose.
    package var address: Address { listener.address }

    /// Bytes held now for all connections: requests not answered yet, answers not sent yet.
    package var buffered: Int { state.budget.held }

    /// Accepts and serves until `end`, or until the loop closes; returns when the last connection is gone.
    package func run(on loop: isolated Loop) async {
        let local = loop.keep(self)
        isRunning = true
        await withDiscardingTaskGroup { group in
            while let fd = await next() {
                group.addTask { await loop.enter { loop in await loop[local].serve(fd) } }
            }
        }
        isRunning = false
        // The address may be asked for again as soon as this returns.
        listener.close()
    }

    /// The next connection; nil where there will be none.
    private func next() async -> Int32? {
        while !state.isEnding {
            do {
                while connections >= state.limits.connections && !state.isEnding { try await room.wait() }
                // A burst of connections must not keep the accepted ones from being served.
                if accepted % 64 == 63 { try await state.loop.yield() }
                if state.isEnding { break }
                let fd = try await listener.accept()
                accepted += 1
                connections += 1
                return fd
            } catch let error as SystemError where error.isOutOfDescriptors {
                // The connection stays in the backlog; trying again at once would only burn the processor.
                outOfDescriptors += 1
                do { try await room.wait(until: .after(state.limits.acceptPause)) } catch { if error != .timedOut { break } }
            } catch {
                break
            }
        }
        return late.isEmpty ? nil : late.removeFirst()
    }

    /// While ending: what the kernel has accepted for us already, and whose peer believes to be connected.
    private func takeBacklog() {
        while isRunning && connections < state.limits.connections, let fd = try? listener.acceptNow() {
            accepted += 1
            connections += 1
            late.append(fd)
        }
    }

    /// The budget is passed, or would be by so many bytes more: takes back what the idle keep, then cuts readers that stand
    /// still, the one first that does so longest. Not more than once in a tenth of the time that others wait for room, since
    /// it looks at all.
    private func relieve(for bytes: Int) {
        let now = Deadline.now
        if now < lastRelief + state.limits.roomTime / 10 { return }
        lastRelief = now
        for session in sessions where session.isIdle { session.release() }
        if state.budget.hasRoom(for: bytes) { return }
        let patience = state.limits.roomTime.nanoseconds
        let stalled = sessions.filter { session in
            session.output.stalledSince.map { now.nanoseconds >= $0 &+ patience } ?? false
        }
        for session in stalled.sorted(by: { $0.output.stalledSince ?? 0 < $1.output.stalledSince ?? 0 }) {
            if state.budget.hasRoom(for: bytes) { return }
            session.stream.abort()
            session.release()
        }
    }

    private func serve(_ fd: Int32) async {
        defer { leave() }
        guard let stream = try? Stream(fd, on: state.loop) else { return }
        let peer = stream.peer
        if perAddress[peer, default: 0] >= state.limits.connectionsPerAddress {
            stream.abort()
            return
        }
        perAddress[peer, default: 0] += 1
        let session = Session(stream, state, peer: peer)
        session.index = sessions.count
        sessions.append(session)
        if state.isDeaf { endReading(session) }
        await session.run()
        remove(session)
    }

    private func remove(_ session: Session) {
        let peer = session.facts.peer
        let left = perAddress[peer, default: 1] - 1
        perAddress[peer] = left == 0 ? nil : left
        let last = sessions.removeLast()
        if last !== session {
            sessions[session.index] = last
            last.index = session.index
        }
    }

    private func leave() {
        connections -= 1
        if room.isWaiting { room.wake() }
        if state.isEnding && connections == 0 && drained.isWaiting { drained.wake() }
    }

    /// Wakes a session that waits for a next request: what came meanwhile is still read, then the end (shutdown(2)).
    private func endReading(_ session: Session) { shutdown(session.stream.descriptor, Int32(SHUT_RD)) }

    /// Refuses new connections, answers every request that was read in full with `Connection: close`, and returns when
    /// the last connection is gone; what is left after `grace` is cut. Who is connected and has no request here is given
    /// `Limits.lastWord` for one: it may be on its way. True where nothing had to be cut.
    @discardableResult
    package func end(within grace: Duration) async -> Bool {
        let deadline = Deadline.after(grace)
        if !state.isEnding {
            state.isEnding = true
            takeBacklog()
            listener.close()
            if room.isWaiting { room.wake() }
        }
        if connections > 0 && !state.isDeaf {
            try? await drained.wait(until: min(deadline, .after(state.limits.lastWord)))
            state.isDeaf = true
            for session in sessions where session.phase != .busy { endReading(session) }
        }
        while connections > 0 {
            do {
                try await drained.wait(until: deadline)
            } catch {
                for session in sessions { session.stream.abort() }
                return false
            }
        }
        return true
    }
}
