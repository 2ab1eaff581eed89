internal import Bytes
internal import Series
internal import Store

/// Writes the rows of a page: one walk over its units and over the stored rows, both in the order of time.
struct RowWalk {
    /// How far a series' units have been written.
    private struct Head {
        let ranges: [Range<Int>]
        var at = 0
        var next: Int

        init(_ units: SlotSet) {
            ranges = units.ranges
            next = ranges.first?.lowerBound ?? .max
        }

        mutating func advance() {
            next += 1
            if next < ranges[at].upperBound { return }
            at += 1
            next = at < ranges.count ? ranges[at].lowerBound : .max
        }
    }

    private let dataset: Dataset
    private let ruler: Ruler
    private let fields: [ShownField]
    private let columns: [RowSchema.Column]
    private let keys: [SeriesKey]
    private let provisional: [SlotSet]
    private let rows: RowBlock
    private let partsPerUnit: Int
    /// For each series, parts that one of its rows fills: a unit is whole with as many rows as that leaves.
    private let widths: [Int]
    private var heads: [Head]
    private let places: [Int: Int]
    /// Rows of the unit at hand: for each series so many, and which.
    private var found: [Int]
    private var foundRows: [Int]
    /// Where units are parts, for each series whose rows fill several: the first unit that its last row does not fill.
    private var filledBefore: [Int]
    private var nextRow = 0
    private var decimals: [Decimal] = []
    /// Why units are empty, where those are shown too.
    private var holes: Holes?

    init(_ page: HistoryPage, of snapshot: Snapshot, _ query: HistoryQuery, _ scope: Scope) {
        dataset = scope.dataset
        ruler = page.ruler
        let isSlots = query.resolution == .slot
        let table = snapshot.series.first.map { scope.dataset.table(of: $0.key) } ?? scope.dataset.table
        fields = isSlots ? table.slotFields : table.partFields
        columns = table.schema.columns
        let parts = snapshot.series.first.map { scope.dataset.calendar(of: $0.key).parts } ?? 1
        partsPerUnit = isSlots ? parts : 1
        keys = snapshot.series.map(\.key)
        provisional = snapshot.series.map(\.ledger.provisional)
        widths = keys.map(dataset.partsPerRow)
        rows = snapshot.rows
        heads = page.served.map(Head.init)
        places = Dictionary(uniqueKeysWithValues: snapshot.series.enumerated().map { ($0.element.id, $0.offset) })
        found = Array(repeating: 0, count: keys.count)
        foundRows = Array(repeating: 0, count: keys.count * partsPerUnit)
        filledBefore = Array(repeating: .min, count: keys.count)
        if query.fill == .null {
            holes = Holes(snapshot.series, scope, unitsPerSlot: isSlots ? 1 : parts)
        }
    }

    mutating func write(to sink: inout some RowSink) {
        while let unit = heads.lazy.map(\.next).min(), unit != .max {
            let start = ruler.start(of: unit)
            gather(unit, from: start, to: ruler.end(of: unit))
            let local = dataset.zone.local(at: start)
            for place in heads.indices where heads[place].next == unit {
                heads[place].advance()
                write(unit, start, local, place, to: &sink)
            }
        }
    }

    private mutating func gather(_ unit: Int, from start: Int64, to end: Int64) {
        for place in found.indices { found[place] = filledBefore[place] > unit ? 1 : 0 }
        while nextRow < rows.count, rows.times[nextRow] < end {
            if let place = places[rows.seriesIDs[nextRow]] {
                if widths[place] > partsPerUnit {
                    // A row that began before the unit fills it all the same.
                    filledBefore[place] = ruler.slot(containing: rows.times[nextRow]) + widths[place]
                    foundRows[place] = nextRow
                    found[place] = filledBefore[place] > unit ? 1 : 0
                } else if rows.times[nextRow] >= start, found[place] < rowsPerUnit(place) {
                    foundRows[place * partsPerUnit + found[place]] = nextRow
                    found[place] += 1
                }
            }
            nextRow += 1
        }
    }

    /// Rows that make a unit whole.
    private func rowsPerUnit(_ place: Int) -> Int { max(1, partsPerUnit / widths[place]) }

    private mutating func write(_ unit: Int, _ start: Int64, _ local: Zone.Local, _ place: Int, to sink: inout some RowSink) {
        let isWhole = found[place] == rowsPerUnit(place)
        // What coverage says is held and the table does not have is not made up.
        if !isWhole && holes == nil { return }
        sink.beginRow()
        for field in fields {
            switch field.content {
            case .instant: sink.instant(field.name, start, offset: local.offset)
            case .localHour: sink.int(field.name, Int64(local.hour))
            case .localDate: sink.date(field.name, local.date)
            case .key(let index): sink.text(field.name, keys[place].values[index])
            case .partCount: sink.int(field.name, Int64(min(found[place] * widths[place], partsPerUnit)))
            case .provisional: sink.flag(field.name, provisional[place].contains(unit * partsPerUnit))
            case .mean(let column):
                if isWhole, let mean = mean(column, place) { sink.decimal(field.name, mean) } else { sink.null(field.name) }
            case .value(let column):
                sink.value(field.name, isWhole ? rows.value(column, of: foundRows[place * partsPerUnit]) : .null, columns[column].kind)
            case .timestamp(let column):
                if isWhole, case .integer(let instant) = rows.value(column, of: foundRows[place * partsPerUnit]) {
                    sink.instant(field.name, instant, offset: dataset.zone.offset(at: instant))
                } else {
                    sink.null(field.name)
                }
            case .object(let members, let rest):
                func value(_ column: Int) -> Value { isWhole ? rows.value(column, of: foundRows[place * partsPerUnit]) : .null }
                let shown = members.map { ShownMember($0.name, value($0.column), columns[$0.column].kind) }
                sink.object(field.name, shown, rest: value(rest))
            }
        }
        if let reason = holes?.reason(of: unit, place) {
            sink.text("reason", reason)
        } else if holes != nil {
            if isWhole { sink.null("reason") } else { sink.text("reason", SlotState.missing.rawValue) }
        }
        sink.endRow()
    }

    /// Four quarters of five decimals need seven.
    private static let meanPlaces = 7

    private mutating func mean(_ column: Int, _ place: Int) -> Decimal? {
        decimals.removeAll(keepingCapacity: true)
        for index in place * partsPerUnit..<place * partsPerUnit + rowsPerUnit(place) {
            switch rows.value(column, of: foundRows[index]) {
            case .decimal(let value): decimals.append(value)
            case .integer(let value): decimals.append(Decimal(value))
            case .null, .kept, .text: return nil
            }
        }
        // One row for the whole slot is no mean: digit for digit as it is stored.
        if decimals.count == 1 { return decimals[0] }
        return Decimal.mean(of: decimals)?.rounded(to: RowWalk.meanPlaces)
    }
}

/// Why units are empty; asked in the order of time for each series.
private struct Holes {
    private let gaps: [[(range: Range<Int>, reason: String)]]
    private let unitsPerSlot: Int
    private var at: [Int]
    private let held: [SlotSet]

    init(_ series: [StoredSeries], _ scope: Scope, unitsPerSlot: Int) {
        self.unitsPerSlot = unitsPerSlot
        gaps = series.map { one in scope.gaps(one).map { ($0.range, scope.reason($0, of: one)) } }
        at = Array(repeating: 0, count: series.count)
        // Of a slot that came in part, the parts that are held are no holes.
        held = unitsPerSlot == 1 ? [] : series.map(\.ledger.held)
    }

    mutating func reason(of unit: Int, _ place: Int) -> String? {
        let slot = unit >= 0 ? unit / unitsPerSlot : (unit + 1) / unitsPerSlot - 1
        while at[place] < gaps[place].count, gaps[place][at[place]].range.upperBound <= slot { at[place] += 1 }
        guard at[place] < gaps[place].count, gaps[place][at[place]].range.contains(slot) else { return nil }
        if unitsPerSlot > 1, held[place].contains(unit) { return nil }
        return gaps[place][at[place]].reason
    }
}
