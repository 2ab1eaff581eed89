internal import Glibc
internal import Synchronization

/// What supervision has to tell.
package enum ServerEvent: Sendable, Equatable {
    case died(server: String)
    case restarted(server: String)
    case failed(server: String, reason: String)
}

/// The life of one server of one data directory, shared by all processes that use the directory. Two locks in it:
/// `*.lock`, held for the moments in which somebody starts or stops the server, and `*.users`, held shared by every
/// user for as long as it is one. Whoever finds the server dead starts it; whoever leaves last stops it. A user that is
/// killed loses its locks, its server lives on, and the next user finds and keeps it.
final class PrivateServer: Sendable {
    private struct Watch {
        var thread: pthread_t?
        var stopping = false
        var left = false
    }

    let kind: any ServerKind
    private let lock: DirectoryLock
    private let users: DirectoryLock
    private let watch = Mutex(Watch())

    /// Attaches to the running server or starts one; returns when it serves. `locks` is a path to which suffixes are added.
    init(_ kind: any ServerKind, locks: String) throws {
        self.kind = kind
        lock = try DirectoryLock(locks + ".lock")
        users = try DirectoryLock(locks + ".users")
        lock.exclusive()
        defer { lock.release() }
        users.shared()
        try ensureRunning()
    }

    /// With the lock held.
    private func ensureRunning() throws {
        if let process = kind.runningProcess() { return try awaitReady(process) }
        try kind.clearOrphans()
        try kind.prepare()
        keepLogSmall()
        let process = try Child.start(kind.account.command(kind.arguments), log: kind.log)
        try awaitReady(process)
    }

    /// Recovery after a crash may take minutes and is not cut short: a server that lives is waited for.
    private func awaitReady(_ process: pid_t) throws {
        for _ in 0..<(10 * 60 * 50) {
            if kind.isReady(process) { return }
            if !Child.isAlive(process) {
                throw ServerError("\(kind.name) did not start: \(Child.lastLines(of: kind.log)) (log: \(kind.log))")
            }
            if isStopping { break }
            usleep(20_000)
        }
        throw ServerError("\(kind.name) (process \(process)) lives but serves nobody (log: \(kind.log))")
    }

    private func keepLogSmall() {
        if let facts = Files.facts(kind.log), facts.bytes > 16 << 20 { rename(kind.log, kind.log + ".1") }
    }

    private var isStopping: Bool { watch.withLock { $0.stopping } }

    /// Starts the watching thread: looks every 100 ms, restarts a dead server, waits longer (up to 5 s) while that fails.
    func supervise(_ observe: @escaping @Sendable (ServerEvent) -> Void) throws {
        // Looked up before the thread runs: a death in between must not go unsaid.
        let start = Unmanaged.passRetained(WatchStart(server: self, process: kind.runningProcess(), observe: observe))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { raw in
            let start = Unmanaged<WatchStart>.fromOpaque(raw!).takeRetainedValue()
            start.server.keepWatch(from: start.process, start.observe)
            return nil
        }, start.toOpaque())
        if code != 0 {
            start.release()
            throw ServerError("\(kind.name): no thread for its supervision: \(String(cString: strerror(code)))")
        }
        let created = thread
        watch.withLock { $0.thread = created }
    }

    private func keepWatch(from known: Int32?, _ observe: (ServerEvent) -> Void) {
        var process = known
        var pause: UInt32 = 100_000
        while !isStopping {
            rest(pause)
            if let known = process, Child.isAlive(known) { continue }
            if isStopping { return }
            if process != nil { observe(.died(server: kind.name)) }
            do {
                lock.exclusive()
                defer { lock.release() }
                try ensureRunning()
                process = kind.runningProcess()
                pause = 100_000
                observe(.restarted(server: kind.name))
            } catch {
                process = nil
                pause = min(pause * 2, 5_000_000)
                if !isStopping { observe(.failed(server: kind.name, reason: "\(error)")) }
            }
        }
    }

    /// In steps, so that stop() need not wait for a long pause.
    private func rest(_ microseconds: UInt32) {
        var left = microseconds
        while left > 0 && !isStopping {
            usleep(min(left, 50_000))
            left -= min(left, 50_000)
        }
    }

    /// Ends supervision, and the server too unless another user of the directory is there. Safe to call twice.
    func stop() {
        let (thread, again) = watch.withLock { watch in
            defer { (watch.stopping, watch.left, watch.thread) = (true, true, nil) }
            return (watch.thread, watch.left)
        }
        if again { return }
        if let thread { pthread_join(thread, nil) }
        lock.exclusive()
        defer { lock.release() }
        guard users.tryExclusive() else { return }
        defer { users.release() }
        guard let process = kind.runningProcess() else { return }
        for (signal, seconds) in [(kind.stopSignal, 20.0), (kind.haltSignal, 5), (SIGKILL, 5)] {
            kill(process, signal)
            if Child.awaitEnd(of: process, seconds: seconds) { return }
        }
    }
}

/// Carries a closure through a C pointer.
private final class WatchStart: Sendable {
    let server: PrivateServer
    let process: Int32?
    let observe: @Sendable (ServerEvent) -> Void

    init(server: PrivateServer, process: Int32?, observe: @escaping @Sendable (ServerEvent) -> Void) {
        self.server = server
        self.process = process
        self.observe = observe
    }
}
