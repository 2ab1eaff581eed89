internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show which calls would fill the gaps and what they cost; nothing is fetched.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

    @Flag(help: "One JSON object.")
    var json = false

    @Option(help: ArgumentHelp("What if the upstream let through this: 25/PT1M, tokens where it counts these.", valueName: "rate"))
    var ifBudget: String?

    @Option(help: ArgumentHelp("What if so many products were kept (keepa).", valueName: "count"))
    var ifProducts: Int?

    @Option(help: ArgumentHelp("What if a group were asked for so often (keepa): current=PT24H; repeatable.", valueName: "period"))
    var ifRefresh: [String] = []

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
                try options.look(through: dataset, attached, isQuiet: json)
                let question = try question(about: dataset)
                let (plan, supposed) = try attached.planning { _, planning in
                    let draft = try await planning.draft(selection)
                    var supposed: WhatIfAnswer?
                    if let question { supposed = try await planning.answer(question, to: draft) }
                    return (try await planning.keep(draft), supposed)
                }
                // Complete because there is nobody to ask is no answer.
                if plan.calls.isEmpty, let refusal = attached.catalogue.refusal(of: dataset),
                    try CompletenessTable.of(selection, dataset, attached).rows.isEmpty
                {
                    throw refusal
                }
                try PlanText.show(plan, dataset, whatIf: supposed, json: json, attached)
            }
        }
    }

    /// nil where nothing is supposed.
    private func question(about dataset: Dataset) throws -> WhatIf? {
        if ifBudget == nil, ifProducts == nil, ifRefresh.isEmpty { return nil }
        var members: [(String, JSONValue)] = []
        if let ifBudget { members.append(("budget", .string(ifBudget))) }
        if let ifProducts { members.append(("products", .number("\(ifProducts)"))) }
        if !ifRefresh.isEmpty {
            members.append(("refresh", .object(try ifRefresh.map { text in
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { throw InputError("--if-refresh", "expected a group and its period, such as current=PT24H") }
                return (parts[0], JSONValue.string(parts[1]))
            })))
        }
        do throws(InputError) { return try WhatIf(.object(members), of: dataset) } catch {
            // By the names that are used here.
            let words = error.field.split(separator: ".")
            throw InputError(words.count > 1 ? "--if-\(words[1])" : "--if-budget", error.detail)
        }
    }
}
