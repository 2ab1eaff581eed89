/// One series and the slots that it lacks.
package struct Demand: Sendable, Hashable {
    package let series: SeriesKey
    package let missing: SlotSet

    package init(series: SeriesKey, missing: SlotSet) {
        self.series = series
        self.missing = missing
    }
}

/// A call that the plan wants made.
package struct PlannedCall: Sendable, Hashable {
    package let shape: CallShape
    /// The series that need it. A sweep fetches every series; these are the ones that lack something there.
    package let series: [SeriesKey]
    package let periods: Range<Int>
    /// Missing slots that it fills, those of other calls not counted twice.
    package let covers: Int
    package let cost: Cost
}

/// The calls that fill a demand, what they cost, and how far that is from the least that any plan could cost.
package struct Plan: Sendable, Hashable {
    package struct Totals: Sendable, Hashable {
        package var calls = 0
        package var cost = Cost.zero
        package var slots = 0
        /// One request after the other, without waiting for the budget.
        package var seconds = 0.0
    }

    package struct GapCount: Sendable, Hashable {
        package let count: Int
        package let slots: Int
    }

    package enum Optimality: String, Sendable, Hashable {
        /// No plan of these shapes is cheaper.
        case proven
        /// No plan is cheaper than the lower bound; this one may be dearer than need be by the difference.
        case bounded
    }

    /// In the order of time, then of series.
    package let calls: [PlannedCall]
    package let totals: Totals
    package let lowerBound: Cost
    package let optimality: Optimality
    /// Runs of missing slots, and their slots.
    package let gaps: GapCount
    /// Slots that no shape at hand can fill, or that the limit of requests left out.
    package let uncovered: Int
}
