internal import Synchronization

/// How a pool's connections stand, for those who watch it from other threads. Written on the pool's loop.
package final class PoolGauge: Sendable {
    package let size: Int
    private let leasedNow = Atomic(0)
    private let waitingNow = Atomic(0)

    init(size: Int) { self.size = size }

    /// Lent, or being made for somebody.
    package internal(set) var inUse: Int {
        get { leasedNow.load(ordering: .relaxed) }
        set { leasedNow.store(newValue, ordering: .relaxed) }
    }

    /// Callers without one.
    package internal(set) var waiting: Int {
        get { waitingNow.load(ordering: .relaxed) }
        set { waitingNow.store(newValue, ordering: .relaxed) }
    }
}
