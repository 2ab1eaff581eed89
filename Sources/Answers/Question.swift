internal import Codec
internal import Series

/// Any question that has a cached answer. Equal questions have equal answers at one version of the dataset.
enum Question: Sendable, Hashable {
    case history(HistoryQuery)
    case completeness(CompletenessQuery)
    case gaps(GapsQuery)
    case series(SeriesQuery)
    case revisions(RevisionsQuery)
    case dataset(String)

    var dataset: String {
        switch self {
        case .history(let query): query.dataset
        case .completeness(let query): query.dataset
        case .gaps(let query): query.dataset
        case .series(let query): query.dataset
        case .revisions(let query): query.dataset
        case .dataset(let name): name
        }
    }

    var keys: [String: [String]] {
        switch self {
        case .history(let query): query.keys
        case .completeness(let query): query.keys
        case .gaps(let query): query.keys
        case .series(let query): query.keys
        case .revisions(let query): query.keys
        case .dataset: [:]
        }
    }

    /// The question without its page.
    private var words: [String] {
        switch self {
        case .history(let query):
            ["history", query.dataset, "\(query.from)", "\(query.to)", query.resolution.rawValue, query.fill.rawValue,
                query.format.rawValue]
        case .completeness(let query):
            ["completeness", query.dataset, "\(query.from, or: "-")", "\(query.to, or: "-")", query.groupBy.word]
        case .gaps(let query):
            ["gaps", query.dataset, "\(query.from, or: "-")", "\(query.to, or: "-")"] + query.states.map(\.rawValue)
        case .series(let query): ["series", query.dataset]
        case .revisions(let query):
            ["revisions", query.dataset, "\(query.from, or: "-")", "\(query.to, or: "-")", query.format.rawValue]
        case .dataset(let name): ["dataset", name]
        }
    }

    private var page: [String] {
        switch self {
        case .history(let query): [query.limit.map { "\($0)" } ?? "all", query.cursor ?? ""]
        case .completeness(let query): ["\(query.limit)", query.cursor ?? ""]
        case .gaps(let query): ["\(query.limit)", query.cursor ?? ""]
        case .series(let query): ["\(query.limit)", query.cursor ?? ""]
        case .revisions(let query): ["\(query.limit)", query.cursor ?? ""]
        case .dataset: []
        }
    }

    /// SHA-256 of everything that was asked.
    var digest: [UInt8] { hash(of: words + page) }

    /// The same for all pages: what a cursor is bound to.
    var seal: [UInt8] { Array(hash(of: words).prefix(8)) }

    private func hash(of words: [String]) -> [UInt8] {
        var text: [UInt8] = []
        // Each word with its length in front, so that no value can look like two.
        func add(_ word: String) { text += Array("\(word.utf8.count):\(word)".utf8) }
        words.forEach(add)
        for name in keys.keys.sorted() {
            add(name)
            add("\(keys[name]?.count ?? 0)")
            keys[name]?.forEach(add)
        }
        return SHA256.hash(text)
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(_ value: Int64?, or none: String) {
        appendInterpolation(value.map { "\($0)" } ?? none)
    }
}
