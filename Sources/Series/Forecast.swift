/// When work will be done: as likely as not by `p50`, nine times in ten by `p90`. Instants of the shown clock, seconds since 1970.
///
/// The model. What is left is a number of planned requests. How many it takes is unknown (pages come empty and are asked for again,
/// answers are refused), and so is how fast they go. Both were so in the past, and good and bad hours come in stretches: so one future is
/// a stretch of a quarter of the recent calls, taken as it was, from any place of it. Its requests spent for each planned one
/// stretch what is left, its requests a second are the pace, and the quota decides when the last of them goes (`BudgetPace`). 200
/// such futures are drawn from a fixed seed, so that the same question has the same answer; p50 and p90 are read off them. Where
/// little is known yet three invented calls stand among the known ones: one as planned, one a tenth dearer, one half as dear again.
/// What it leaves out: an upstream that is away for longer than any stretch of the recent past, and work that is filed later.
package struct Forecast: Sendable, Hashable {
    package let p50: Int64
    package let p90: Int64

    /// One call that ended, of late.
    package struct Sample: Sendable, Hashable {
        package let planned: Int
        package let spent: Int
        /// Of the shown clock.
        package let begun: Double
        package let ended: Double

        package init(planned: Int, spent: Int, begun: Double, ended: Double) {
            self.planned = planned
            self.spent = spent
            self.begun = begun
            self.ended = ended
        }
    }

    /// What is known of how calls go.
    package struct Experience: Sendable, Hashable {
        /// In the order in which they ended.
        package let samples: [Sample]
        /// Requests a second where nothing is known: what the dataset says of itself.
        package let expectedPace: Double

        package init(samples: [Sample] = [], expectedPace: Double) {
            self.samples = samples.filter { $0.planned > 0 && $0.spent > 0 }
            self.expectedPace = max(1e-6, expectedPace)
        }

        /// Requests spent for each that was planned; 1 where nothing is known.
        package var retryFactor: Double {
            let planned = samples.reduce(0) { $0 + $1.planned }
            return planned == 0 ? 1 : max(1, Double(samples.reduce(0) { $0 + $1.spent }) / Double(planned))
        }
    }

    /// Requests that are planned and not yet spent, by lane.
    package struct Queue: Sendable, Hashable {
        /// Of each lane, what goes before the work at hand or beside it.
        package var ahead: [Lane: Int]

        package init(ahead: [Lane: Int] = [:]) { self.ahead = ahead }

        package var requests: Int { ahead.values.reduce(0, +) }

        /// Requests that go until `own` of a lane have gone: those before them in their lane, and what the others' shares let through
        /// meanwhile.
        package func requests(until own: Int, in lane: Lane) -> Int {
            var left = ahead.mapValues(Double.init)
            left[lane, default: 0] += Double(own)
            var sent = 0.0
            while let mine = left[lane], mine > 0.5 {
                let active = left.filter { $0.value > 0 }
                let shares = Double(active.keys.reduce(0) { $0 + $1.share })
                // Until the first of them has none left.
                let span = active.map { $0.value / Double($0.key.share) }.min() ?? 0
                sent += span * shares
                for (key, count) in active {
                    let rest = count - span * Double(key.share)
                    left[key] = rest < 1e-6 ? 0 : rest
                }
            }
            return Int(sent.rounded(.up))
        }
    }

    /// When `requests` of a lane will have been answered; nil where there are none.
    package static func of(
        _ requests: Int, in lane: Lane, behind queue: Queue = Queue(), budget: BudgetPace, experience: Experience, seed: UInt64 = 1
    ) -> Forecast? {
        of([Share(requests: requests, behind: queue, budget: budget)], in: lane, experience: experience, seed: seed)
    }

    /// 200 futures. `instant`: of the last answer, where requests take so many times as many as planned, at so many a second; nil where
    /// the pace is not known.
    static func drawn(_ experience: Experience, _ seed: UInt64, instant: (_ stretched: Double, _ pace: Double?) -> Double) -> Forecast {
        var dice = SeededDice(seed)
        let known = calls(experience)
        let stretch = max(4, known.count / 4)
        let instants = (0..<draws).map { _ in
            let from = Int(dice.next() % UInt64(known.count))
            let some = (0..<min(stretch, known.count)).map { known[(from + $0) % known.count] }
            let planned = some.reduce(0) { $0 + $1.planned }
            let spent = some.reduce(0) { $0 + $1.spent }
            return instant(Double(spent) / Double(planned), pace(of: some))
        }.sorted()
        func at(_ share: Double) -> Int64 { Int64(instants[min(draws - 1, Int(share * Double(draws)))].rounded(.up)) }
        return Forecast(p50: at(0.5), p90: at(0.9))
    }

    private static let draws = 200

    private static func calls(_ experience: Experience) -> [Sample] {
        if experience.samples.count >= 20 { return experience.samples }
        let size = max(10, experience.samples.reduce(0) { $0 + $1.planned } / max(1, experience.samples.count))
        let invented = [10, 11, 15].map { tenths in
            Sample(planned: size * 10, spent: size * tenths, begun: 0, ended: 0)
        }
        return experience.samples + invented
    }

    /// Requests a second while at least one of the calls was under way; nil where that was no time.
    private static func pace(of calls: [Sample]) -> Double? {
        var busy = 0.0
        var until = -Double.infinity
        var requests = 0
        for call in calls.filter({ $0.ended > $0.begun }).sorted(by: { $0.begun < $1.begun }) {
            busy += max(0, call.ended - max(call.begun, until))
            until = max(until, call.ended)
            requests += call.spent
        }
        return busy > 0 && requests > 0 ? Double(requests) / busy : nil
    }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers from the same seed, everywhere.
private struct SeededDice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
