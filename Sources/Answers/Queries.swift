package import Series

/// Rows of some series over a range. Ranges are instants, half-open; `to` before `from` is an empty range.
package struct HistoryQuery: Sendable, Hashable {
    package enum Resolution: String, Sendable { case slot, part }
    package enum Fill: String, Sendable { case none, null }
    package enum Format: String, Sendable { case json, csv, ndjson }

    package var dataset: String
    /// Values by key name, without repeats and sorted; a name that is absent means every followed value.
    package var keys: [String: [String]]
    package var from: Int64
    package var to: Int64
    package var resolution: Resolution
    package var fill: Fill
    package var format: Format
    /// Rows a page, at least 1; nil for all of the range: such an answer that is longer than `pageMax` rows is made while it is
    /// sent (`Reader.stream`).
    package var limit: Int?
    package var cursor: String?

    /// Rows of an answer that is made whole, where nobody asked for so many.
    package static let pageMax = 10_000

    package init(
        dataset: String, keys: [String: [String]] = [:], from: Int64, to: Int64, resolution: Resolution = .slot, fill: Fill = .none,
        format: Format = .json, limit: Int? = HistoryQuery.pageMax, cursor: String? = nil
    ) {
        self.dataset = dataset
        self.keys = canonical(keys)
        self.from = from
        self.to = to
        self.resolution = resolution
        self.fill = fill
        self.format = format
        self.limit = limit.map { max(1, $0) }
        self.cursor = cursor
    }
}

/// The completeness report. Absent instants mean the dataset's horizon, up to now.
package struct CompletenessQuery: Sendable, Hashable {
    package enum Grouping: Sendable, Hashable {
        case none, series, day, month
        /// By the values of one of the dataset's keys or labels: `tier`.
        case values(of: String)

        package init(word: String) {
            self =
                switch word {
                case "series": .series
                case "day": .day
                case "month": .month
                default: .values(of: word)
                }
        }

        var word: String {
            switch self {
            case .none: "none"
            case .series: "series"
            case .day: "day"
            case .month: "month"
            case .values(let name): "values of \(name)"
            }
        }
    }

    package var dataset: String
    package var keys: [String: [String]]
    package var from: Int64?
    package var to: Int64?
    package var groupBy: Grouping
    /// Entries of `series`, or of `groups` where they are grouped, a page.
    package var limit: Int
    package var cursor: String?

    package init(
        dataset: String, keys: [String: [String]] = [:], from: Int64? = nil, to: Int64? = nil, groupBy: Grouping = .none,
        limit: Int = 100, cursor: String? = nil
    ) {
        self.dataset = dataset
        self.keys = canonical(keys)
        self.from = from
        self.to = to
        self.groupBy = groupBy
        self.limit = max(1, limit)
        self.cursor = cursor
    }
}

/// Gaps, worst first. `states` empty: every state but `pending`, which is no fault of anybody's.
package struct GapsQuery: Sendable, Hashable {
    package var dataset: String
    package var keys: [String: [String]]
    package var from: Int64?
    package var to: Int64?
    package var states: [SlotState]
    package var limit: Int
    package var cursor: String?

    package init(
        dataset: String, keys: [String: [String]] = [:], from: Int64? = nil, to: Int64? = nil, states: [SlotState] = [],
        limit: Int = 100, cursor: String? = nil
    ) {
        self.dataset = dataset
        self.keys = canonical(keys)
        self.from = from
        self.to = to
        self.states = SlotState.allCases.filter { states.contains($0) && $0 != .present }
        self.limit = max(1, limit)
        self.cursor = cursor
    }
}

/// The series of a dataset, in the order of their keys.
package struct SeriesQuery: Sendable, Hashable {
    package var dataset: String
    package var keys: [String: [String]]
    package var limit: Int
    package var cursor: String?

    package init(dataset: String, keys: [String: [String]] = [:], limit: Int = 100, cursor: String? = nil) {
        self.dataset = dataset
        self.keys = canonical(keys)
        self.limit = max(1, limit)
        self.cursor = cursor
    }
}

/// Values that changed, the newest change first. `from` and `to` speak of the slots' time, not of when they changed; an absent
/// one bounds nothing.
package struct RevisionsQuery: Sendable, Hashable {
    package var dataset: String
    package var keys: [String: [String]]
    package var from: Int64?
    package var to: Int64?
    package var format: HistoryQuery.Format
    package var limit: Int
    package var cursor: String?

    package init(
        dataset: String, keys: [String: [String]] = [:], from: Int64? = nil, to: Int64? = nil,
        format: HistoryQuery.Format = .json, limit: Int = 100, cursor: String? = nil
    ) {
        self.dataset = dataset
        self.keys = canonical(keys)
        self.from = from
        // Before `from` it is an empty range.
        self.to = to.map { max($0, from ?? $0) }
        self.format = format
        self.limit = max(1, limit)
        self.cursor = cursor
    }
}

/// One spelling for one meaning. A name without values restricts nothing.
private func canonical(_ keys: [String: [String]]) -> [String: [String]] {
    keys.filter { !$0.value.isEmpty }.mapValues { Array(Set($0)).sorted() }
}
