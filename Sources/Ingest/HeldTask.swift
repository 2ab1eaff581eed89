internal import EventLoop
internal import Store

/// A task under way in this worker. The claim may change while the work goes on: where the store was away for longer than
/// the lease, the worker claims its own task anew.
final class HeldTask {
    var claim: ClaimedTask
    /// Names the call to the sender of its requests.
    let call: Int
    /// The shown clock when its call began.
    var askedAt: Int64?
    /// When its first request was let go.
    var begunAt: Deadline?

    init(_ claim: ClaimedTask, call: Int) {
        self.claim = claim
        self.call = call
    }
}
