internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

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
                try PlanText.show(plan, dataset, json: json, attached)
            }
        }
    }
}

/// Names of a dataset's series by id.
func seriesNames(_ attached: AttachedStore, _ dataset: Dataset) throws -> [Int: String] {
    let name = dataset.name
    return try attached.planning { _, planning in
        Dictionary(uniqueKeysWithValues: try await planning.store.ledgers(of: name).map { ($0.id, $0.key.values.joined(separator: "/")) })
    }
}

/// A plan for people and for machines.
enum PlanText {
    static func show(_ plan: MadePlan, _ dataset: Dataset, json: Bool, _ attached: AttachedStore) throws {
        if json { return say(Self.json(plan, dataset)) }
        let names = try seriesNames(attached, dataset)
        for line in lines(plan, dataset, names: names, width: Terminal.columns(of: Terminal.output)) { say(line) }
    }

    private static let callsShown = 20

    static func lines(_ plan: MadePlan, _ dataset: Dataset, names: [Int: String], width: Int?) -> [String] {
        let figures = plan.figures
        if plan.calls.isEmpty { return ["nothing to fetch: no fillable gap in the selection"] + warnings(figures) }
        var lines = [
            "\(figures.gaps) gaps, \(figures.slots) slots; \(plan.calls.count) calls, \(figures.cost.requests) requests "
                + "(lower bound \(figures.lowerBound.requests), \(figures.optimality.rawValue))"
        ]
        var table = TextTable([
            .init(title: "call", spare: 1), .init(title: "series", isElastic: true), .init(title: "days"),
            .init(title: "slots", side: .right), .init(title: "requests", side: .right),
        ])
        for call in plan.calls.prefix(callsShown) {
            let series = call.seriesIDs.count == 1 ? names[call.seriesIDs[0]] ?? "?" : "\(call.seriesIDs.count) series"
            table.add([call.shape, series, days(call.periods, dataset), "\(call.covers)", "\(call.requests)"])
        }
        lines += table.lines(width: width)
        if plan.calls.count > callsShown { lines.append("and \(plan.calls.count - callsShown) more") }
        if let at = figures.completeAt {
            lines.append("complete at about \(Timestamp.text(at, offset: dataset.zone.offset(at: at)))")
        }
        return lines + warnings(figures)
    }

    private static func warnings(_ figures: PlanFigures) -> [String] { figures.warnings.map { "warning: \(ShownText.safe($0))" } }

    static func json(_ plan: MadePlan, _ dataset: Dataset) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(plan.id)
        writer.key("selection")
        SelectionJSON.write(plan.selection, of: dataset, to: &writer)
        for (name, value) in [
            ("gaps", plan.figures.gaps), ("slots", plan.figures.slots), ("calls", plan.calls.count),
            ("requests", plan.figures.cost.requests), ("tokens", plan.figures.cost.tokens),
            ("lower_bound_requests", plan.figures.lowerBound.requests),
        ] {
            writer.key(name)
            writer.int(value)
        }
        writer.key("optimality")
        writer.string(plan.figures.optimality.rawValue)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func days(_ periods: Range<Int>, _ dataset: Dataset) -> String {
        let first = dataset.zone.day(at: dataset.periods.start(of: periods.lowerBound))
        let last = dataset.zone.day(at: dataset.periods.start(of: periods.upperBound - 1))
        return first == last ? "\(first)" : "\(first)..\(last)"
    }
}
