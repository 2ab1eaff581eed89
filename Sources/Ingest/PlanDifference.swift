package import Bytes
package import Series
package import Store

/// How a plan that was made differs from what it would be now: where one asks and the other does not, by series and time.
package struct PlanDifference: Sendable {
    package let was: PlanFigures
    package let now: PlanFigures
    /// What is asked for no longer, and what is asked for now only: the first runs, in the order of series and time.
    package let gone: [Run]
    package let new: [Run]
    /// All of them.
    package let goneCount: Int
    package let newCount: Int
    /// The dataset's.
    package let zone: Zone
    package let keyNames: [String]

    /// A stretch of one series that calls of a plan ask for, as instants.
    package struct Run: Sendable, Equatable {
        package let key: SeriesKey
        package let from: Int64
        package let to: Int64
    }

    /// So many of each are told.
    package static let shown = 20

    init(_ was: PlanFigures, _ now: PlanFigures, _ old: [StoredCall], _ new: [StoredCall], of dataset: Dataset, keys: [Int: SeriesKey]) {
        (self.was, self.now, zone, keyNames) = (was, now, dataset.zone, dataset.keys)
        let (before, after) = (Self.asked(old), Self.asked(new))
        let gone = Self.runs(before, without: after, dataset, keys)
        let added = Self.runs(after, without: before, dataset, keys)
        (goneCount, newCount) = (gone.count, added.count)
        self.gone = Array(gone.prefix(Self.shown))
        self.new = Array(added.prefix(Self.shown))
    }

    private static func asked(_ calls: [StoredCall]) -> [Int: SlotSet] {
        var ranges: [Int: [Range<Int>]] = [:]
        for call in calls {
            for id in call.seriesIDs { ranges[id, default: []].append(call.periods) }
        }
        return ranges.mapValues { SlotSet(ranges: $0) }
    }

    private static func runs(
        _ some: [Int: SlotSet], without others: [Int: SlotSet], _ dataset: Dataset, _ keys: [Int: SeriesKey]
    ) -> [Run] {
        some.flatMap { id, periods -> [Run] in
            guard let key = keys[id] else { return [] }
            return periods.subtracting(others[id] ?? SlotSet()).ranges.map {
                Run(key: key, from: dataset.periods.start(of: $0.lowerBound), to: dataset.periods.start(of: $0.upperBound))
            }
        }.sorted { ($0.key, $0.from) < ($1.key, $1.from) }
    }
}

extension Planning {
    func difference(of plan: StoredPlan, from draft: Draft) async throws -> PlanDifference {
        let calls = try await store.planCalls(id: plan.id, from: 0, limit: Self.callsCompared)
        let ids = Set((calls + draft.calls).flatMap(\.seriesIDs))
        let keys = Dictionary(uniqueKeysWithValues: try await store.entries(ids: Array(ids)).map { ($0.id, $0.key) })
        return PlanDifference(plan.figures, draft.figures, calls, draft.calls, of: draft.dataset, keys: keys)
    }

    /// Of longer plans the calls beyond are taken for gone.
    private static let callsCompared = 100_000
}
