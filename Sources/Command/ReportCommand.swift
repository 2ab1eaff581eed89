internal import Answers
internal import ArgumentParser
internal import Ingest
internal import Series

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Say how complete a dataset is: expected, present and missing slots, by series.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: RangeOptions

    @Option(help: ArgumentHelp(
        "What a line is for: series, day, month, or each value of a key or label, such as tier or account_id.", valueName: "word"))
    var by: String?

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
                let grouping = try by.map { try Self.grouping($0, of: dataset) } ?? .series
                let table = try CompletenessTable.of(selection, dataset, attached, isAsked: true)
                if table.rows.isEmpty, let refusal = attached.catalogue.refusal(of: dataset) { throw refusal }
                json ? say(table.json(by: grouping)) : say(table.text(by: grouping))
                if table.total.missing > table.total.unfillable { throw ExitCode(3) }
            }
        }
    }
    private static func grouping(_ word: String, of dataset: Dataset) throws(InputError) -> CompletenessTable.Grouping {
        if word == "series" { return .series }
        if let unit = LocalPeriods.Unit(rawValue: word) { return .periods(unit) }
        let name = word.split(separator: "-").joined(separator: "_")
        if dataset.choices.contains(name) { return .values(of: name) }
        let known = ["series", "day", "month"] + dataset.choices
        throw InputError("--by", "\(dataset.name) is not told by \(word); expected one of \(known.joined(separator: ", "))")
    }
}
