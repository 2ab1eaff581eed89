internal import Postgres
internal import Series

/// What rows cover, in parts.
extension Store {
    /// The parts that each series' rows fill.
    static func parts(
        of rows: [StoredRow], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [Int: SlotSet] {
        var times: [Int: [Int64]] = [:]
        for row in rows { times[row.seriesID, default: []].append(row.time) }
        if times.isEmpty { return [:] }
        let keys = try await connection.query("select id, key from series where id = any(\(times.keys.map { Int32($0) }))")
        var parts: [Int: SlotSet] = [:]
        for row in keys {
            let id = try row.int(0)
            guard let own = times[id] else { continue }
            var cover = RowCover(dataset, SeriesKey(try row.strings(1)))
            for time in own.sorted() { cover.add(time) }
            parts[id] = cover.finished()
        }
        return parts
    }
}

/// The parts that a series' rows fill, taken in the order of time: as many ranges as there are runs of rows.
struct RowCover {
    private let ruler: Ruler
    private let width: Int
    private var runs: [Range<Int>] = []

    init(_ dataset: Dataset, _ key: SeriesKey) {
        ruler = dataset.calendar(of: key).partRuler
        width = dataset.partsPerRow(key)
    }

    mutating func add(_ time: Int64) {
        let part = ruler.slot(containing: time)
        if let last = runs.last, part <= last.upperBound {
            runs[runs.count - 1] = last.lowerBound..<max(last.upperBound, part + width)
        } else {
            runs.append(part..<part + width)
        }
    }

    func finished() -> SlotSet { SlotSet(ranges: runs) }
}
