internal import Glibc

/// A point on the monotonic clock (CLOCK_MONOTONIC, clock_gettime(2)) at which a wait ends. Never the wall clock: a
/// deadline must not move when somebody sets the time.
package struct Deadline: Sendable, Comparable, Hashable {
    /// Nanoseconds since the clock's own start.
    package let nanoseconds: UInt64

    package static let never = Deadline(nanoseconds: .max)

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static var now: Deadline {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return Deadline(nanoseconds: UInt64(t.tv_sec) * 1_000_000_000 + UInt64(t.tv_nsec))
    }

    package static func after(_ duration: Duration) -> Deadline { now + duration }

    package static func + (deadline: Deadline, duration: Duration) -> Deadline {
        if deadline == .never { return .never }
        let (seconds, attoseconds) = duration.components
        let ns = max(0, seconds) .multipliedReportingOverflow(by: 1_000_000_000)
        if ns.overflow { return .never }
        let whole = ns.partialValue + max(0, attoseconds) / 1_000_000_000
        let sum = deadline.nanoseconds.addingReportingOverflow(UInt64(whole))
        return sum.overflow ? .never : Deadline(nanoseconds: sum.partialValue)
    }

    /// What is left, zero where it has passed.
    package var remaining: Duration {
        if self == .never { return .seconds(Int64.max / 1_000_000_000) }
        let now = Deadline.now.nanoseconds
        return .nanoseconds(nanoseconds > now ? Int64(min(nanoseconds - now, UInt64(Int64.max))) : 0)
    }

    /// Since an instant that is past; 0 where it is not.
    package var secondsAgo: Double { max(0, (Double(Deadline.now.nanoseconds) - Double(nanoseconds)) / 1e9) }

    package static func < (a: Deadline, b: Deadline) -> Bool { a.nanoseconds < b.nanoseconds }
}

/// Why a wait ended without what it waited for.
package enum WaitError: Error, Equatable, Sendable {
    /// The deadline passed.
    case timedOut
    /// The descriptor was closed by its owner while somebody waited on it.
    case closed
    /// The loop is shutting down.
    case closing
}
