internal import Bytes
internal import Series
internal import Store

/// Which rows a page of history has: known from coverage alone, before a row is read.
///
/// Rows are of units (slots, or parts), by time, then in the order of the series' keys.
struct HistoryPage {
    /// The marks between units.
    let ruler: Ruler
    /// For each series, the units of this page.
    private(set) var served: [SlotSet] = []
    /// The place of the last row: a unit, and a series of it.
    private(set) var last: (unit: Int, place: Int)?
    private(set) var rowCount = 0
    private(set) var hasMore = false
    /// The slots, where a row may have begun before the unit that it fills.
    private let rowSlots: Ruler?

    /// The first `limit` rows behind the cursor's place.
    init(
        _ query: HistoryQuery, _ scope: Scope, _ series: [StoredSeries], after cursor: Cursor?, limit: Int
    ) throws(AnswerError) {
        let calendar = try scope.commonCalendar(of: series)
        ruler = query.resolution == .slot ? calendar.ruler : calendar.partRuler
        let mayBeginBefore = query.resolution == .part && series.contains { scope.dataset.partsPerRow($0.key) > 1 }
        rowSlots = mayBeginBefore ? calendar.ruler : nil
        let units = ruler.slots(from: query.from, to: query.to)
        var all = series.map { HistoryPage.units($0.ledger, of: units, query, calendar) }
        if let cursor {
            let unit = Int(cursor.place[0])
            guard units.contains(unit), let given = series.firstIndex(where: { $0.id == Int(cursor.place[1]) }) else { throw .badCursor }
            for place in all.indices { all[place].remove(units.lowerBound..<(place <= given ? unit + 1 : unit)) }
        }
        rowCount = min(limit, all.reduce(0) { $0 + $1.count })
        hasMore = all.contains { !$0.isEmpty } && all.reduce(0) { $0 + $1.count } > rowCount
        if rowCount > 0 { cut(all, within: units) }
    }

    /// Where the next page begins.
    func end(_ series: [StoredSeries]) -> Cursor? { last.map { Cursor(place: [Int64($0.unit), Int64(series[$0.place].id)]) } }

    /// Keeps the first `rowCount` rows.
    private mutating func cut(_ all: [SlotSet], within units: Range<Int>) {
        func count(before end: Int) -> Int { all.reduce(0) { $0 + $1.count(in: units.lowerBound..<end) } }
        // The first unit up to which there are enough.
        var low = units.lowerBound
        var high = units.upperBound - 1
        while low < high {
            let middle = low + (high - low) / 2
            if count(before: middle + 1) >= rowCount { high = middle } else { low = middle + 1 }
        }
        var left = rowCount - count(before: low)
        for (place, set) in all.enumerated() {
            let reachesLast = left > 0 && set.contains(low)
            served.append(set.intersection(units.lowerBound..<(reachesLast ? low + 1 : low)))
            if reachesLast {
                left -= 1
                last = (low, place)
            }
        }
    }

    private static func units(_ ledger: Ledger, of units: Range<Int>, _ query: HistoryQuery, _ calendar: Series.Calendar) -> SlotSet {
        let parts = query.resolution == .slot ? 1 : calendar.parts
        // The slots that the units lie in.
        let touched = SlotSet(units).touchedSlots(of: parts)
        guard let first = touched.first, let end = touched.last else { return SlotSet() }
        let slots = first..<end + 1
        let wanted = ledger.existing(in: slots, calendar).scaledUp(by: parts).intersection(units)
        if query.fill == .null { return wanted }
        // What is provisional is shown, and is a hole all the same.
        let held = ledger.held.union(ledger.provisional).intersection(slots.lowerBound * calendar.parts..<slots.upperBound * calendar.parts)
        return (query.resolution == .part ? held : held.wholeSlots(of: calendar.parts)).intersection(wanted)
    }

    /// The stretch of time whose rows are needed.
    var span: Range<Int64>? {
        guard let first = served.compactMap(\.first).min(), let last else { return nil }
        let start = ruler.start(of: first)
        return (rowSlots.map { $0.start(of: $0.slot(containing: start)) } ?? start)..<ruler.end(of: last.unit)
    }
}
