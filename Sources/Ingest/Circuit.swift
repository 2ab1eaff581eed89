internal import EventLoop

/// Whether a path of an upstream answers at all. After some failures in a row nothing is sent there for a while, then one request,
/// the probe: an upstream that is away would eat the quota for nothing. What is not sent fails at once, and is tried again by the rules
/// that hold for any failure.
struct Circuit {
    enum Passage {
        case open
        /// It goes first; the others wait for what becomes of it.
        case probe
        case wait
        case closed
    }

    /// More than one request of each call that is under way at a time may fail of one cause.
    static let failuresMax = 8
    private static let restSecondsMax = 30.0

    private(set) var failures = 0
    private var restSeconds = 1.0
    private var closedUntil = Deadline(nanoseconds: 0)
    private var isProbing = false

    mutating func passage(now: Deadline) -> Passage {
        if failures < Self.failuresMax { return .open }
        if isProbing { return .wait }
        if now < closedUntil { return .closed }
        isProbing = true
        return .probe
    }

    /// `isWell`: nil where nothing was learnt. True where this closed the path.
    mutating func ended(_ isWell: Bool?, asProbe: Bool, now: Deadline) -> Bool {
        if asProbe { isProbing = false }
        guard let isWell else { return false }
        if isWell {
            (failures, restSeconds) = (0, 1)
            return false
        }
        failures += 1
        // Requests that were under way when it closed say nothing new.
        guard failures >= Self.failuresMax, now >= closedUntil else { return false }
        closedUntil = now + .nanoseconds(Int64(restSeconds * 1e9))
        restSeconds = min(restSeconds * 2, Self.restSecondsMax)
        return failures == Self.failuresMax
    }
}
