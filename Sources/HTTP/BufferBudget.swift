internal import EventLoop

/// The memory that all connections of one server hold together: what was read and is not answered yet, and what is queued for
/// readers. Past it nobody reads on who holds an unfinished message; who still finds no room after `Limits.roomTime` is refused
/// (503) and gives back what he holds, so that it always gets better by itself.
final class BufferBudget {
    let limit: Int
    private(set) var held = 0
    /// What makes room for so many bytes more: buffers of the idle, readers that stand still.
    var relieve: ((Int) -> Void)?
    /// Stored answers that a slow reader waits for: their bytes are a cache's, and count once however many read them.
    private var shared: [ObjectIdentifier: (readers: Int, bytes: Int)] = [:]
    private var waiting: [Waiter] = []

    init(limit: Int) { self.limit = limit }

    var isOver: Bool { held > limit }

    func hasRoom(for bytes: Int) -> Bool { held + bytes <= limit }

    func change(by bytes: Int) {
        if bytes == 0 { return }
        held += bytes
        if bytes > 0 {
            if isOver { relieve?(0) }
        } else if !isOver && !waiting.isEmpty {
            let woken = waiting
            waiting = []
            for waiter in woken { waiter.wake() }
        }
    }

    func hold(_ answer: Prebuilt) {
        let id = ObjectIdentifier(answer)
        let readers = shared[id]?.readers ?? 0
        shared[id] = (readers + 1, answer.body.count)
        if readers == 0 { change(by: answer.body.count) }
    }

    func release(_ answer: Prebuilt) {
        let id = ObjectIdentifier(answer)
        guard let entry = shared[id] else { return }
        shared[id] = entry.readers == 1 ? nil : (entry.readers - 1, entry.bytes)
        if entry.readers == 1 { change(by: -entry.bytes) }
    }

    /// Waits until there is room again; false where there was none in time.
    func awaitRoom(on loop: Loop, until deadline: Deadline) async throws -> Bool {
        while isOver {
            let waiter = Waiter(loop)
            waiting.append(waiter)
            do {
                try await waiter.wait(until: deadline)
            } catch WaitError.timedOut {
                waiting.removeAll { $0 === waiter }
                return !isOver
            }
        }
        return true
    }
}

/// What one holder has told the budget.
struct Holding {
    private var bytes = 0

    /// By how much it holds more than it said last. To be told to the budget when this is over: the budget may ask the same
    /// holder, at once, to give everything back.
    @inline(__always)
    mutating func change(to now: Int) -> Int {
        let change = now - bytes
        bytes = now
        return change
    }
}
