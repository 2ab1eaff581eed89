internal import CSystem
internal import Glibc
internal import Synchronization

/// The thread behind a `Loop`. Two kinds of state: `mailbox`, shared, under its lock; everything else, touched only by
/// the thread itself, which `precondition`s hold at each door. This file is the only place of the house that says
/// `@unchecked Sendable`.
final class LoopThread: SerialExecutor, TaskExecutor, @unchecked Sendable {
    struct Mailbox: ~Copyable {
        var jobs: [UnownedJob] = []
        var asleep = false
        var stopped = false
    }

    let name: String
    private let mailbox = Mutex(Mailbox())
    private let epoll: Int32
    private let bell: Int32
    private var handle = pthread_t()

    // Of the thread alone.
    /// What it was given by itself, which needs no lock.
    private var own: [UnownedJob] = []
    private var batch: [UnownedJob] = []
    private(set) var turnTime = Deadline.now
    private var descriptors: [Descriptor] = []
    private var deadlines = DeadlineHeap()
    private var parked: [ObjectIdentifier: Slot] = [:]
    private var events = [csys_event](repeating: csys_event(), count: 256)
    private(set) var closing = false
    private(set) var counters = LoopCounters()
    let load = LoopLoad()

    init(name: String) throws(SystemError) {
        self.name = name
        epoll = try checked(csys_epoll_create(), "epoll_create1")
        bell = try checked(csys_eventfd(), "eventfd")
        try checked(csys_epoll_watch(epoll, bell, UInt32(CSYS_READ)), "epoll_ctl")
        let me = Unmanaged.passRetained(self)
        var created = pthread_t()
        let code = pthread_create(&created, nil, { raw in
            let thread = Unmanaged<LoopThread>.fromOpaque(raw!).takeRetainedValue()
            thread.main()
            return nil
        }, me.toOpaque())
        if code != 0 {
            me.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        handle = created
    }

    deinit {
        close(epoll)
        close(bell)
    }

    // MARK: Executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            own.append(job)
            counters.enqueues += 1
            return
        }
        let wake = mailbox.withLock { box in
            box.jobs.append(job)
            defer { box.asleep = false }
            return box.asleep
        }
        if wake { _ = csys_eventfd_wake(bell) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    func isSameExclusiveExecutionContext(other: LoopThread) -> Bool { self === other }
    func isIsolatingCurrentContext() -> Bool? { isCurrent }
    func checkIsolated() { precondition(isCurrent, "this code belongs on loop \(name)") }

    var isCurrent: Bool { pthread_equal(pthread_self(), handle) != 0 }

    // MARK: The thread

    private func main() {
        // pthread_create may run us before it has stored the handle in the creator.
        handle = pthread_self()
        _ = csys_name_thread(String(name.prefix(15)))
        let serial = asUnownedSerialExecutor()
        let task = asUnownedTaskExecutor()
        while true {
            counters.turns += 1
            swap(&own, &batch)
            let stopped = mailbox.withLock { box in
                batch.append(contentsOf: box.jobs)
                box.jobs.removeAll(keepingCapacity: true)
                return box.stopped && batch.isEmpty
            }
            if stopped { break }
            for job in batch { job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
            counters.jobs += batch.count
            batch.removeAll(keepingCapacity: true)
            poll()
        }
    }

    /// One look at epoll: without waiting where work remains, else to the next deadline.
    private func poll() {
        let idle = mailbox.withLock { box in
            let idle = box.jobs.isEmpty && own.isEmpty && !box.stopped
            box.asleep = idle
            return idle
        }
        var timeout: Int64 = 0
        // One reading ends the turn and tells how long to wait.
        let now = Deadline.now.nanoseconds
        load.add(now &- turnTime.nanoseconds)
        if idle {
            timeout = -1
            if let next = deadlines.first {
                timeout = next.nanoseconds > now ? Int64(min(next.nanoseconds - now, 3_600_000_000_000)) : 0
            }
        }
        let count = csys_epoll_wait(epoll, &events, Int32(events.count), timeout)
        counters.polls += 1
        if idle { mailbox.withLock { $0.asleep = false } }
        turnTime = .now
        if count < 0 {
            precondition(count == -EINTR, "epoll_wait: errno \(-count)")
            return
        }
        for i in 0..<Int(count) {
            let event = events[i]
            if event.fd == bell {
                _ = csys_eventfd_drain(bell)
                counters.wakeups += 1
            } else {
                deliver(event)
            }
        }
        if !deadlines.isEmpty { expire() }
    }

    private func deliver(_ event: csys_event) {
        let fd = Int(event.fd)
        guard fd < descriptors.count else { return }
        let descriptor = descriptors[fd]
        if event.events & UInt32(CSYS_HANGUP) != 0 { descriptor.hangup = true }
        if event.events & UInt32(CSYS_READ) != 0 { descriptor.read.wake(latching: descriptor.adopted) }
        if event.events & UInt32(CSYS_WRITE) != 0 { descriptor.write.wake(latching: descriptor.adopted) }
        if !descriptor.adopted { rearm(Int32(fd), descriptor) }
    }

    /// One shot fired for one direction; the other may still be waited for.
    private func rearm(_ fd: Int32, _ descriptor: Descriptor) {
        let interest = descriptor.interest
        if interest != 0, csys_epoll_arm(epoll, fd, interest) < 0 {
            descriptor.read.resume(.closed)
            descriptor.write.resume(.closed)
        }
    }

    private func expire() {
        let now = turnTime
        while let first = deadlines.first, first <= now {
            let slot = deadlines.removeFirst()
            guard slot.isWaiting else { continue }
            // A later wait on the same slot left the old, earlier entry in the heap: carry it on.
            if slot.deadline > now {
                deadlines.insert(slot)
            } else {
                slot.resume(.timedOut)
            }
        }
    }

    // MARK: Waiting (called on the thread)

    func descriptor(_ fd: Int32) -> Descriptor {
        precondition(fd >= 0, "a wait on a descriptor that is none")
        while descriptors.count <= Int(fd) { descriptors.append(Descriptor()) }
        return descriptors[Int(fd)]
    }

    /// Takes a socket for its whole life: edge-triggered, armed once. Undone by `close(_:)` only.
    func adopt(_ fd: Int32) throws(SystemError) {
        checkIsolated()
        try checked(csys_epoll_adopt(epoll, fd), "epoll_ctl")
        let descriptor = descriptor(fd)
        descriptor.adopted = true
        descriptor.hangup = false
        descriptor.read.latched = false
        descriptor.write.latched = false
    }

    func closeAdopted(_ fd: Int32) {
        checkIsolated()
        let descriptor = descriptor(fd)
        descriptor.adopted = false
        close(fd)
        descriptor.read.resume(.closed)
        descriptor.write.resume(.closed)
        // The number's next owner may be a library whose first wait must be a real one (PQconnectPoll).
        descriptor.read.latched = false
        descriptor.write.latched = false
    }

    func ready(_ fd: Int32, _ interest: Interest, until deadline: Deadline) async throws(WaitError) {
        checkIsolated()
        let descriptor = descriptor(fd)
        let slot = interest == .read ? descriptor.read : descriptor.write
        if slot.latched {
            slot.latched = false
            return
        }
        try await suspend(slot, until: deadline, arming: descriptor.adopted ? nil : (fd, descriptor))
    }

    /// All of the filing is done inside the continuation's body: between here and there the runtime may hop, and the loop
    /// may turn, when a caller's isolation is not statically the loop's.
    func suspend(_ slot: Slot, until deadline: Deadline, arming: (fd: Int32, of: Descriptor)? = nil) async throws(WaitError) {
        checkIsolated()
        if closing && !slot.survivesClosing { throw .closing }
        let outcome = await withUnsafeContinuation { (continuation: UnsafeContinuation<Slot.Outcome, Never>) in
            file(slot, continuation, until: deadline)
            if let arming, csys_epoll_arm(epoll, arming.fd, arming.of.interest) < 0 { slot.resume(.closed) }
        }
        if slot.isFree { parked[ObjectIdentifier(slot)] = nil }
        switch outcome {
        case .ready: return
        case .timedOut: throw .timedOut
        case .closed: throw .closed
        case .closing: throw .closing
        }
    }

    private func file(_ slot: Slot, _ continuation: UnsafeContinuation<Slot.Outcome, Never>, until deadline: Deadline) {
        checkIsolated()
        precondition(!slot.isWaiting, "two waiters on one slot")
        slot.continuation = continuation
        slot.deadline = deadline
        if slot.isFree { parked[ObjectIdentifier(slot)] = slot }
        if slot.takeLatch() { return slot.resume(.ready) }
        if deadline != .never { deadlines.insert(slot) }
    }

    /// Resumes every waiter with `.closing`; later waits fail at once.
    func beginClosing() {
        checkIsolated()
        closing = true
        for descriptor in descriptors {
            descriptor.read.resume(.closing)
            descriptor.write.resume(.closing)
        }
        for slot in Array(parked.values) where !slot.survivesClosing { slot.resume(.closing) }
    }

    /// Lets the thread end once its mailbox is empty, and waits for it. From another thread only.
    func stop() {
        precondition(!isCurrent, "a loop cannot join itself")
        mailbox.withLock { $0.stopped = true }
        _ = csys_eventfd_wake(bell)
        pthread_join(handle, nil)
    }

    var waiting: Int {
        parked.count + descriptors.reduce(0) { $0 + ($1.read.isWaiting ? 1 : 0) + ($1.write.isWaiting ? 1 : 0) }
    }
}

/// What the loop knows of one descriptor number.
final class Descriptor {
    let read = Slot()
    let write = Slot()
    /// Registered once, edge-triggered; else armed for each wait, because libpq and curl close their own descriptors
    /// and the kernel gives the number to somebody else.
    var adopted = false
    /// The peer has closed at least its half, or the socket failed: a short read no longer means "nothing is left".
    var hangup = false

    var interest: UInt32 {
        (read.isWaiting ? Interest.read.bits : 0) | (write.isWaiting ? Interest.write.bits : 0)
    }
}

/// One place where one task may wait.
final class Slot: @unchecked Sendable {
    enum Outcome { case ready, timedOut, closed, closing }

    fileprivate(set) var continuation: UnsafeContinuation<Outcome, Never>?
    fileprivate(set) var deadline = Deadline.never
    /// A wake-up that came before its waiter.
    fileprivate(set) var latched = false
    /// Not of a descriptor: the loop must find it at shutdown by itself.
    let isFree: Bool
    let survivesClosing: Bool
    /// Place in the heap and the key it was filed under; -1 where it is not filed.
    fileprivate var place = -1
    fileprivate var filed = Deadline.never

    init(isFree: Bool = false, survivesClosing: Bool = false) {
        self.isFree = isFree
        self.survivesClosing = survivesClosing
    }

    var isWaiting: Bool { continuation != nil }

    func wake(latching: Bool) {
        if continuation != nil {
            resume(.ready)
        } else if latching {
            latched = true
        }
    }

    func takeLatch() -> Bool {
        defer { latched = false }
        return latched
    }

    func resume(_ outcome: Outcome) {
        guard let waiting = continuation else { return }
        continuation = nil
        waiting.resume(returning: outcome)
    }
}

/// A binary heap of slots by deadline. A slot that is woken stays filed: most waits are followed by another on the same
/// slot with a later deadline, and then nothing needs to move until the old deadline comes up.
struct DeadlineHeap {
    private var slots: [Slot] = []

    var isEmpty: Bool { slots.isEmpty }
    var first: Deadline? { slots.first?.filed }

    mutating func insert(_ slot: Slot) {
        if slot.place >= 0 {
            if slot.deadline < slot.filed {
                slot.filed = slot.deadline
                siftUp(slot.place)
            }
            return
        }
        slot.filed = slot.deadline
        slot.place = slots.count
        slots.append(slot)
        siftUp(slot.place)
    }

    mutating func removeFirst() -> Slot {
        let first = slots[0]
        let last = slots.removeLast()
        if !slots.isEmpty {
            slots[0] = last
            last.place = 0
            siftDown()
        }
        first.place = -1
        return first
    }

    private mutating func siftUp(_ start: Int) {
        var i = start
        while i > 0 {
            let parent = (i - 1) / 2
            if slots[parent].filed <= slots[i].filed { return }
            exchange(i, parent)
            i = parent
        }
    }

    private mutating func siftDown() {
        var i = 0
        while true {
            var least = i
            for child in [2 * i + 1, 2 * i + 2] where child < slots.count && slots[child].filed < slots[least].filed {
                least = child
            }
            if least == i { return }
            exchange(i, least)
            i = least
        }
    }

    private mutating func exchange(_ a: Int, _ b: Int) {
        slots.swapAt(a, b)
        slots[a].place = a
        slots[b].place = b
    }
}
