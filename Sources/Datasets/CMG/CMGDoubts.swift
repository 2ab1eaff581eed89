internal import Series

/// Nothing of a call was answered. An upstream that is away, a day that is lost, pages that are too long and a filter that is refused
/// look alike from there; less is asked for, until one of them is left:
///
/// - several days of a bus: one of them, filtered; then another, which may not be the lost one. If that comes, it is the days.
/// - one record of a day, without a filter. If that does not come either, the upstream is away: nothing is known.
/// - else what was refused is asked for once more, for what was wrong may be over: a quota, a burst of errors. If it is refused again,
///   smaller pages, the filter's other first page, and at last it is the filter.
///
/// A refusal for the quota's sake says nothing about days, so that the question goes straight to one record; and since a quota comes
/// and goes, the filter is called refused only where one record comes right before and right after it.
extension CMGExchange {
    struct Doubt {
        /// One record came.
        var isAlive = false
        /// One day, filtered, came.
        var isNarrowHeard = false
        var narrowAsks = 0
        /// The filter was refused after a record came without it; one more is asked for.
        var isSure = false

        /// The day that a question for less is about: the last of the days, one in the middle, then the first.
        func probeDay(of days: Range<Int>, _ kind: PageAsk.Kind) -> Int {
            if kind == .alive || isAlive { return days.lowerBound }
            return narrowAsks > 1 ? days.lowerBound + (days.count - 1) / 2 : days.upperBound - 1
        }
    }

    mutating func lostAll(because cause: FailureClass) -> Step {
        if doubt.isNarrowHeard { return fewer(Step()) }
        if doubt.isAlive { return stepDown(Step()) }
        if quest.isFilteredRange, !isThrottling(cause) { return askNarrow() }
        return ask(.alive)
    }

    mutating func lostNarrow() -> Step {
        if doubt.isAlive {
            doubt.isSure = true
            return ask(.alive)
        }
        return doubt.narrowAsks < 2 ? askNarrow() : ask(.alive)
    }

    mutating func foundAlive(_ step: Step) -> Step {
        if doubt.isSure { return end(step, .shapeUnusable(filterRefused)) }
        doubt.isAlive = true
        if quest.isFilteredRange { return joined(step, askNarrow()) }
        return again(step)
    }

    /// The same once more: what was wrong with all days may be over.
    mutating func foundNarrow(_ step: Step) -> Step {
        doubt.isNarrowHeard = true
        return again(step)
    }

    private var filterRefused: String { "the filter by bus is refused: the same days are answered without it" }

    private func isThrottling(_ cause: FailureClass) -> Bool { if case .throttled = cause { true } else { false } }

    private mutating func askNarrow() -> Step {
        doubt.narrowAsks += 1
        return ask(.narrow)
    }

    private mutating func ask(_ kind: PageAsk.Kind) -> Step {
        var step = Step()
        // No other question has these numbers.
        let attempt = PageAccount.endProbesMax + 1 + doubt.narrowAsks + (doubt.isSure ? 1 : 0)
        let ask = kind == .narrow
            ? PageAsk(kind, 0, limit: CMG.quartersADay, attempt: attempt)
            : PageAsk(kind, quest.source.firstPage, limit: 1, attempt: attempt)
        step.requests = [send(ask)]
        return step
    }

    private func joined(_ step: Step, _ next: Step) -> Step {
        var step = step
        step.requests += next.requests
        return step
    }

    /// The same pages once more.
    private mutating func again(_ step: Step) -> Step {
        var step = step
        step.requests = [send(account.ask(account.start))]
        return step
    }

    /// The upstream answers for one day and not for all of them: smaller pages where that could be it, then fewer days.
    private mutating func fewer(_ step: Step) -> Step {
        var step = step
        if account.limit > CMG.leastNodePageRows, quest.days.days.count * CMG.quartersADay > CMG.leastNodePageRows {
            step.requests = [send(account.stepDown(to: CMG.leastNodePageRows, at: 0))]
            return step
        }
        return end(step, .tooWide("\(quest.days.days.count) days at once are not answered, one of them is"))
    }

    /// The upstream answers, but not to pages of this size, or not to the filter.
    private mutating func stepDown(_ step: Step) -> Step {
        var step = step
        guard quest.filter != nil else {
            let size = account.limit / 2
            if size < CMG.leastPageRows {
                return end(step, .unproved("pages of \(account.limit) records were refused, and so were all larger ones"))
            }
            step.requests = [send(account.stepDown(to: size, at: account.start))]
            return step
        }
        if account.limit > CMG.leastNodePageRows {
            step.requests = [send(account.stepDown(to: CMG.leastNodePageRows, at: 0))]
        } else if account.start == 0 {
            step.requests = [send(account.stepDown(to: account.limit, at: 1))]
        } else {
            doubt.isSure = true
            return joined(step, ask(.alive))
        }
        return step
    }
}

extension CMG {
    /// The least size of pages that is tried where larger ones are refused.
    static let leastPageRows = 500
    static let leastNodePageRows = 1000
}
