/// Requests of which each scope's are paced by themselves (`UpstreamProfile.pacedByChannel`): what they take, and when they are done.
extension Dataset {
    /// What the pace of a call's requests is counted by: its series' channel, or one word for all where the upstream has one budget.
    package func scope(of key: SeriesKey) -> String { upstream.pacedByChannel ? channel(key) : "" }

    /// The word for what the upstream's pace is counted by: the key that a channel is named by, where there is such a one; nil where the
    /// upstream has one budget.
    package var paceWord: String? {
        if !upstream.pacedByChannel { return nil }
        guard let key = followed.first, let index = key.values.firstIndex(of: channel(key)), index < keys.count else { return "channel" }
        return keys[index]
    }

    /// What a plan's calls cost, by scope.
    package func requestsByScope(of plan: Plan) -> [String: Int] {
        plan.calls.reduce(into: [:]) { sums, call in
            guard let key = call.series.first else { return }
            sums[scope(of: key), default: 0] += upstream.tokens == nil ? call.cost.requests : call.cost.tokens
        }
    }

    /// Seconds that a plan's calls take, retries and other work left aside.
    ///
    /// Of an upstream with one budget: one request after the other. Where each scope has its own: as long as the scope takes that takes
    /// longest, be it for the rate or for the requests' own time, and no less than so many at once take for all.
    package func estimatedSeconds(of plan: Plan, rate: RequestRate? = nil) -> Double {
        if let tokens = upstream.tokens {
            return max(plan.totals.seconds, Double(plan.totals.cost.tokens) / max(0.001, tokens.refillPerMinute) * 60)
        }
        if !upstream.pacedByChannel { return plan.totals.seconds }
        let perSecond = (rate ?? upstream.rate).perSecond
        var scopes: [String: (requests: Int, seconds: Double)] = [:]
        for call in plan.calls {
            guard let key = call.series.first else { continue }
            scopes[channel(key), default: (0, 0)].requests += call.cost.requests
            scopes[channel(key), default: (0, 0)].seconds += call.shape.seconds(call.cost)
        }
        let longest = scopes.values.map { max(Double($0.requests) / perSecond, $0.seconds) }.max() ?? 0
        return max(longest, plan.totals.seconds / Double(max(1, upstream.requestsInFlight)))
    }
}

extension Forecast {
    /// One scope's part of the work: it waits for nobody of another scope.
    package struct Share: Sendable, Hashable {
        package let requests: Int
        /// Of the same scope.
        package let queue: Queue
        package let budget: BudgetPace

        package init(requests: Int, behind queue: Queue = Queue(), budget: BudgetPace) {
            self.requests = requests
            self.queue = queue
            self.budget = budget
        }
    }

    /// When the requests of all shares will have been answered; nil where there are none.
    package static func of(_ shares: [Share], in lane: Lane, experience: Experience, seed: UInt64 = 1) -> Forecast? {
        let wanted = shares.filter { $0.requests > 0 }.map { (total: $0.queue.requests(until: $0.requests, in: lane), budget: $0.budget) }
        guard let first = wanted.first else { return nil }
        if wanted.count == 1 {
            return drawn(experience, seed) { stretched, measured in
                // What waited for the quota looks slow: a pace below the quota's is taken for that.
                let pace = max(measured ?? experience.expectedPace, first.budget.steady)
                return first.budget.instant(of: max(1, Double(first.total) * stretched), pace: pace) + 1 / pace
            }
        }
        // Of budgets that nothing was taken from the one with the most to do is the last.
        let fresh = wanted.filter(\.budget.isUntouched).max { $0.total < $1.total }
        let scopes = wanted.filter { !$0.budget.isUntouched } + (fresh.map { [$0] } ?? [])
        let all = Double(wanted.reduce(0) { $0 + $1.total })
        // Few scopes at a time look slow as well.
        let together = min(first.budget.steady * Double(wanted.count), experience.expectedPace)
        return drawn(experience, seed) { stretched, measured in
            let pace = max(measured ?? experience.expectedPace, together)
            let last = scopes.map { $0.budget.instant(of: max(1, Double($0.total) * stretched), pace: .infinity) }.max() ?? 0
            return max(last, first.budget.now + all * stretched / pace) + 1 / pace
        }
    }
}
