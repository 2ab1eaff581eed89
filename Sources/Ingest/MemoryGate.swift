internal import EventLoop

/// What a process that works may have resident.
package struct MemoryLimit: Sendable {
    package let bytes: Int
    /// Resident now; nil where that is not known: then nothing is held back.
    package var resident: @Sendable () -> Int? = { ProcessMemory.resident }
    /// Has the heap give back what lies free in it.
    package var giveBack: @Sendable () -> Void = { ProcessMemory.giveBack() }
    /// For so long memory may stay above while nothing of the worker's is under way, until what waits is ended.
    package var patience = Duration.seconds(60)

    package init(bytes: Int) { self.bytes = bytes }
}

/// Keeps a worker from beginning calls while its process has more memory resident than it may. What is under way goes on.
final class MemoryGate {
    private let limit: MemoryLimit
    private let observe: (IngestEvent) -> Void
    private var nextGiveBack = Deadline(nanoseconds: 0)
    /// Until then memory may stay above while nothing is under way.
    private var lastHope: Deadline?
    private var isShut = false

    /// Giving back takes some milliseconds, and holds up who allocates.
    private static let pause = Duration.seconds(5)

    init(_ limit: MemoryLimit, observe: @escaping (IngestEvent) -> Void) {
        self.limit = limit
        self.observe = observe
    }

    /// What is resident beyond the limit, though the heap was asked to give back; nil where a call may be begun.
    private func excess() -> Int? {
        guard var resident = limit.resident(), resident > limit.bytes else { return nil }
        if nextGiveBack <= .now {
            limit.giveBack()
            nextGiveBack = .after(Self.pause)
            resident = limit.resident() ?? 0
        }
        return resident > limit.bytes ? resident : nil
    }

    /// Whether a call may be begun now.
    func isOpen() -> Bool {
        let resident = excess()
        if let resident, !isShut { observe(.memoryShort(resident: resident, limit: limit.bytes)) }
        isShut = resident != nil
        return !isShut
    }

    /// Why nothing will be begun by this worker any more, in figures; nil where there is hope. `isIdle`: nothing of its own is under way
    /// that could end and leave memory free. To be asked now and then.
    func despair(isIdle: Bool) -> String? {
        guard isIdle, let resident = excess() else {
            lastHope = nil
            return nil
        }
        let end = lastHope ?? .after(limit.patience)
        lastHope = end
        return end <= .now ? "memory \(Self.megabytes(resident)) MB, MAX_MEMORY_USAGE \(Self.megabytes(limit.bytes)) MB" : nil
    }

    /// Of 1024 x 1024 bytes, rounded up.
    private static func megabytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
