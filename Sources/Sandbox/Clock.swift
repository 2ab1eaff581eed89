internal import EventLoop
internal import Glibc

/// The sandbox's own time: the wall clock, or one that starts anywhere and runs at any speed (0 stands still).
struct Clock: Sendable {
    private let start: Int64?
    private let speed: Double
    private let origin = Deadline.now

    init(start: Int64?, speed: Double) {
        self.start = start
        self.speed = speed
    }

    /// Milliseconds since 1970.
    var milliseconds: Int64 {
        guard let start else {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
        }
        let elapsed = Double(Deadline.now.nanoseconds - origin.nanoseconds) / 1e6
        return start * 1_000 + Int64(elapsed * speed)
    }

    /// Seconds since 1970.
    var now: Int64 {
        guard let start else { return Int64(time(nil)) }
        let elapsed = Double(Deadline.now.nanoseconds - origin.nanoseconds) / 1e9
        return start + Int64(elapsed * speed)
    }
}
