internal import EventLoop

/// The requests of one loop that wait for something to end. Bounded, so that nobody can fill a server with sleepers, and
/// ended at once where the service stops.
final class Patience {
    /// How many may wait at a time; one more is answered at once.
    static let most = 256

    private let loop: Loop
    private var waiting: [ObjectIdentifier: Waiter] = [:]
    private var count = 0
    private var isOver = false

    init(_ loop: Loop) { self.loop = loop }

    /// A place among those who wait; false where there is none. `leave` gives it back.
    func enter() -> Bool {
        if isOver || count >= Self.most { return false }
        count += 1
        return true
    }

    func leave() { count -= 1 }

    /// Lets time pass; false where the service stops meanwhile.
    func pause(until deadline: Deadline) async -> Bool {
        if isOver { return false }
        let waiter = Waiter(loop)
        waiting[ObjectIdentifier(waiter)] = waiter
        defer { waiting[ObjectIdentifier(waiter)] = nil }
        do throws(WaitError) { try await waiter.wait(until: deadline) } catch { return error == .timedOut && !isOver }
        return !isOver
    }

    func end() {
        isOver = true
        for waiter in waiting.values { waiter.wake() }
    }
}
