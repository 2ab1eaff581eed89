package import Series
package import Store

/// Work that no upstream is asked for: what a file at hand says, or what follows from what is held.
package protocol LocalWork {
    /// Carries a task out. Stores what it comes to as it goes, each piece in a transaction of its own that holds the task (its fence), or
    /// all of it with the task's end in one; looks at `task.isHalted` between pieces. Begun again after an end that was not its own it
    /// must come to the same.
    ///
    /// Throws what the store throws: where that may pass it is begun again, where the store refuses, the task ends as failed.
    func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd
}

/// How such work ended.
package enum LocalEnd: Sendable {
    /// What it came to is stored, all but the task's end, which the worker stores with this receipt (its rows, if any, with it).
    case ends(TaskResult, written: Int)
    /// All is stored, the task's end included.
    case stored(TaskResult, written: Int)
    /// It was broken off: the task goes back to the queue.
    case halted
    /// It cannot be done here, but another worker may be able to: it is tried again for a while, and then fails. Why.
    case elsewhere(String)
}

/// A task under way, as its work sees it.
package final class LocalTask {
    private let holding: HeldTask

    init(_ holding: HeldTask) { self.holding = holding }

    /// By now: the worker claims its own task anew where the store was away for longer than a lease.
    package var claim: ClaimedTask { holding.claim }
    /// Nobody wants it to go on: its ingestion is paused or cancelled, another worker has it, or this one stops.
    package var isHalted: Bool { holding.isHalted }
}
