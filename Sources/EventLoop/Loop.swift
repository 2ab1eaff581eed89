internal import CSystem
internal import Glibc
internal import Synchronization

/// What a descriptor is waited for.
package enum Interest: Sendable {
    case read, write

    var bits: UInt32 { self == .read ? UInt32(CSYS_READ) : UInt32(CSYS_WRITE) }
}

/// One epoll thread as an actor. Whatever runs on it is plain Swift: connections, pools, parsers and caches are ordinary
/// classes, not `Sendable`, whose `async` methods run on their caller's actor, which is this one.
///
/// `ready`, `sleep` and `Waiter.wait` are the only ways to wait; each is called on the loop and stops the program with a
/// sentence where it is not.
package actor Loop {
    nonisolated let thread: LoopThread
    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
    package nonisolated var name: String { thread.name }
    private var kept: [AnyObject] = []

    /// Starts the thread. It lives until `stop()`; `name` is shown by ps and top (15 characters).
    package init(name: String) throws(SystemError) {
        thread = try LoopThread(name: name)
    }

    // MARK: Doors from outside

    /// Runs `body` on the loop, from anywhere. The only place in the program that makes a task with a preference for the
    /// loop's executor; children of its task groups inherit it, a bare `Task {}` would not.
    package nonisolated func run<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) async throws -> T {
        try await Task(executorPreference: thread) { try await self.enter(body) }.value
    }

    /// The same for a thread that has nothing else to do: it blocks until `body` has ended.
    package nonisolated func runBlocking<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) throws -> T {
        precondition(!thread.isCurrent, "runBlocking on the loop's own thread would never end")
        let box = ResultBox<T>()
        let task = Task(executorPreference: thread) {
            do { box.put(.success(try await self.enter(body))) } catch { box.put(.failure(error)) }
        }
        let result = box.take()
        _ = task
        return try result.get()
    }

    /// Starts `body` and does not wait for it. For roots that live as long as the loop.
    package nonisolated func start(_ body: @escaping @Sendable (isolated Loop) async -> Void) {
        Task(executorPreference: thread) { await self.enter(body) }
    }

    /// What children of a task group call to be isolated to the loop again.
    package func enter<T: Sendable, E: Error>(_ body: @Sendable (isolated Loop) async throws(E) -> T) async throws(E) -> T {
        try await body(self)
    }

    // MARK: Waiting

    /// Waits until `fd` may be read or written. A hint, not a promise: try, and wait again where the call would block.
    /// One waiter for each descriptor and direction.
    package nonisolated(nonsending) func ready(
        _ fd: Int32, _ interest: Interest, until deadline: Deadline = .never
    ) async throws(WaitError) {
        try await thread.ready(fd, interest, until: deadline)
    }

    /// Waits for time to pass. Throws `.closing` when the loop shuts down meanwhile.
    package nonisolated(nonsending) func sleep(until deadline: Deadline) async throws(WaitError) {
        do {
            try await thread.suspend(Slot(isFree: true), until: deadline)
        } catch {
            if error != .timedOut { throw error }
        }
    }

    package nonisolated(nonsending) func sleep(for duration: Duration) async throws(WaitError) {
        try await sleep(until: .after(duration))
    }

    /// Lets the other jobs of this turn go first, and the sockets be looked at.
    package nonisolated(nonsending) func yield() async throws(WaitError) {
        try await sleep(until: .now)
    }

    // MARK: Objects of the loop

    /// Keeps an object that is not `Sendable` on this loop, and gives a token for it that is.
    package func keep<T: AnyObject>(_ object: T) -> Local<T> {
        kept.append(object)
        return Local(loop: self, index: kept.count - 1)
    }

    /// The object behind a token of this loop.
    package subscript<T: AnyObject>(local: Local<T>) -> T {
        precondition(local.loop === self, "an object of loop \(local.loop.name) asked of loop \(name)")
        return kept[local.index] as! T
    }

    // MARK: State and end

    package var counters: LoopCounters { thread.counters }
    package var waiting: Int { thread.waiting }
    /// How long its turns take, for any thread to read.
    package nonisolated var load: LoopLoad { thread.load }
    /// When this turn of the loop began: for deadlines of seconds, which a clock's reading each would make no better.
    package nonisolated var turnTime: Deadline {
        thread.checkIsolated()
        return thread.turnTime
    }
    package nonisolated var isClosing: Bool { thread.isCurrent && thread.closing }

    /// Resumes every waiter with `.closing`; every later wait fails at once, but for a `Waiter` made to survive it.
    package func beginClosing() { thread.beginClosing() }

    /// Ends the thread and waits for it; tasks must have ended. Not from the loop itself.
    package nonisolated func stop() { thread.stop() }
}

/// A token for an object that lives on a loop: `Sendable`, where the object is not.
package struct Local<T: AnyObject>: Sendable {
    package let loop: Loop
    let index: Int
}

/// One task of a loop waits for another of the same loop.
///
/// A wake-up that comes first is remembered, once. Not `Sendable`: it stays on its loop.
package final class Waiter {
    package let loop: Loop
    let slot: Slot

    /// `survivesClosing`: for what must still be awaited while the loop shuts down (draining).
    package init(_ loop: Loop, survivesClosing: Bool = false) {
        self.loop = loop
        slot = Slot(isFree: true, survivesClosing: survivesClosing)
    }

    package var isWaiting: Bool { slot.isWaiting }

    package func wait(until deadline: Deadline = .never) async throws(WaitError) {
        if slot.takeLatch() { return }
        try await loop.thread.suspend(slot, until: deadline)
    }

    package func wake() {
        loop.thread.checkIsolated()
        slot.wake(latching: true)
    }
}

/// Hands one result from the loop to a blocked thread, over a pipe.
private final class ResultBox<T: Sendable>: Sendable {
    private let result = Mutex<Result<T, any Error>?>(nil)
    private let ends: (read: Int32, write: Int32)

    init() {
        var fds: [Int32] = [0, 0]
        precondition(csys_pipe(&fds) == 0, "no descriptor left for a pipe")
        ends = (fds[0], fds[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    func put(_ value: Result<T, any Error>) {
        result.withLock { $0 = value }
        var byte: UInt8 = 1
        _ = write(ends.write, &byte, 1)
    }

    func take() -> Result<T, any Error> {
        while true {
            if let value = result.withLock({ $0 }) { return value }
            var wait = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
            _ = poll(&wait, 1, -1)
        }
    }
}
