internal import Synchronization

/// How long a loop's turns take: from the moment that the kernel says what is ready to the moment that it is asked again. Whatever waits
/// for the loop waits that long. Written by the loop's thread, read by anybody.
package final class LoopLoad: Sendable {
    /// Upper bounds in nanoseconds; what is longer is counted in one more.
    package static let bounds: [UInt64] = [100_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000, 1_000_000_000]

    private let within100us = Atomic(0)
    private let slower: InlineArray<8, Atomic<Int>> = InlineArray { _ in Atomic(0) }
    private let busy = Atomic<UInt64>(0)

    /// One writer: relaxed counts are exact.
    func add(_ nanoseconds: UInt64) {
        busy.wrappingAdd(nanoseconds, ordering: .relaxed)
        // Nearly every turn.
        if nanoseconds <= 100_000 {
            within100us.wrappingAdd(1, ordering: .relaxed)
            return
        }
        var place = 0
        while place < 7, nanoseconds > Self.bounds[place + 1] { place += 1 }
        slower[place].wrappingAdd(1, ordering: .relaxed)
    }

    /// Turns by bound, and the seconds of them all.
    package var snapshot: (counts: [Int], seconds: Double) {
        let counts = [within100us.load(ordering: .relaxed)] + (0..<8).map { slower[$0].load(ordering: .relaxed) }
        return (counts, Double(busy.load(ordering: .relaxed)) / 1e9)
    }
}
