internal import ArgumentParser
internal import Ingest

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show which calls would fill the gaps and what they cost; nothing is fetched.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
                try options.look(through: dataset, attached, isQuiet: json)
                let plan = try attached.planning { _, planning in try await planning.plan(selection) }
                // Complete because there is nobody to ask is no answer.
                if plan.calls.isEmpty, let refusal = attached.catalogue.refusal(of: dataset),
                    try CompletenessTable.of(selection, dataset, attached).rows.isEmpty
                {
                    throw refusal
                }
                try PlanText.show(plan, dataset, json: json, attached)
            }
        }
    }
}
