internal import Answers
internal import Bytes
internal import HTTP
internal import Ingest
internal import Series

/// A question to the reading half, as a request's path and query put it.
enum ReadQuery {
    case history(HistoryQuery)
    case completeness(CompletenessQuery)
    case gaps(GapsQuery)
    case series(SeriesQuery)
    case revisions(RevisionsQuery)
    case dataset(String)
    case datasets

    /// Empty where all are meant.
    var dataset: String {
        switch self {
        case .history(let query): query.dataset
        case .completeness(let query): query.dataset
        case .gaps(let query): query.dataset
        case .series(let query): query.dataset
        case .revisions(let query): query.dataset
        case .dataset(let name): name
        case .datasets: ""
        }
    }

    /// Rows that one page may hold, and entries of the other lists.
    static let rows = 1...HistoryQuery.pageMax
    static let entries = 1...10_000
    private static let filledSecondsMax: Int64 = 3653 * 86_400

    static func history(_ request: Request, of dataset: Dataset) throws(Failure) -> ReadQuery {
        let words = resolutions(of: dataset)
        let own = words.isEmpty ? [] : ["resolution"]
        var query = QueryInput(request, known: dataset.choices + ["from", "to"] + own + ["fill", "limit", "cursor", "format"])
        let keys = keys(&query, of: dataset)
        let (from, to) = range(&query, of: dataset, isRequired: true)
        let resolution = query.choice("resolution", of: words)
        let fill = query.choice("fill", of: ["null", "none"])
        // A row for every slot, held or not: of all years that can be written it would be tens of gigabytes of nothing.
        if fill == "null", let from, let to, to - from > Self.filledSecondsMax {
            query.wrong("fill", "null takes a range of ten years at most")
        }
        let limit = query.int("limit", in: rows)
        let cursor = query.text("cursor")
        let format = query.text("format")
        try query.end()
        let form = try Form.wanted(format, request, offered: [.json, .csv, .ndjson])
        // A file is wanted whole where nobody says how long; a page of JSON is bounded.
        let most = limit ?? (form == .json ? HistoryQuery.pageMax : nil)
        return .history(
            HistoryQuery(
                dataset: dataset.name, keys: keys, from: from ?? 0, to: to ?? 0,
                resolution: resolution != nil && resolution != words[0] ? .part : .slot, fill: fill == "null" ? .null : .none,
                format: form.historyFormat, limit: most, cursor: cursor))
    }

    static func completeness(_ request: Request, of dataset: Dataset) throws(Failure) -> ReadQuery {
        var query = QueryInput(request, known: dataset.choices + ["from", "to", "group_by", "limit", "cursor", "format"])
        let keys = keys(&query, of: dataset)
        let (from, to) = range(&query, of: dataset, isRequired: false)
        let grouping = query.choice("group_by", of: ["series", "day", "month"] + dataset.choices)
        let page = page(&query)
        try end(query, request)
        return .completeness(
            CompletenessQuery(
                dataset: dataset.name, keys: keys, from: from, to: to,
                groupBy: grouping.map(CompletenessQuery.Grouping.init(word:)) ?? .none, limit: page.limit,
                cursor: page.cursor))
    }

    static func gaps(_ request: Request, of dataset: Dataset) throws(Failure) -> ReadQuery {
        var query = QueryInput(request, known: dataset.choices + ["from", "to", "state", "limit", "cursor", "format"])
        let keys = keys(&query, of: dataset)
        let (from, to) = range(&query, of: dataset, isRequired: false)
        var states: [SlotState] = []
        for word in query.list("state") ?? [] {
            if let state = SlotState(rawValue: word), state != .present {
                states.append(state)
            } else {
                let words = SlotState.allCases.filter { $0 != .present }.map(\.rawValue)
                query.wrong("state", "expected one of \(words.joined(separator: ", "))")
            }
        }
        let page = page(&query)
        try end(query, request)
        return .gaps(
            GapsQuery(
                dataset: dataset.name, keys: keys, from: from, to: to, states: states, limit: page.limit, cursor: page.cursor))
    }

    static func series(_ request: Request, of dataset: Dataset) throws(Failure) -> ReadQuery {
        var query = QueryInput(request, known: dataset.choices + ["limit", "cursor", "format"])
        let keys = keys(&query, of: dataset)
        let page = page(&query)
        try end(query, request)
        return .series(SeriesQuery(dataset: dataset.name, keys: keys, limit: page.limit, cursor: page.cursor))
    }

    static func revisions(_ request: Request, of dataset: Dataset) throws(Failure) -> ReadQuery {
        var query = QueryInput(request, known: dataset.choices + ["from", "to", "limit", "cursor", "format"])
        let keys = keys(&query, of: dataset)
        let (from, to) = range(&query, of: dataset, isRequired: false)
        let limit = query.int("limit", in: entries)
        let cursor = query.text("cursor")
        let format = query.text("format")
        try query.end()
        let form = try Form.wanted(format, request, offered: [.json, .csv, .ndjson])
        // Who asks for a file does not want it by the hundred.
        let page = limit ?? (form == .json ? Paging.otherwise : entries.upperBound)
        return .revisions(
            RevisionsQuery(
                dataset: dataset.name, keys: keys, from: from, to: to, format: form.historyFormat, limit: page, cursor: cursor))
    }

    /// How a dataset's slot, and its part where it has several, are written as durations: the words of `resolution`.
    static func resolutions(of dataset: Dataset) -> [String] {
        // Where each series has a length of its own, that is a key of the series and no resolution.
        guard case .alike(let calendar) = dataset.calendars else { return [] }
        guard case .every(let seconds, _) = calendar.ruler else { return ["P1D"] }
        let slot = ISODuration.text(Int64(seconds))
        let parts = calendar.parts
        return parts > 1 ? [slot, ISODuration.text(Int64(seconds / parts))] : [slot]
    }

    // MARK: Pieces that several resources share

    static func keys(_ query: inout QueryInput, of dataset: Dataset) -> [String: [String]] {
        var keys: [String: [String]] = [:]
        for name in dataset.choices {
            guard let given = query.list(name) else { continue }
            keys[name] = given.compactMap { value in
                let label = dataset.labels.first { $0.name == name }
                if let one = dataset.canonical(name, value), label?.values.contains(one) ?? true { return one }
                query.wrong(name, SelectionJSON.noValue(value, of: name, dataset).detail)
                return nil
            }
        }
        return keys
    }

    static func range(_ query: inout QueryInput, of dataset: Dataset, isRequired: Bool) -> (from: Int64?, to: Int64?) {
        let from = query.instant("from", in: dataset.zone, isRequired: isRequired)
        let to = query.instant("to", in: dataset.zone, isRequired: isRequired)
        if let from, let to, to < from { query.wrong("to", "must not be before from") }
        return (from, to)
    }

    private static func page(_ query: inout QueryInput) -> (limit: Int, cursor: String?) {
        (query.int("limit", in: entries, otherwise: Paging.otherwise), query.text("cursor"))
    }

    /// For what comes as JSON only.
    private static func end(_ query: QueryInput, _ request: Request) throws(Failure) {
        var query = query
        let format = query.text("format")
        try query.end()
        _ = try Form.wanted(format, request, offered: [.json])
    }
}

extension Form {
    fileprivate var historyFormat: HistoryQuery.Format {
        switch self {
        case .json: .json
        case .csv: .csv
        case .ndjson: .ndjson
        }
    }
}
