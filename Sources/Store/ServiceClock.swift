internal import Glibc

/// The clock that decides what is due: the wall clock, or one that starts elsewhere and may run faster (`GAPLESS_CLOCK`).
package struct ServiceClock: Sendable {
    package let stored: Store.StoredClock

    package init(_ stored: Store.StoredClock) { self.stored = stored }

    /// Shown time, seconds since 1970.
    package var now: Int64 { Int64(exactNow) }

    /// The same with its fractions: quotas of many requests a second need them.
    package var exactNow: Double { stored.shown(real: Self.realNow) }

    /// How long `seconds` of shown time take.
    package func realSeconds(_ seconds: Double) -> Double { seconds / stored.speed }

    /// How much of the shown clock passes in `seconds` of real time.
    package func shownSeconds(_ seconds: Double) -> Double { seconds * stored.speed }

    package var isReal: Bool { stored.speed == 1 && stored.realAt == stored.shownAt }

    /// The wall clock, seconds since 1970 with fractions (clock_gettime(2), CLOCK_REALTIME).
    package static var realNow: Double {
        var t = timespec()
        clock_gettime(CLOCK_REALTIME, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9
    }
}
