internal import EventLoop
internal import Store

/// A task under way in this worker. The claim may change while the work goes on: where the store was away for longer than
/// the lease, the worker claims its own task anew.
final class HeldTask {
    var claim: ClaimedTask
    /// Names the call to the sender of its requests.
    let call: Int
    /// It was begun beyond the tasks that a worker has at once, since it is of the lane `live`.
    let isBeyond: Bool
    /// The shown clock when its call began.
    var askedAt: Int64?
    /// It is to be put down: whoever carries it out looks at this now and then.
    var isHalted = false
    /// What became of it is in the store: a lease that cannot be renewed says nothing then.
    var isPutDown = false
    /// When its first request was let go.
    var begunAt: Deadline?
    let meter: CallMeter

    init(_ claim: ClaimedTask, call: Int, isBeyond: Bool, meter: CallMeter) {
        self.claim = claim
        self.call = call
        self.isBeyond = isBeyond
        self.meter = meter
    }
}
