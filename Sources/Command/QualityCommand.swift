internal import API
internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

struct QualityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quality", abstract: "List how good the records of each series were, the newest job first.",
        discussion: "The gate is MIN_DATA_QUALITY_SCORE. What was refused is listed by gapless quarantine.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var range: RangeOptions

    @Flag(help: "Those under the gate only.")
    var belowGate = false

    @Option(help: ArgumentHelp("Of this job only.", valueName: "id"))
    var ingestion: String?

    @OptionGroup var list: ListOptions

    func run() throws {
        if range.startDate != nil || range.endDate != nil {
            throw ValidationError("\(range.startDate == nil ? "--end-date" : "--start-date"): scores are of jobs, not of days")
        }
        let limit = list.limit ?? (list.json || list.csv ? 10_000 : ListOptions.shown)
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try range.selection(among: attached.catalogue.datasets)
                if let ingestion { _ = try JobMove.find(ingestion, "--ingestion", attached) }
                let (ingestion, isBelow) = (ingestion, belowGate ? true : nil)
                let found = try attached.planning { _, planning in
                    let filter = try await planning.quality(selection, ingestion: ingestion, isBelowGate: isBelow, of: dataset)
                    return try await planning.store.quality(of: dataset, filter, limit: limit + 1)
                }
                let shown = found.prefix(limit)
                if list.json { return say(String(decoding: QualityDocument.json(shown, of: dataset), as: UTF8.self)) }
                if list.csv { return Terminal.write(QualityDocument.csv(shown, of: dataset), to: Terminal.output) }
                guard let rules = dataset.quality else { return say("records of \(dataset.name) are not scored") }
                if shown.isEmpty { return say(belowGate ? "nothing is below the gate of \(rules.gate)" : "nothing is scored yet") }
                say(QualityText.table(shown, dataset, rules))
                if found.count > limit { say("more are not shown (--limit)") }
            }
        }
    }
}

/// Scores for people.
enum QualityText {
    static func table(_ scores: some Sequence<SeriesQuality>, _ dataset: Dataset, _ rules: QualityRules) -> TextTable {
        var table = TextTable([
            .init(title: "series"), .init(title: "score", side: .right), .init(title: "gate"), .init(title: "records", side: .right),
            .init(title: "failed", isElastic: true), .init(title: "at", spare: 1), .init(title: "job", spare: 2),
        ])
        for one in scores {
            let failed = rules.checks.compactMap { check in one.failed[check.name].map { "\(check.name) \($0)" } }
            table.add([
                one.key.description, "\(one.score)", one.isBelowGate ? "below" : "", "\(one.records)",
                failed.isEmpty ? "-" : failed.joined(separator: ", "), Timestamp.text(one.at, offset: dataset.zone.offset(at: one.at)),
                one.ingestionID,
            ])
        }
        return table
    }
}
