internal import Bytes
internal import Series
internal import Store

/// Writes calls for people: which series, which local dates.
struct CallText {
    let dataset: Dataset
    private let keys: [Int: SeriesKey]

    /// Names the series of these calls.
    static func of(_ dataset: Dataset, _ calls: [StoredCall], store: Store) async throws -> CallText {
        let ids = Set(calls.flatMap(\.seriesIDs)).sorted()
        if ids.isEmpty { return CallText(dataset: dataset, keys: [:]) }
        let series = try await store.entries(ids: ids)
        return CallText(dataset: dataset, keys: Dictionary(series.map { ($0.id, $0.key) }, uniquingKeysWith: { first, _ in first }))
    }

    private init(dataset: Dataset, keys: [Int: SeriesKey]) {
        self.dataset = dataset
        self.keys = keys
    }

    /// The members of a call, into an object that is open.
    func write(_ call: StoredCall, to json: inout JSONWriter) {
        json.member("upstream", dataset.upstream.name)
        json.member("shape", call.shape)
        json.member("request", request(call))
        json.member("covers_slots", call.covers)
        json.member("cost") { json in
            json.member("requests", call.requests)
            json.member("tokens", call.tokens)
        }
        json.member("deadline", instant: call.deadline, offset: call.deadline.map { dataset.zone.offset(at: $0) } ?? 0)
    }

    /// `CHILOE________220/online, 2025-12-01 to 2025-12-03` (both dates included).
    private func request(_ call: StoredCall) -> String {
        var names = call.seriesIDs.map { keys[$0]?.description ?? "series \($0)" }
        let most = 4
        if names.count > most { names = names.prefix(most - 1) + ["\(names.count - most + 1) more"] }
        return "\(names.joined(separator: " ")), \(dates(call.periods))"
    }

    private func dates(_ periods: Range<Int>) -> String {
        let instants = dataset.periods.instants(of: periods)
        let first = dataset.zone.day(at: instants.lowerBound)
        let last = dataset.zone.day(at: max(instants.lowerBound, instants.upperBound - 1))
        let isWholeDays = dataset.zone.start(of: first) == instants.lowerBound
            && dataset.zone.start(of: last.advanced(by: 1)) == instants.upperBound
        if isWholeDays { return first == last ? "\(first)" : "\(first) to \(last)" }
        let ends = [instants.lowerBound, instants.upperBound].map { Timestamp.text($0, offset: dataset.zone.offset(at: $0)) }
        return ends.joined(separator: " to ")
    }
}
