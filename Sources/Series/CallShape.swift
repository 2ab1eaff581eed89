/// What a call of one kind can cover, and what it costs. The planner knows nothing else about an upstream.
package struct CallShape: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// One series, up to `periods` consecutive periods.
        case window(periods: Int)
        /// Every series, one period.
        case sweep
        /// Up to `series` series, one period.
        case batch(series: Int)
        /// Up to so many subjects (a family each) as they are now: of each, the slot in progress of the series that the shape serves. A
        /// series that is priced is a subject here.
        case snapshot(subjects: Int)
        /// One series: its newest slots that the upstream still tells of, so many and no others; one call brings them all.
        case newest(slots: Int)
        /// All series of a channel over any stretch: they are rebuilt from what happened, at a price that depends on how much did.
        case tape
        /// A file at hand, of one series: nobody is asked.
        case file
        /// What is held of other series of the channel says it: nobody is asked.
        case inference

        /// Work that no upstream is asked for.
        package var isLocal: Bool { self == .file || self == .inference }
    }

    /// The word in plans: `node-day`.
    package let name: String
    /// Calls fill series of their own channel only (`Dataset.channel`): CMG has one for each source.
    package let channel: String
    package let kind: Kind
    /// Every call costs this, and that much more for each period and each series that it names. A sweep names no series.
    package let fixed: Cost
    package let perPeriod: Cost
    package let perSeries: Cost
    /// How long a request takes, roughly.
    package let secondsPerRequest: Double

    package init(
        name: String, channel: String = "", kind: Kind, fixed: Cost, perPeriod: Cost = .zero, perSeries: Cost = .zero,
        secondsPerRequest: Double
    ) {
        self.name = name
        self.channel = channel
        self.kind = kind
        self.fixed = fixed
        self.perPeriod = perPeriod
        self.perSeries = perSeries
        self.secondsPerRequest = secondsPerRequest
    }

    /// The same shape, each call of which was found to cost so many requests (at least 1) in all, whatever it names. Nothing was
    /// learnt of tokens: they cost what they did. `windows`: how many periods a window has from now on, where it is one.
    package func costing(_ requests: Int, windows periods: Int? = nil) -> CallShape {
        var kind = kind
        if case .window = kind, let periods { kind = .window(periods: max(1, periods)) }
        return CallShape(
            name: name, channel: channel, kind: kind, fixed: Cost(requests: max(1, requests), tokens: fixed.tokens),
            perPeriod: Cost(requests: 0, tokens: perPeriod.tokens), perSeries: Cost(requests: 0, tokens: perSeries.tokens),
            secondsPerRequest: secondsPerRequest)
    }

    /// The same with windows of at most so many periods.
    package func narrowed(to periods: Int) -> CallShape {
        guard case .window(let most) = kind else { return self }
        return CallShape(
            name: name, channel: channel, kind: .window(periods: min(most, max(1, periods))), fixed: fixed, perPeriod: perPeriod,
            perSeries: perSeries, secondsPerRequest: secondsPerRequest)
    }

    /// What a call over so many periods and series costs.
    package func cost(periods: Int, series: Int) -> Cost {
        fixed + perPeriod * periods + (kind == .sweep ? .zero : perSeries * series)
    }

    package func seconds(_ cost: Cost) -> Double { Double(cost.requests) * secondsPerRequest }
}
