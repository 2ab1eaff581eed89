internal import EventLoop

/// How fast clients may ask, in real time: a counter a name that leaks, and a block for who goes on asking when refused. The name is a
/// pair of the exchange, or a key of the metrics service.
struct PaceKeeper {
    private struct Counter {
        var level = 0.0
        var at: UInt64 = 0
    }

    private var counters: [String: Counter] = [:]
    private var refused: [UInt64] = []
    private var blockedUntil: UInt64 = 0

    /// Counts a call of `pair` at `now` (nanoseconds); false where it is to be refused. A refused call does not lift the counter.
    mutating func take(_ pair: String, _ faults: Sandbox.KrakenFaults, now: UInt64 = Deadline.now.nanoseconds) -> Bool {
        if faults.hammer != nil, now < blockedUntil { return false }
        let isWithin = take(pair, faults.rateLimit, now: now)
        if !isWithin, let hammer = faults.hammer { hammered(hammer, now) }
        return isWithin
    }

    mutating func take(_ name: String, _ limit: Sandbox.RateLimit?, now: UInt64 = Deadline.now.nanoseconds) -> Bool {
        guard let limit else { return true }
        var counter = counters[name] ?? Counter()
        let fallen = Double(now &- counter.at) / 1e9 * limit.perSecond
        counter.level = max(0, counter.level - fallen)
        counter.at = now
        let isWithin = counter.level + 1 <= Double(limit.burst)
        if isWithin { counter.level += 1 }
        counters[name] = counter
        return isWithin
    }

    private mutating func hammered(_ hammer: Sandbox.KrakenFaults.Hammer, _ now: UInt64) {
        let window = UInt64(hammer.seconds) * 1_000_000_000
        refused.removeAll { now - $0 >= window }
        refused.append(now)
        if refused.count < hammer.calls { return }
        blockedUntil = now + UInt64(hammer.blockSeconds) * 1_000_000_000
        refused = []
    }
}
