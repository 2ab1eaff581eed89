internal import Answers
internal import Bytes
internal import Ingest
internal import Series
internal import Store

/// How complete a dataset's series are, for people and for machines: `gapless report`, and what `gapless ingest` ends with.
struct CompletenessTable {
    let dataset: Dataset
    private(set) var rows: [(key: SeriesKey, tally: Tally)] = []

    /// Of the series that a selection means. `isAsked`: it was typed for this, and names what is there, or `AnswerError` is thrown.
    static func of(
        _ asked: Selection, _ dataset: Dataset, _ attached: AttachedStore, isAsked: Bool = false
    ) throws -> CompletenessTable {
        let now = attached.ready.clock.now
        let name = dataset.name
        let series = try attached.planning { _, planning in try await planning.store.ledgers(of: name) }
        if isAsked { try dataset.requireSeries(asked.keys, among: series.map(\.key)) }
        let selection = Planning.resolved(asked, of: dataset, knowing: series, now: now)
        var table = CompletenessTable(dataset: dataset)
        for one in series where dataset.selects(one.key, by: selection) {
            let tally = dataset.judged(one.ledger, now: now).tally(
                in: dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now),
                calendar: dataset.calendar(of: one.key), dueBefore: dataset.dueBefore(one.key, now: now))
            table.rows.append((one.key, tally))
        }
        return table
    }

    private init(dataset: Dataset) { self.dataset = dataset }

    var total: Tally { rows.reduce(into: Tally()) { $0 += $1.tally } }

    /// `label`: one line for each of its values; nil for a line a series.
    func text(by label: Label? = nil) -> TextTable {
        let all = total
        // States that are rare have a column where they occur; the likeliest to be spared is the last to be rare.
        let columns: [(name: String, spare: Int, count: KeyPath<Tally, Int>)] = [
            ("expected", 2, \.expected), ("present", 3, \.present), ("missing", 0, \.missing), ("unfillable", 4, \.unfillable),
            ("quarantined", 5, \.quarantined), ("pending", 6, \.pending), ("absent", 7, \.absent), ("excluded", 8, \.excluded),
        ].filter { ["expected", "present", "missing", "pending"].contains($0.0) || all[keyPath: $0.2] > 0 }
        var table = TextTable(
            [.init(title: label?.name ?? "series")] + columns.map { .init(title: $0.name, side: .right, spare: $0.spare) }
                + [.init(title: "complete", side: .right, spare: 1)])
        func add(_ name: String, _ tally: Tally) {
            table.add(
                [name] + columns.map { "\(tally[keyPath: $0.count])" } + ["\(tally.completeness)"], tint: Self.tint(of: tally))
        }
        for (name, tally) in lines(by: label) { add(name, tally) }
        add("all", all)
        return table
    }

    /// In the order of keys, or of the label's values.
    private func lines(by label: Label?) -> [(name: String, tally: Tally)] {
        guard let label else { return rows.map { ($0.key.values.joined(separator: "/"), $0.tally) } }
        let groups = Dictionary(grouping: rows) { label.of($0.key) }
        return label.values.compactMap { value in
            groups[value].map { (value, $0.reduce(into: Tally()) { $0 += $1.tally }) }
        }
    }

    /// Whole, holes that can still be filled, and nothing held at all.
    private static func tint(of tally: Tally) -> TextTable.Tint {
        if tally.missing == 0 { return .good }
        return tally.present == 0 ? .bad : .fair
    }

    func json(by label: Label? = nil) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("dataset", dataset.name)
        json.members(total)
        json.key(label == nil ? "series" : "groups")
        json.beginArray()
        if let label {
            for (name, tally) in lines(by: label) {
                json.beginObject()
                json.member("key", name)
                json.members(tally)
                json.endObject()
            }
        } else {
            for row in rows {
                json.beginObject()
                json.members(of: row.key, names: dataset.keys)
                json.members(row.tally)
                json.endObject()
            }
        }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
