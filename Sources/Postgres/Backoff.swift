internal import EventLoop

/// When to try again: twice as long after each failure up to a cap, and at a random point of the second half of that time,
/// so that many processes do not come back together.
package struct Backoff: Sendable {
    package let first: Duration
    package let cap: Duration
    private var current: Duration
    private var next: Deadline?

    package init(first: Duration, cap: Duration) {
        self.first = first
        self.cap = cap
        current = first
    }

    /// The next try may be made.
    package var isOver: Bool { next.map { $0 <= .now } ?? true }

    package mutating func failed() {
        let half = current / 2
        next = .after(half + half * Double.random(in: 0...1))
        current = min(current * 2, cap)
    }

    package mutating func reset() {
        current = first
        next = nil
    }
}
