import Store
import Synchronization
import Testing

/// What processes do with a budget, drawn from a seed.
enum BudgetStory {
    /// One process's story: reserves again and again as time goes on, sends each at some moment between the grant's arrival and its
    /// end, gives some back. Returns the moments of sending.
    static func tell(_ store: Store, scope: String? = nil, seed: UInt64, clock: Clock) async throws -> [Double] {
        var dice = Dice(seed)
        var sent: [Double] = []
        for _ in 0..<120 {
            let now = clock.move(by: dice.next() * 0.2)
            let life = dice.next() * 2
            switch try await store.reserve(
                upstream: "u", scope: scope, wanted: 1 + Int(dice.next() * 6), now: now, goodFor: life
            ) {
            case .granted(let grant):
                // Others may have moved the clock meanwhile; what came too late is not sent.
                let arrival = clock.now
                var returned = dice.next() < 0.2 ? Int(dice.next() * Double(grant.count)) : 0
                if arrival > now + life { returned = grant.count }
                for _ in 0..<(grant.count - returned) { sent.append(arrival + dice.next() * (now + life - arrival)) }
                if returned > 0 {
                    try await store.giveBack(
                        upstream: "u", scope: scope, Store.Grant(count: returned, spentAt: grant.spentAt, isProbe: false))
                }
            case .wait(let seconds): clock.move(to: now + seconds)
            case .resting: Issue.record("nobody asked for a rest")
            }
        }
        return sent
    }

    /// One time for all processes.
    final class Clock: Sendable {
        let time = Mutex(1000.0)
        var now: Double { time.withLock { $0 } }
        func move(to instant: Double) { time.withLock { $0 = max($0, instant) } }
        func move(by seconds: Double) -> Double {
            time.withLock {
                $0 += seconds
                return $0
            }
        }
    }

    struct Dice {
        var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
        mutating func next() -> Double {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Double((state &* 0x2545_F491_4F6C_DD1D) >> 11) / Double(1 << 53)
        }
    }

    /// The most that any window holds.
    static func most(_ sent: [Double], window: Double) -> Int {
        let sent = sent.sorted()
        var (first, most) = (0, 0)
        for last in sent.indices {
            while sent[first] <= sent[last] - window { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}
