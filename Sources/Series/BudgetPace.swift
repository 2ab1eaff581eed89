/// When requests can go, one after the other: a quota of so many in any window, what of it is spent, and how fast calls go while it lets
/// them. Seconds are of the shown clock throughout.
///
/// The n-th request from now goes no sooner than 1/pace after the one before it, and no sooner than the request that was sent `quota`
/// before it has left the window. Nothing is drawn at random here: `Forecast` asks for several paces and numbers of requests.
package struct BudgetPace: Sendable, Hashable {
    /// So many requests that were sent at one instant.
    package struct Spend: Sendable, Hashable {
        package let at: Double
        package let requests: Int

        package init(at: Double, requests: Int) {
            self.at = at
            self.requests = requests
        }
    }

    /// A run of requests that go at an even distance.
    private struct Run {
        let count: Double
        /// When its first one may go, and when it does.
        var first: Double
        var step: Double
        var last: Double { first + (count - 1) * step }
    }

    package let quota: Int
    /// For how long a request counts.
    package let window: Double
    let now: Double
    private let spends: [Spend]
    private let restUntil: Double

    /// - Parameters:
    ///   - spends: what was sent of late, in any order; what has left the window is not counted.
    ///   - restUntil: no request goes before this instant.
    package init(quota: Int, window: Double, now: Double, spends: [Spend] = [], restUntil: Double = -.infinity) {
        self.quota = max(1, quota)
        self.window = max(0.001, window)
        self.now = now
        self.spends = spends.filter { $0.at + max(0.001, window) > now }.sorted { $0.at < $1.at }
        self.restUntil = restUntil
    }

    /// For how many seconds a request counts by a budget whose window has so many: a second more, or a tenth more where the window is
    /// shorter than ten seconds.
    ///
    /// What is kept apart is the moments at which requests leave. The surplus is what two of them may come closer on their way, and what
    /// the clocks of two hosts may differ by, before a window of the upstream's sees one too many. That an upstream counts by whole
    /// seconds asks for none of it: two moments that are n seconds apart are n apart in whole seconds too. A leaky counter (Kraken) is
    /// empty again by then. A whole second on a window of one would halve what may be asked.
    package static func counted(windowSeconds: Double) -> Double { windowSeconds + min(1, windowSeconds / 10) }

    /// Nothing of it is spent, and nothing stands in the way.
    package var isUntouched: Bool { spends.isEmpty && restUntil <= now }

    /// Requests a second that the quota lets through in the long run.
    package var steady: Double { Double(quota) / window }
    package var spent: Int { spends.reduce(0) { $0 + $1.requests } }
    package var left: Int { max(0, quota - spent) }

    /// When the next request may go.
    package var nextAt: Double { instant(of: 1, pace: .infinity) }

    /// When the n-th request from now goes, at `pace` requests a second where the quota does not hold it back. `n` below 1 is now.
    package func instant(of n: Double, pace: Double) -> Double {
        if n < 1 { return now }
        let step = pace.isInfinite ? 0 : 1 / max(pace, 1e-9)
        var runs = self.runs(freed(), step: step)
        var done = 0.0
        // The second round may still be held back by how the first one ended; from then on each is like the one before it, moved by a
        // window or by the time that its requests take.
        for _ in 0..<3 {
            let size = runs.reduce(0) { $0 + $1.count }
            if n <= done + size { return Self.place(n - done, in: runs) }
            done += size
            runs = self.runs(runs.map { ($0.count, $0.first + window, $0.step) }, step: step, after: runs.last?.last)
        }
        let period = max(window, Double(quota) * step)
        let more = n - done
        let rounds = ((more - 1) / Double(quota)).rounded(.down)
        return Self.place(more - rounds * Double(quota), in: runs) + rounds * period
    }

    /// What the first `quota` requests wait for, in the order in which they may go.
    private func freed() -> [(count: Double, from: Double, step: Double)] {
        let start = max(now, restUntil)
        var left = Double(quota)
        var free = [(count: Double(self.left), from: start, step: 0.0)]
        left -= Double(self.left)
        // More than the quota may have been spent where it was larger before: the first to leave make no room.
        var excess = Double(max(0, spent - quota))
        for spend in spends {
            let gone = min(excess, Double(spend.requests))
            excess -= gone
            let count = min(left, Double(spend.requests) - gone)
            if count > 0 { free.append((count, max(start, spend.at + window), 0)) }
            left -= max(0, count)
        }
        return free.filter { $0.count > 0 }
    }

    private func runs(_ free: [(count: Double, from: Double, step: Double)], step: Double, after last: Double? = nil) -> [Run] {
        var runs: [Run] = []
        var before = last
        for one in free {
            let first = max(one.from, (before ?? -.infinity) + step)
            let run = Run(count: one.count, first: first, step: max(step, one.step))
            runs.append(run)
            before = run.last
        }
        return runs
    }

    private static func place(_ n: Double, in runs: [Run]) -> Double {
        var before = 0.0
        for run in runs {
            if n <= before + run.count { return run.first + max(0, n - before - 1) * run.step }
            before += run.count
        }
        return runs.last?.last ?? 0
    }
}
