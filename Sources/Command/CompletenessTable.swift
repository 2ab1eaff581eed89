internal import Answers
internal import Bytes
internal import Ingest
internal import Series
internal import Store

/// How complete a dataset's series are, for people and for machines: `gapless report`, and what `gapless ingest` ends with.
struct CompletenessTable {
    let dataset: Dataset
    private(set) var rows: [(key: SeriesKey, tally: Tally)] = []
    /// Of the same series, judged.
    private var ledgers: [Ledger] = []
    private let span: Range<Int64>
    private let now: Int64

    /// What a line stands for.
    enum Grouping: Equatable {
        case series
        case periods(LocalPeriods.Unit)
        /// A value of a key or a label.
        case values(of: String)

        var title: String {
            switch self {
            case .series: "series"
            case .periods(let unit): unit.rawValue
            case .values(let name): name
            }
        }
    }

    /// Of the series that a selection means. `isAsked`: it was typed for this, and names what is there, or `AnswerError` is thrown.
    static func of(
        _ asked: Selection, _ dataset: Dataset, _ attached: AttachedStore, isAsked: Bool = false
    ) throws -> CompletenessTable {
        let now = attached.ready.clock.now
        let series = try attached.planning { _, planning in try await planning.store.ledgers(of: dataset) }
        if isAsked { try dataset.requireSeries(asked.keys, among: series.map(\.key)) }
        let selection = Planning.resolved(asked, of: dataset, knowing: series, now: now)
        let from = selection.from ?? now
        var table = CompletenessTable(dataset: dataset, span: from..<max(from, selection.to ?? now), now: now)
        for one in series where dataset.selects(one.key, by: selection) {
            let ledger = dataset.judged(one.ledger, now: now)
            let tally = ledger.tally(
                in: dataset.slots(of: one.key, from: from, to: table.span.upperBound), calendar: dataset.calendar(of: one.key),
                dueBefore: dataset.dueBefore(one.key, now: now))
            table.rows.append((one.key, tally))
            table.ledgers.append(ledger)
        }
        return table
    }

    private init(dataset: Dataset, span: Range<Int64>, now: Int64) {
        self.dataset = dataset
        self.span = span
        self.now = now
    }

    var total: Tally { rows.reduce(into: Tally()) { $0 += $1.tally } }

    func text(by grouping: Grouping = .series) -> TextTable {
        let all = total
        // States that are rare have a column where they occur; the likeliest to be spared is the last to be rare.
        let columns: [(name: String, spare: Int, count: KeyPath<Tally, Int>)] = [
            ("expected", 2, \.expected), ("present", 3, \.present), ("missing", 0, \.missing), ("unfillable", 4, \.unfillable),
            ("quarantined", 5, \.quarantined), ("pending", 6, \.pending), ("absent", 7, \.absent), ("excluded", 8, \.excluded),
        ].filter { ["expected", "present", "missing", "pending"].contains($0.0) || all[keyPath: $0.2] > 0 }
        var table = TextTable(
            [.init(title: grouping.title)] + columns.map { .init(title: $0.name, side: .right, spare: $0.spare) }
                + [.init(title: "complete", side: .right, spare: 1)])
        func add(_ name: String, _ tally: Tally) {
            table.add(
                [name] + columns.map { "\(tally[keyPath: $0.count])" } + ["\(tally.completeness)"], tint: Self.tint(of: tally))
        }
        for (name, tally) in lines(by: grouping) { add(name, tally) }
        add("all", all)
        return table
    }

    /// In the order of keys, of time, or of values.
    private func lines(by grouping: Grouping) -> [(name: String, tally: Tally)] {
        switch grouping {
        case .series: return rows.map { ($0.key.values.joined(separator: "/"), $0.tally) }
        case .periods(let unit):
            guard let periods = LocalPeriods(unit, over: span, dataset) else { return [] }
            let tallies = periods.tallies(of: ledgers, span, periods.numbers, now: now)
            return zip(periods.numbers, tallies).map { (periods.name($0), $1) }
        case .values(let name):
            return dataset.groups(of: rows.map(\.key), by: name).map { value, places in
                (value, places.reduce(into: Tally()) { $0 += rows[$1].tally })
            }
        }
    }

    /// Whole, holes that can still be filled, and nothing held at all.
    private static func tint(of tally: Tally) -> TextTable.Tint {
        if tally.missing == 0 { return .good }
        return tally.present == 0 ? .bad : .fair
    }

    func json(by grouping: Grouping = .series) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("dataset", dataset.name)
        json.members(total)
        json.key(grouping == .series ? "series" : "groups")
        json.beginArray()
        for (place, line) in lines(by: grouping).enumerated() {
            json.beginObject()
            if grouping == .series { json.members(of: rows[place].key, names: dataset.keys) } else { json.member("key", line.name) }
            json.members(line.tally)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
