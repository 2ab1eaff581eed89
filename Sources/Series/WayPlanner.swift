/// Works out how slots of one channel are filled for the least, where several ways lead to them: a ladder whose lower rungs cost nothing.
///
/// 1. What follows from what is known already (`inference`).
/// 2. Files at hand: what lies in a file's span is left to it for now, and nobody else is asked until it has been read.
/// 3. `newest` calls: the fewest that bring all that such calls can bring, see `NewestChoice`.
/// 4. `tape` calls for the rest, where they are allowed; instead of the calls of 3 as well, where they are cheaper by the estimate.
///
/// What will follow from what a call brings is counted to that call, and is inferred once it has come: see `Settling`. Where no tape is
/// read, no plan that brings as much costs less, and it says so; what a tape takes is an estimate, and less than one request it never is.
struct WayPlanner {
    let dataset: Dataset
    let channel: String
    /// Those of the channel that are usable now.
    let shapes: [CallShape]
    /// Of all its series.
    let ledgers: [Ledger]
    let circumstances: Circumstances

    /// Runs of a series' slots no farther apart than this are inferred by one call, so many slots at most.
    private static let nearSlots = 1000
    private static let inferredMost = 20_000

    /// What is planned so far.
    private struct State {
        var known: KnownSlots
        /// By member.
        var left: [SlotSet]
        var calls: [PlannedCall] = []

        /// Takes slots for known that a call brings; how many of the wanted ones come by it.
        mutating func learn(_ new: [SlotSet]) -> Int {
            let added = known.learn(new)
            var count = 0
            for place in left.indices where !left[place].isEmpty && !added[place].isEmpty {
                let before = left[place].count
                left[place] = left[place].subtracting(added[place])
                count += before - left[place].count
            }
            return count
        }

        /// For less, and with as much.
        func isCheaper(than other: State) -> Bool {
            let (mine, theirs) = (Plan.Totals(of: calls), Plan.Totals(of: other.calls))
            return mine.slots >= theirs.slots && mine.cost.requests < theirs.cost.requests
        }
    }

    func plan(_ demand: [Demand]) -> Plan {
        var wanted: [SeriesKey: SlotSet] = [:]
        for entry in demand where !entry.missing.isEmpty { wanted[entry.series, default: SlotSet()].formUnion(entry.missing) }
        let known = KnownSlots(dataset, ledgers: ledgers, wanted: wanted)
        var state = State(known: known, left: known.members.map { wanted[$0.key] ?? SlotSet() })
        infer(&state)
        if circumstances.ways.archives { readFiles(&state) }
        var bound = 0
        var isProven = true
        // Of a channel that has ended nobody can be asked any more.
        if circumstances.ways.apiBackfill, !ledgers.contains(where: \.isOver) {
            let before = state
            let isLeast = askNewest(&state)
            bound = state.calls.reduce(0) { $0 + $1.cost.requests }
            isProven = isLeast
            if let tape = usableTape {
                rebuild(&state, by: tape)
                var alone = before
                rebuild(&alone, by: tape)
                if alone.isCheaper(than: state) { state = alone }
                // A pass over everything takes one request at least, and how many more nobody knows.
                let total = Plan.Totals(of: state.calls).cost.requests
                bound = min(total, tape.fixed.requests)
                isProven = total <= bound
            } else if !isLeast {
                bound = min(bound, state.calls.contains { $0.cost.requests > 0 } ? 1 : 0)
            }
        }
        state.calls.sort(by: Plan.precedes)
        let gaps = Plan.GapCount(
            count: wanted.values.reduce(0) { $0 + $1.ranges.count }, slots: wanted.values.reduce(0) { $0 + $1.count })
        let totals = Plan.Totals(of: state.calls)
        return Plan(
            calls: state.calls, totals: totals, lowerBound: Cost(requests: bound), optimality: isProven ? .proven : .bounded, gaps: gaps,
            uncovered: gaps.slots - totals.slots)
    }

    private var usableTape: CallShape? {
        let ways = circumstances.ways
        return ways.trades || ways.complete ? shapes.first { $0.kind == .tape } : nil
    }

    private func shape(_ kind: CallShape.Kind, for key: SeriesKey) -> CallShape? {
        shapes.first { $0.kind == kind && dataset.serves($0, key) }
    }

    // MARK: What is known, and what is at hand

    private func infer(_ state: inout State) {
        var later = 0
        for (place, member) in state.known.members.enumerated() where !state.left[place].isEmpty {
            let all = state.left[place].intersection(state.known.known[place])
            if all.isEmpty { continue }
            let now = all.intersection(state.known.inferable(place))
            later += all.count - now.count
            state.left[place] = state.left[place].subtracting(all)
            guard let shape = shape(.inference, for: member.key) else { continue }
            for run in now.stretches(near: Self.nearSlots, most: Self.inferredMost) {
                state.calls.append(
                    PlannedCall(
                        shape: shape, series: [member.key], periods: dataset.periods(holding: run, of: member.key),
                        covers: now.count(in: run), cost: shape.cost(periods: 1, series: 1)))
            }
        }
        // What follows from what is inferred now is inferred by the next wave.
        if later > 0, let last = state.calls.popLast() { state.calls.append(last.covering(last.covers + later)) }
    }

    private func readFiles(_ state: inout State) {
        let wanted = state.left
        let files = circumstances.files.enumerated().filter { dataset.channel($1.series) == channel && !$1.span.isEmpty }
            .compactMap { number, file in state.known.place(of: file.series).map { (file: file, place: $0, number: number) } }
            .sorted { ($0.place, $0.file.span.lowerBound, $0.number) < ($1.place, $1.file.span.lowerBound, $1.number) }
        // Those of series that are asked for, then those of others by which slots come that none of the first tells of.
        for isOwn in [true, false] {
            for (file, place, _) in files {
                guard let shape = shape(.file, for: file.series) else { continue }
                let member = state.known.members[place]
                let told = member.ruler.slots(from: file.span.lowerBound, to: file.span.upperBound).clamped(to: member.range)
                if told.isEmpty || (wanted[place].count(in: told) > 0) != isOwn { continue }
                var new = state.known.none
                new[place] = SlotSet(told)
                let before = state
                let covers = state.learn(new)
                if !isOwn, covers == 0 {
                    state = before
                    continue
                }
                let ends = dataset.periods.slot(containing: file.span.upperBound - 1) + 1
                state.calls.append(
                    PlannedCall(
                        shape: shape, series: [file.series],
                        periods: dataset.periods.slot(containing: file.span.lowerBound)..<ends, covers: covers,
                        cost: shape.cost(periods: 1, series: 1), file: file.id))
            }
        }
    }

    // MARK: Calls

    /// Whether no fewer calls would do.
    private func askNewest(_ state: inout State) -> Bool {
        var windows = state.known.none
        for (place, member) in state.known.members.enumerated() where dataset.follows(member.key) {
            guard let window = dataset.newestReach(of: member.key, now: circumstances.now, shapes: shapes) else { continue }
            let inside = window.clamped(to: member.range)
            windows[place] = SlotSet(inside).subtracting(state.known.known[place].intersection(inside)).subtracting(member.excluded)
        }
        let choice = NewestChoice(state.known, windows: windows, wanted: state.left)
        for place in choice.chosen {
            let member = state.known.members[place]
            guard let (shape, _) = dataset.newestShape(of: member.key, among: shapes) else { continue }
            let needed = needed(windows[place], of: place, state)
            guard let first = needed.first, let last = needed.last else { continue }
            var new = state.known.none
            new[place] = windows[place]
            let covers = state.learn(new)
            state.calls.append(
                PlannedCall(
                    shape: shape, series: [member.key], periods: dataset.periods(holding: first..<last + 1, of: member.key),
                    covers: covers, cost: shape.cost(periods: 1, series: 1), deadline: dataset.leavesNewest(first, of: member.key)))
        }
        return choice.isProven
    }

    /// Of what a call brings, what is wanted or lies in longer slots that are.
    private func needed(_ window: SlotSet, of place: Int, _ state: State) -> SlotSet {
        let ruler = state.known.members[place].ruler
        var needed = window.intersection(state.left[place])
        for (other, member) in state.known.members.enumerated() where member.sources.contains(place) && !state.left[other].isEmpty {
            needed.formUnion(window.intersection(state.left[other].cells(of: member.ruler, on: ruler)))
        }
        return needed
    }

    private func rebuild(_ state: inout State, by shape: CallShape) {
        let tape = TapeStretches(dataset: dataset, channel: channel, shape: shape, events: circumstances.events)
        let direct = tape.direct(for: state.left, state.known)
        let stretches = tape.stretches(direct, state.known)
        if stretches.isEmpty { return }
        var new = state.known.none
        var named: [[SeriesKey]] = []
        for stretch in stretches {
            var keys: [SeriesKey] = []
            for (place, member) in state.known.members.enumerated() where dataset.serves(shape, member.key) {
                let inside = dataset.wholeSlots(of: member.key, in: stretch.periods)
                let mine = state.left[place].intersection(inside).union(direct[place].intersection(inside))
                if mine.isEmpty { continue }
                new[place].formUnion(mine)
                keys.append(member.key)
            }
            named.append(keys)
        }
        let before = state.left
        _ = state.learn(new)
        let come = zip(before, state.left).map { $0.subtracting($1) }
        for (index, stretch) in stretches.enumerated() {
            let next = index + 1 < stretches.count ? dataset.periods.start(of: stretches[index + 1].periods.lowerBound) : Int64.max
            let covers = state.known.members.indices.reduce(0) { sum, place in
                sum + come[place].count(
                    endingAfter: index == 0 ? .min : dataset.periods.start(of: stretch.periods.lowerBound), to: next,
                    state.known.members[place].ruler)
            }
            state.calls.append(
                PlannedCall(
                    shape: shape, series: named[index].sorted(), periods: stretch.periods, covers: covers,
                    cost: shape.fixed * stretch.requests))
        }
    }
}

extension PlannedCall {
    fileprivate func covering(_ covers: Int) -> PlannedCall {
        PlannedCall(shape: shape, series: series, periods: periods, covers: covers, cost: cost, deadline: deadline, file: file)
    }
}

extension SlotSet {
    /// The set's ranges, near ones together, in stretches of so many slots at most.
    func stretches(near: Int, most: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges {
            if let last = result.last, range.lowerBound - last.upperBound <= near, range.upperBound - last.lowerBound <= most {
                result[result.count - 1] = last.lowerBound..<range.upperBound
                continue
            }
            for from in stride(from: range.lowerBound, to: range.upperBound, by: most) {
                result.append(from..<Swift.min(from + most, range.upperBound))
            }
        }
        return result
    }

    /// How many slots end after one instant and no later than another.
    fileprivate func count(endingAfter from: Int64, to: Int64, _ ruler: Ruler) -> Int {
        guard let first = first, let last = last else { return 0 }
        // The slot that holds an instant ends after it.
        let low = from == .min ? first : Swift.max(first, ruler.slot(containing: from))
        let high = to == .max ? last + 1 : Swift.min(last + 1, ruler.slot(containing: to))
        return low < high ? count(in: low..<high) : 0
    }
}
