/// Counts that a test can compare exactly, where times could not be.
package struct LoopCounters: Sendable, Equatable {
    /// Jobs enqueued by the loop's own thread.
    package var enqueues = 0
    /// Jobs run.
    package var jobs = 0
    package var turns = 0
    package var polls = 0
    /// Times that another thread had to ring the bell.
    package var wakeups = 0
}
