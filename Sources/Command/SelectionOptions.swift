internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series

/// Which series over which days, as people type it. Dates are whole local days, both ends included.
struct RangeOptions: ParsableArguments {
    @Argument(help: DatasetArgument.help, completion: DatasetArgument.completion)
    var dataset: String?

    @Option(help: "A grid node of cmg; may be given several times, or with commas.")
    var node: [String] = []

    @Option(help: "A source of cmg: real, online, pid or pcp; likewise.")
    var source: [String] = []

    @Option(help: "A pair of kraken, such as XBTUSD or BTC/USD; likewise.")
    var pair: [String] = []

    @Option(name: [.customLong("interval"), .customLong("intervals")], help: "Minutes of kraken's candles: 1, 5, 15, ... 1440; likewise.")
    var interval: [String] = []

    @Option(name: [.customLong("tier"), .customLong("tiers")], help: "A tier of kraken's pairs, TIER1 to TIER4; likewise.")
    var tier: [String] = []

    @Option(name: [.customLong("account-id"), .customLong("account-ids")], help: "An account of accounts, * for all of a day; likewise.")
    var accountID: [String] = []

    @Option(help: "How long slots of accounts are: hour or day; likewise.", completion: .list(["hour", "day"]))
    var grain: [String] = []

    @Option(name: [.customLong("ticker"), .customLong("tickers")], help: "A ticker of equities, such as AAPL or BRK.B; likewise.")
    var ticker: [String] = []

    @Option(name: [.customLong("asin"), .customLong("asins")], help: "A product of keepa, such as B0D8W1YVBX; likewise.")
    var asin: [String] = []

    @Option(help: "Which fields of keepa's products: current or history; likewise.", completion: .list(["current", "history"]))
    var group: [String] = []

    @Option(help: ArgumentHelp("The first day (2025-12-01); default: the dataset's horizon, or the first slot held.", valueName: "date"))
    var startDate: String?

    @Option(help: ArgumentHelp("The last day, included; default: up to now.", valueName: "date"))
    var endDate: String?

    /// The first option that was given; nil where none was.
    var given: String? {
        if dataset != nil { return "the dataset" }
        let options = chosen.map { (Self.option($0.name), !$0.values.isEmpty) } + [("--start-date", startDate != nil)]
        return (options + [("--end-date", endDate != nil)]).first { $0.1 }?.0
    }

    /// What was said of each key and label of any dataset.
    private var chosen: [(name: String, values: [String])] {
        [
            ("node", node), ("source", source), ("pair", pair), ("interval", interval), ("tier", tier), ("account_id", accountID),
            ("grain", grain), ("ticker", ticker), ("asin", asin), ("group", group),
        ]
    }

    /// `--account-id` for the key `account_id`.
    private static func option(_ name: String) -> String { "--" + name.split(separator: "_").joined(separator: "-") }

    func selection(among datasets: [Dataset]) throws -> (Selection, Dataset) {
        guard let name = self.dataset else {
            throw InputError("dataset", "is missing: name one of \(datasets.map(\.name).joined(separator: ", "))")
        }
        let dataset = try SelectionJSON.dataset(name, among: datasets)
        var selection = Selection(dataset: dataset.name)
        for (name, values) in chosen where !values.isEmpty {
            guard dataset.choices.contains(name) else {
                let known = dataset.choices.map(Self.option).joined(separator: ", ")
                throw InputError(Self.option(name), "\(dataset.name) has no such key; it has \(known)")
            }
            let names = Set(values.flatMap { $0.split(separator: ",").map(String.init) })
            // `--node ""` must not mean every node.
            guard !names.isEmpty else { throw InputError(Self.option(name), "expected at least one name") }
            do throws(InputError) { selection.keys[name] = try SelectionJSON.canonical(names.sorted(), name, dataset) } catch {
                throw asTyped(error)
            }
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
        var names = ["from": "--start-date", "to": "--end-date"]
        for (name, _) in chosen { names[name] = Self.option(name) }
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

    @Flag(inversion: .prefixedNo, help: "Call the upstream; without, only files at hand and what is held are used.")
    var apiBackfill = true

    @Flag(inversion: .prefixedNo, help: "Plan anew what is still missing when the planned calls have ended.")
    var autoGapFill = true

    @Flag(inversion: .prefixedNo, help: "Read the files of the archive that are at hand.")
    var archives = true

    @Option(help: ArgumentHelp("A folder of archive files, in place of KRAKEN_ARCHIVE_DIR.", valueName: "directory"))
    var csvSourceDir: String?

    @Flag(help: "Also rebuild candles out of trades, where nothing else reaches; may take many requests.")
    var trades = false

    @Flag(help: "As --trades, and ask again for what is taken for a downtime by evidence alone.")
    var complete = false

    private var ways: Selection.Ways {
        var ways = Selection.Ways()
        (ways.apiBackfill, ways.autoGapFill, ways.archives) = (apiBackfill, autoGapFill, archives)
        (ways.trades, ways.complete) = (trades, complete)
        return ways
    }

    private var givenWay: String? {
        let usual = Selection.Ways()
        let names = [
            "archives": "--no-archives", "api_backfill": "--no-api-backfill", "auto_gap_fill": "--no-auto-gap-fill", "trades": "--trades",
            "complete": "--complete",
        ]
        return Selection.Ways.names.first { ways[keyPath: $0.way] != usual[keyPath: $0.way] }.flatMap { names[$0.name] }
    }

    /// The first option that was given; nil where none was.
    var given: String? {
        range.given ?? givenWay
            ?? [("--incremental", incremental), ("--refresh", refresh), ("--max-requests", maxRequests != nil)].first { $0.1 }?.0
    }

    func selection(among datasets: [Dataset]) throws -> (Selection, Dataset) {
        var (selection, dataset) = try range.selection(among: datasets)
        if let givenWay, !dataset.hasWays { throw InputError(givenWay, "\(dataset.name) is filled in one way only") }
        selection.ways = ways
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

    /// Which files of the archive there are, before a plan is made. A folder that was named must be there.
    func look(through dataset: Dataset, _ attached: AttachedStore, isQuiet: Bool) throws {
        guard dataset.archive != nil, archives else {
            if csvSourceDir != nil { throw InputError("--csv-source-dir", "\(dataset.name) reads no archive files here") }
            return
        }
        guard let folder = csvSourceDir ?? attached.settings.kraken.archiveDirectory else { return }
        let name = csvSourceDir == nil ? "KRAKEN_ARCHIVE_DIR" : "--csv-source-dir"
        let found = try Shelf(directory: folder, name: name, dataset: dataset, attached: attached, isQuiet: isQuiet).look()
        for refusal in found.refused.prefix(10) { complain("not read: \(refusal)") }
    }
}
