internal import EventLoop
internal import Glibc
internal import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP while a command is at work. As a rule the first one ends the command in order; a command that has
/// something to do first holds it. The second one ends the process at once: the store is made for that.
final class Interrupts: Sendable {
    private struct State {
        var count = 0
        var isHeld = false
        var leave: (@Sendable () -> Void)?
    }

    static let exitCode: Int32 = 130

    private let state = Mutex(State())
    private let loop: Loop

    /// From here on signals do nothing by themselves.
    init() throws {
        try ProcessSignals.prepare()
        let loop = try Loop(name: "signals")
        self.loop = loop
        loop.start { loop in await self.watch(on: loop) }
    }

    func stop() {
        try? loop.runBlocking { loop in loop.beginClosing() }
        loop.stop()
    }

    /// What is done before the process ends by the first signal.
    func beforeLeaving(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.leave = body } }

    /// The first signal is left to the command, which looks at `hasCome`.
    func hold() { state.withLock { $0.isHeld = true } }
    func release() { state.withLock { $0.isHeld = false } }

    var hasCome: Bool { state.withLock { $0.count > 0 } }

    private func watch(on loop: isolated Loop) async {
        while true {
            if ProcessSignals.wait(milliseconds: 0) != nil { came() }
            guard (try? await loop.sleep(for: .milliseconds(50))) != nil else { return }
        }
    }

    private func came() {
        let (count, isHeld, leave) = state.withLock { state in
            state.count += 1
            return (state.count, state.isHeld, state.leave)
        }
        if count == 1, isHeld { return }
        // The terminal has shown ^C: what follows begins on a line of its own.
        if Terminal.isTerminal(Terminal.errors) { Terminal.write([10], to: Terminal.errors) }
        if count == 1 {
            Self.letSignalsEndUs()
            leave?()
        }
        _exit(Self.exitCode)
    }

    /// Stopping a private server may take a while, during which nobody looks for the next signal.
    private static func letSignalsEndUs() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}
