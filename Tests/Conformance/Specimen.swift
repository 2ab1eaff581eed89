package import Series

/// A dataset, and of each of its call shapes that ask an upstream a call with the answers to it: what the checks need to know of it.
package struct Specimen: Sendable {
    package let dataset: Dataset
    package let calls: [SpecimenCall]

    package init(_ dataset: Dataset, _ calls: [SpecimenCall]) {
        self.dataset = dataset
        self.calls = calls
    }

    /// Series that the checks look at: those of the calls, and some of those that are followed.
    var keys: [SeriesKey] {
        var seen: Set<SeriesKey> = []
        let all = dataset.followed
        let some = stride(from: 0, to: all.count, by: max(1, all.count / 6)).map { all[$0] }
        return (calls.flatMap(\.order.series) + some).filter { seen.insert($0).inserted }
    }
}

/// A call that goes well.
package struct SpecimenCall: Sendable {
    package let order: CallOrder
    /// The body of the upstream's answer; nil: the request is refused as a bad one.
    package let answer: @Sendable (UpstreamRequest) -> String?
    /// All that has to come of it, in any order.
    package let rows: [Row]
    package let found: [FoundRow]

    /// A call of a shape. `now`: the shown clock; `requests`: what the plan lets it spend, nil: the price that the shape names; `pageRows`:
    /// as it was learnt, where it was.
    package init(
        _ shape: String, of dataset: Dataset, _ series: [SeriesKey], periods: Range<Int>, now: Int64 = .max, requests: Int? = nil,
        pageRows: Int? = nil, rows: [Row], found: [FoundRow] = [], answer: @escaping @Sendable (UpstreamRequest) -> String?
    ) {
        let price = dataset.call(shape)?.cost(periods: periods.count, series: series.count).requests
        order = CallOrder(
            shape: shape, series: series, periods: periods, now: now, requests: requests ?? price ?? 1, pageRows: pageRows)
        self.answer = answer
        self.rows = rows
        self.found = found
    }
}
