internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series

/// A selection as people type it. Dates are whole local days, both ends included.
struct SelectionOptions: ParsableArguments {
    @Argument(help: "The dataset: cmg.")
    var dataset: String

    @Option(help: "A grid node; may be given several times, or with commas.")
    var node: [String] = []

    @Option(help: "A source: real, online, pid or pcp.")
    var source: [String] = []

    @Option(help: ArgumentHelp("The first day (2025-12-01); default: the dataset's horizon.", valueName: "date"))
    var startDate: String?

    @Option(help: ArgumentHelp("The last day, included; default: up to now.", valueName: "date"))
    var endDate: String?

    @Flag(help: "Only from the last held slot on; holes before it stay.")
    var incremental = false

    @Flag(help: "Ask again for what is held too: for corrections.")
    var refresh = false

    @Option(help: ArgumentHelp("The most requests that the plan may spend.", valueName: "count"))
    var maxRequests: Int?

    func selection(among datasets: [Dataset]) throws -> (Selection, Dataset) {
        let dataset = try SelectionJSON.dataset(dataset, among: datasets)
        var selection = Selection(dataset: dataset.name)
        for (name, values) in [("node", node), ("source", source)] where !values.isEmpty {
            guard dataset.keys.contains(name) else { throw InputError("--\(name)", "\(dataset.name) has no such key") }
            selection.keys[name] = Array(Set(values.flatMap { $0.split(separator: ",").map(String.init) })).sorted()
        }
        selection.from = try startDate.map { dataset.zone.start(of: try date($0, "--start-date")) }
        selection.to = try endDate.map { dataset.zone.start(of: try date($0, "--end-date").advanced(by: 1)) }
        if incremental, refresh { throw InputError("--refresh", "cannot be given together with --incremental") }
        if incremental { selection.mode = .incremental }
        if refresh { selection.mode = .refresh }
        if let maxRequests {
            guard maxRequests > 0 else { throw InputError("--max-requests", "expected a whole number above 0") }
            selection.maxRequests = maxRequests
        }
        if let from = selection.from, let to = selection.to, from >= to {
            throw InputError("--end-date", "must not be before --start-date")
        }
        try SelectionJSON.check(selection, of: dataset)
        return (selection, dataset)
    }

    private func date(_ text: String, _ option: String) throws -> LocalDate {
        guard let date = LocalDate(text) else { throw InputError(option, "expected a date such as 2025-12-01, not \(text)") }
        return date
    }
}
