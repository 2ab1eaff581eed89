internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series

/// Which series over which days, as people type it. Dates are whole local days, both ends included.
struct RangeOptions: ParsableArguments {
    @Argument(help: "The dataset: cmg.")
    var dataset: String?

    @Option(help: "A grid node; may be given several times, or with commas.")
    var node: [String] = []

    @Option(help: "A source: real, online, pid or pcp; likewise.")
    var source: [String] = []

    @Option(help: ArgumentHelp("The first day (2025-12-01); default: the dataset's horizon.", valueName: "date"))
    var startDate: String?

    @Option(help: ArgumentHelp("The last day, included; default: up to now.", valueName: "date"))
    var endDate: String?

    /// The first option that was given; nil where none was.
    var given: String? {
        if dataset != nil { return "the dataset" }
        let options = [("--node", !node.isEmpty), ("--source", !source.isEmpty), ("--start-date", startDate != nil)]
        return (options + [("--end-date", endDate != nil)]).first { $0.1 }?.0
    }

    func selection(among datasets: [Dataset]) throws -> (Selection, Dataset) {
        guard let name = self.dataset else {
            throw InputError("dataset", "is missing: name one of \(datasets.map(\.name).joined(separator: ", "))")
        }
        let dataset = try SelectionJSON.dataset(name, among: datasets)
        var selection = Selection(dataset: dataset.name)
        for (name, values) in [("node", node), ("source", source)] where !values.isEmpty {
            guard dataset.keys.contains(name) else { throw InputError("--\(name)", "\(dataset.name) has no such key") }
            let names = Set(values.flatMap { $0.split(separator: ",").map(String.init) })
            // `--node ""` must not mean every node.
            guard !names.isEmpty else { throw InputError("--\(name)", "expected at least one name") }
            selection.keys[name] = names.sorted()
        }
        selection.from = try startDate.map { dataset.zone.start(of: try date($0, "--start-date")) }
        selection.to = try endDate.map { dataset.zone.start(of: try date($0, "--end-date").advanced(by: 1)) }
        if let from = selection.from, let to = selection.to, from >= to {
            throw InputError("--end-date", "must not be before --start-date")
        }
        do throws(InputError) { try SelectionJSON.check(selection, of: dataset) } catch { throw asTyped(error) }
        return (selection, dataset)
    }

    /// The same refusal by the names that are used here.
    private func asTyped(_ error: InputError) -> InputError {
        let names = ["from": "--start-date", "to": "--end-date", "node": "--node", "source": "--source"]
        let detail = ["from", "to"].contains(error.field) ? "expected a date from the year 2000 to 2099" : error.detail
        return InputError(names[error.field] ?? error.field, detail, isUnknownName: error.isUnknownName)
    }

    private func date(_ text: String, _ option: String) throws(InputError) -> LocalDate {
        guard let date = LocalDate(text) else { throw InputError(option, "expected a date such as 2025-12-01, not \(text)") }
        return date
    }
}

/// What is to be fetched: a range, and what of it.
struct SelectionOptions: ParsableArguments {
    @OptionGroup var range: RangeOptions

    @Flag(help: "Only from the last held slot on; holes before it stay.")
    var incremental = false

    @Flag(help: "Ask again for what is held too: for corrections.")
    var refresh = false

    @Option(help: ArgumentHelp("The most requests that the plan may spend.", valueName: "count"))
    var maxRequests: Int?

    /// The first option that was given; nil where none was.
    var given: String? {
        range.given ?? [("--incremental", incremental), ("--refresh", refresh), ("--max-requests", maxRequests != nil)].first { $0.1 }?.0
    }

    func selection(among datasets: [Dataset]) throws -> (Selection, Dataset) {
        var (selection, dataset) = try range.selection(among: datasets)
        if incremental, refresh { throw InputError("--refresh", "cannot be given together with --incremental") }
        if incremental { selection.mode = .incremental }
        if refresh { selection.mode = .refresh }
        if let maxRequests {
            guard (1...1_000_000_000).contains(maxRequests) else {
                throw InputError("--max-requests", "expected a whole number from 1 to 1000000000")
            }
            selection.maxRequests = maxRequests
        }
        return (selection, dataset)
    }
}
