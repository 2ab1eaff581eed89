internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Say how complete a dataset is: expected, present and missing slots, by series.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

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
                let range = dataset.calendar.ruler.slots(from: selection.from ?? now, to: selection.to ?? now)
                let rows = series.filter { dataset.selects($0.key, by: selection) }.map { one in
                    (
                        key: one.key,
                        tally: dataset.judged(one.ledger, now: now).tally(
                            in: range, calendar: dataset.calendar, dueBefore: dataset.dueBefore(one.key, now: now))
                    )
                }
                say(json ? Self.json(rows, dataset) : Self.table(rows))
                let total = rows.reduce(into: Tally()) { $0 += $1.tally }
                if total.missing > total.unfillable { throw ExitCode(3) }
            }
        }
    }

    private static func table(_ rows: [(key: SeriesKey, tally: Tally)]) -> String {
        let width = max(6, rows.map { $0.key.values.joined(separator: "/").count }.max() ?? 0)
        func line(_ name: String, _ cells: [String]) -> String {
            name + String(repeating: " ", count: max(0, width - name.count))
                + cells.map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }.joined()
        }
        let all = rows.reduce(into: Tally()) { $0 += $1.tally }
        // States that are rare have a column where they occur.
        let columns: [(name: String, count: KeyPath<Tally, Int>)] = [
            ("expected", \.expected), ("present", \.present), ("missing", \.missing), ("unfillable", \.unfillable),
            ("quarantined", \.quarantined), ("pending", \.pending), ("absent", \.absent), ("excluded", \.excluded),
        ].filter { ["expected", "present", "missing", "pending"].contains($0.0) || all[keyPath: $0.1] > 0 }
        func cells(_ tally: Tally) -> [String] { columns.map { "\(tally[keyPath: $0.count])" } + ["\(tally.completeness)"] }
        var lines = [line("series", columns.map(\.name) + ["complete"])]
        lines += rows.map { line($0.key.values.joined(separator: "/"), cells($0.tally)) }
        lines.append(line("all", cells(all)))
        return lines.joined(separator: "\n")
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
