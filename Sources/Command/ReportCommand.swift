internal import ArgumentParser
internal import Ingest
internal import Series

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Say how complete a dataset is: expected, present and missing slots, by series.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: RangeOptions

    @Option(help: ArgumentHelp("One line for each value of this label instead of one a series: tier.", valueName: "label"))
    var by: String?

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
                let label = try by.map { name throws(InputError) in
                    guard let label = dataset.labels.first(where: { $0.name == name }) else {
                        let known = dataset.labels.isEmpty ? "none" : dataset.labels.map(\.name).joined(separator: ", ")
                        throw InputError("--by", "\(dataset.name) has no label \(name); it has \(known)")
                    }
                    return label
                }
                let table = try CompletenessTable.of(selection, dataset, attached, isAsked: true)
                json ? say(table.json(by: label)) : say(table.text(by: label))
                if table.total.missing > table.total.unfillable { throw ExitCode(3) }
            }
        }
    }
}
