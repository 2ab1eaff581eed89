internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Say how complete a dataset is: expected, present and missing slots, by series.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: RangeOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (asked, dataset) = try options.selection(among: attached.catalogue.datasets)
                let now = attached.ready.clock.now
                let selection = Planning.resolved(asked, of: dataset, now: now)
                let name = dataset.name
                let series = try attached.planning { _, planning in try await planning.store.ledgers(of: name) }
                let rows = series.filter { dataset.selects($0.key, by: selection) }.map { one in
                    (
                        key: one.key,
                        tally: dataset.judged(one.ledger, now: now).tally(
                            in: dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now),
                            calendar: dataset.calendar(of: one.key), dueBefore: dataset.dueBefore(one.key, now: now))
                    )
                }
                json ? say(Self.json(rows, dataset)) : say(Self.table(rows))
                let total = rows.reduce(into: Tally()) { $0 += $1.tally }
                if total.missing > total.unfillable { throw ExitCode(3) }
            }
        }
    }

    private static func table(_ rows: [(key: SeriesKey, tally: Tally)]) -> TextTable {
        let all = rows.reduce(into: Tally()) { $0 += $1.tally }
        // States that are rare have a column where they occur; the likeliest to be spared is the last to be rare.
        let columns: [(name: String, spare: Int, count: KeyPath<Tally, Int>)] = [
            ("expected", 2, \.expected), ("present", 3, \.present), ("missing", 0, \.missing), ("unfillable", 4, \.unfillable),
            ("quarantined", 5, \.quarantined), ("pending", 6, \.pending), ("absent", 7, \.absent), ("excluded", 8, \.excluded),
        ].filter { ["expected", "present", "missing", "pending"].contains($0.0) || all[keyPath: $0.2] > 0 }
        var table = TextTable(
            [.init(title: "series")] + columns.map { .init(title: $0.name, side: .right, spare: $0.spare) }
                + [.init(title: "complete", side: .right, spare: 1)])
        func cells(_ tally: Tally) -> [String] { columns.map { "\(tally[keyPath: $0.count])" } + ["\(tally.completeness)"] }
        for row in rows { table.add([row.key.values.joined(separator: "/")] + cells(row.tally)) }
        table.add(["all"] + cells(all))
        return table
    }

    private static func json(_ rows: [(key: SeriesKey, tally: Tally)], _ dataset: Dataset) -> String {
        var writer = JSONWriter()
        func counts(_ tally: Tally) {
            for (name, value) in [
                ("slots", tally.slots), ("pending", tally.pending), ("absent", tally.absent), ("excluded", tally.excluded),
                ("expected", tally.expected), ("present", tally.present), ("missing", tally.missing),
                ("unfillable", tally.unfillable), ("quarantined", tally.quarantined),
            ] {
                writer.key(name)
                writer.int(value)
            }
            writer.key("completeness")
            writer.number(tally.completeness.description.utf8)
        }
        writer.beginObject()
        writer.key("dataset")
        writer.string(dataset.name)
        counts(rows.reduce(into: Tally()) { $0 += $1.tally })
        writer.key("series")
        writer.beginArray()
        for row in rows {
            writer.beginObject()
            for (name, value) in zip(dataset.keys, row.key.values) {
                writer.key(name)
                writer.string(value)
            }
            counts(row.tally)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
