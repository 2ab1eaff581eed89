package import Series

/// What was refused, by series id: on its way to the store.
package struct RefusedRecords: Sendable, Equatable {
    package struct Record: Sendable, Equatable {
        /// nil where it cannot be told whose it is, or as long as the series is not made.
        package fileprivate(set) var seriesID: Int?
        /// The series that a listing tells of.
        package let found: SeriesKey?
        /// What it speaks of; nil where that cannot be told.
        package let time: Int64?
        package let reason: String
        package let record: String
        package let place: String?
    }

    /// What is kept as it came.
    package private(set) var kept: [Record] = []
    /// All instants of which records were refused, by series: nothing that is said of them counts as silence.
    package private(set) var times: [Int: [Int64]] = [:]
    /// How many there were of which nothing is kept, by series and reason.
    private var countsBeyond: [Int: [String: Int]] = [:]

    package init() {}

    /// `seriesIDs`: of the order's series.
    package init(_ refusals: Refusals, of seriesIDs: [Int]) {
        kept = refusals.kept.map { one in
            let time = one.time.flatMap { Self.years.contains($0) ? $0 : nil }
            return Record(
                seriesID: one.series.map { seriesIDs[$0] }, found: one.found, time: one.series == nil && one.found == nil ? nil : time,
                reason: Self.clean(one.reason), record: Self.clean(one.record), place: one.place.map(Self.clean))
        }
        for one in kept {
            if let id = one.seriesID, let time = one.time { times[id, default: []].append(time) }
        }
        for place in refusals.beyond where Self.years.contains(place.time) {
            times[seriesIDs[place.series], default: []].append(place.time)
        }
        for (series, counts) in refusals.countsBeyond { countsBeyond[seriesIDs[series]] = counts }
    }

    /// How many there were, by series and reason: those of which it is known whose they are.
    var counts: [Int: [String: Int]] {
        var counts = countsBeyond
        for one in kept {
            if let id = one.seriesID { counts[id, default: [:]][one.reason, default: 0] += 1 }
        }
        return counts
    }

    /// Series that listings told of.
    var found: Set<SeriesKey> { Set(kept.compactMap(\.found)) }

    /// Those of series that listings told of are of these now.
    mutating func take(_ ids: [SeriesKey: Int]) {
        for index in kept.indices {
            guard let key = kept[index].found, let id = ids[key] else { continue }
            kept[index].seriesID = id
            if let time = kept[index].time { times[id, default: []].append(time) }
        }
    }

    package var isEmpty: Bool { kept.isEmpty && times.isEmpty }

    /// The years 1 to 9999, UTC: other instants are garbage, and cannot be written.
    static let years: Range<Int64> = -62_135_596_800..<253_402_300_800

    /// The server's text holds no NUL.
    private static func clean(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(decoding: text.utf8.flatMap { $0 == 0 ? Array("\u{FFFD}".utf8) : [$0] }, as: UTF8.self)
    }
}

/// Where refused records came from.
package struct RefusalSource: Sendable {
    package let task: Int64
    package let shape: String
    /// The archive file's name.
    package let file: String?

    package init(task: Int64, shape: String, file: String? = nil) {
        self.task = task
        self.shape = shape
        self.file = file
    }
}

/// Open records that are settled by what is stored, and on whose word.
struct RefusalResolution: Sendable {
    let ids: [Int64]
    let status: RefusalStatus
    let by: String
}

package enum RefusalStatus: String, Sendable, CaseIterable {
    /// Nothing has come in its place.
    case open
    /// A row came that passes the rules.
    case superseded
    /// A person said that it is right, and it was stored.
    case released
    /// Read again, it passed the rules of the day, and was stored.
    case replayed

    /// For people.
    package var resolution: String? {
        switch self {
        case .open: nil
        case .superseded: "a row came that passes the rules"
        case .released: "stored as it is, on a person's word"
        case .replayed: "read again, it passes the rules"
        }
    }
}
