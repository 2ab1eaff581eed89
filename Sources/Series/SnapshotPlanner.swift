/// Plans calls that ask for what is now: of each subject (`Dataset.family`) the series that lack the slot in progress, by the cheapest
/// shape that serves them all, so many subjects a call.
///
/// No call can do more for a subject than its cheapest shape, so that the choice is the cheapest there is; a subject of which nothing was
/// ever held has all of its series asked for at once, which the first call for it has to do anyway. What ends first goes first, and of that
/// who was heard of longest ago, counted in its own slots: so each is asked at about the same time of every slot.
struct SnapshotPlanner {
    let dataset: Dataset
    /// Those that are usable now.
    let shapes: [CallShape]
    let circumstances: Circumstances

    private struct Subject {
        /// Those that the call tells of.
        let series: [SeriesKey]
        /// How many of them lack their slot.
        let lacking: Int
        let shape: Int
        let deadline: Int64
        /// In slots.
        let overdue: Double
    }

    func plan(_ demand: [Demand]) -> Plan {
        let period = dataset.periods.slot(containing: circumstances.now)
        let subjects = subjects(of: demand).sorted(by: Self.precedes)
        var calls: [PlannedCall] = []
        for (index, shape) in shapes.enumerated() {
            guard case .snapshot(let most) = shape.kind else { continue }
            let own = subjects.filter { $0.shape == index }
            for from in stride(from: 0, to: own.count, by: max(1, most)) {
                let some = own[from..<min(from + max(1, most), own.count)]
                calls.append(
                    PlannedCall(
                        shape: shape, series: some.flatMap(\.series), periods: period..<period + 1,
                        covers: some.reduce(0) { $0 + $1.lacking }, cost: cost(of: shape, subjects: some.count),
                        deadline: some.map(\.deadline).min()))
            }
        }
        let place = Dictionary(subjects.enumerated().map { ($1.series[0], $0) }) { first, _ in first }
        calls.sort { (place[$0.series[0]] ?? 0) < (place[$1.series[0]] ?? 0) }
        let totals = Plan.Totals(of: calls)
        let slots = demand.reduce(0) { $0 + $1.missing.count }
        return Plan(
            calls: calls, totals: totals, lowerBound: totals.cost, optimality: .proven,
            gaps: Plan.GapCount(count: slots, slots: slots), uncovered: max(0, slots - totals.slots))
    }

    /// What a call for so many subjects costs.
    private func cost(of shape: CallShape, subjects: Int) -> Cost {
        let price = circumstances.tokenPrices[shape.priceKey] ?? shape.tokensPerSubject
        return Cost(requests: 1, tokens: shape.fixed.tokens + Int((price * Double(subjects)).rounded(.up)))
    }

    private func subjects(of demand: [Demand]) -> [Subject] {
        var wanted: [String: [SeriesKey]] = [:]
        for entry in demand where entry.missing.contains(inProgress(entry.series)) {
            wanted[dataset.family(entry.series), default: []].append(entry.series)
        }
        // Series beside those that are asked for: of which nothing was ever held, and all others, which a call for them may tell of too.
        var never: [String: [SeriesKey]] = [:]
        var others: [String: [SeriesKey]] = [:]
        for ledger in circumstances.ledgers.values {
            let family = dataset.family(ledger.key)
            if wanted[family] == nil || ledger.excluded.contains(inProgress(ledger.key)) { continue }
            others[family, default: []].append(ledger.key)
            if ledger.held.isEmpty, ledger.provisional.isEmpty, ledger.absent.isEmpty { never[family, default: []].append(ledger.key) }
        }
        return wanted.compactMap { family, series in
            let lacking = Set(series).union(never[family] ?? [])
            guard let shape = cheapest(for: Array(lacking)) ?? cheapest(for: series) else { return nil }
            // What is told of anyway is taken: a row that says what follows from two groups is of both answers.
            let told = lacking.union(others[family] ?? []).filter { dataset.serves(shapes[shape], $0) }.sorted()
            let own = told.filter(lacking.contains)
            let ends = own.map { dataset.calendar(of: $0).ruler.end(of: inProgress($0)) }
            return Subject(
                series: told, lacking: own.count, shape: shape, deadline: ends.min() ?? .max, overdue: own.map(overdue).max() ?? 0)
        }
    }

    private func inProgress(_ key: SeriesKey) -> Int { dataset.calendar(of: key).ruler.slot(containing: circumstances.now) }

    /// How long ago a series was heard of, in its slots.
    private func overdue(_ key: SeriesKey) -> Double {
        let ruler = dataset.calendar(of: key).ruler
        let slot = inProgress(key)
        let length = Double(ruler.end(of: slot) - ruler.start(of: slot))
        return Double(circumstances.now - (circumstances.seen[key] ?? ruler.start(of: slot))) / length
    }

    private func cheapest(for series: [SeriesKey]) -> Int? {
        shapes.indices.filter { index in
            guard case .snapshot = shapes[index].kind else { return false }
            return series.allSatisfy { dataset.serves(shapes[index], $0) }
        }.min { price(shapes[$0]) < price(shapes[$1]) }
    }

    /// Of one subject, as the upstream's page says: of two that cost the same the one that is named first, whatever was learnt of late.
    private func price(_ shape: CallShape) -> Int { shape.perSeries.tokens }

    private static func precedes(_ a: Subject, _ b: Subject) -> Bool {
        if a.deadline != b.deadline { return a.deadline < b.deadline }
        return a.overdue == b.overdue ? a.series[0] < b.series[0] : a.overdue > b.overdue
    }
}
