internal import Bytes

extension SteadyDemand {
    /// What a dataset's schedules take in a day on which nothing goes wrong: the runs of the last whole local day before `now` (shown
    /// clock), one by one. One that looks for holes has what fell due since they were looked for in its range; one that asks again has
    /// all of its days.
    ///
    /// - Parameter shapes: the call shapes that can be used, at the prices that were found.
    package init(typicalOf dataset: Dataset, now: Int64, shapes: [CallShape]) {
        self.init(Self.typical(of: dataset, now: now, shapes: shapes))
    }

    /// The same by scope.
    package static func typical(of dataset: Dataset, now: Int64, shapes: [CallShape]) -> [String: Double] {
        let today = dataset.zone.day(at: now)
        let day = dataset.zone.start(of: today.advanced(by: -1))..<dataset.zone.start(of: today)
        // One day more before it, so that what each run leaves to the next is as ever.
        let start = dataset.zone.start(of: today.advanced(by: -2))
        var holes = dataset.followed.map { TypicalHoles(ledger: Ledger(key: $0), dueBefore: dataset.dueBefore($0, now: start)) }
        var requests: [String: Double] = [:]
        for run in runs(of: dataset, in: start..<day.upperBound) {
            for selection in run.schedule.selections(of: dataset, now: run.at) {
                var demands: [Demand] = []
                for index in holes.indices where dataset.selects(holes[index].ledger.key, by: selection) {
                    let key = holes[index].ledger.key
                    let range = dataset.slots(of: key, from: selection.from ?? run.at, to: selection.to ?? run.at)
                    let asked = holes[index].asked(selection.mode, in: range, of: dataset, now: run.at)
                    if !asked.isEmpty { demands.append(Demand(series: key, missing: asked)) }
                }
                if run.at < day.lowerBound { continue }
                let around = Circumstances(
                    now: run.at, ledgers: dataset.hasWays ? holes.map { $0.known(dataset) } : [], ways: selection.ways)
                let listed = demands.first { $0.series == dataset.roster?.series }?.missing ?? SlotSet()
                let plan = dataset.plan(dataset.relieved(demands, by: listed), shapes: shapes, circumstances: around)
                requests.merge(dataset.requestsByScope(of: plan).mapValues(Double.init), uniquingKeysWith: +)
            }
        }
        return requests
    }

    private static func runs(of dataset: Dataset, in range: Range<Int64>) -> [(at: Int64, schedule: DatasetSchedule)] {
        var runs: [(at: Int64, schedule: DatasetSchedule)] = []
        for schedule in dataset.schedules {
            var at = schedule.recurrence.next(after: range.lowerBound - 1)
            while at < range.upperBound {
                runs.append((at, schedule))
                at = schedule.recurrence.next(after: at)
            }
        }
        return runs.sorted { $0.at == $1.at ? $1.schedule.lane.isBehind($0.schedule.lane) : $0.at < $1.at }
    }
}

/// What fell due of a series and was not asked for yet.
private struct TypicalHoles {
    /// Nothing is held of it.
    let ledger: Ledger
    private var left = SlotSet()
    /// What fell due before is in `left`, or was asked for.
    private var dueBefore: Int

    init(ledger: Ledger, dueBefore: Int) {
        self.ledger = ledger
        self.dueBefore = dueBefore
    }

    /// As it is on a day on which nothing goes wrong: all is held that is not to be asked for.
    func known(_ dataset: Dataset) -> Ledger {
        let parts = dataset.calendar(of: ledger.key).parts
        var known = ledger
        known.held = SlotSet(dueBefore - 1_000_000..<dueBefore).subtracting(left).scaledUp(by: parts)
        return known
    }

    mutating func asked(_ mode: Selection.Mode, in range: Range<Int>, of dataset: Dataset, now: Int64) -> SlotSet {
        let due = dataset.dueBefore(ledger.key, now: now)
        let all = dataset.judged(ledger, now: now).demand(mode, in: range, calendar: dataset.calendar(of: ledger.key), dueBefore: due)
        if mode == .refresh { return all }
        if due > dueBefore { left.formUnion(SlotSet(dueBefore..<due)) }
        dueBefore = max(dueBefore, due)
        let asked = all.intersection(left)
        left = left.subtracting(asked)
        return asked
    }
}
