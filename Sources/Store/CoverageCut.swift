internal import Postgres
internal import Series

/// A stretch of time, as series of a dataset count it: what is read of them for it is cut off at its ends by the server, so that a look
/// at the last days costs what happened in them and not what was ever held.
struct CoverageCut {
    let dataset: Dataset
    let span: Range<Int64>

    /// The slots of a series that it touches. Those that it touches of a longer ruler hold all of them: a teller's days their hours.
    func slots(of key: SeriesKey) -> Range<Int> {
        let ruler = dataset.calendar(of: key).ruler
        let first = ruler.slot(containing: span.lowerBound)
        return first..<max(first, ruler.slot(containing: span.upperBound - 1) + 1)
    }

    /// A table `cut` with a row for each of these series: `id`, the run `low`..`high` of its slots, and the same as multiranges of its
    /// `slots` and of their `parts`.
    func table(of series: [SeriesEntry]) -> SQL {
        let runs = series.map { slots(of: $0.key) }
        return """
            (select id, low, high, int8multirange(int8range(low, high)) as slots,
                int8multirange(int8range(low * parts, high * parts)) as parts
                from unnest(\(series.map { Int32(clamping: $0.id) }), \(runs.map(\.lowerBound)), \(runs.map(\.upperBound)),
                    \(series.map { dataset.calendar(of: $0.key).parts })) as g (id, low, high, parts)) cut
            """
    }
}
