internal import Answers
internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Recount coverage from the rows and compare it with what is stored; 0 where they are the same, 1 where not.",
        discussion: """
            Looks at one moment of the store, beside whatever workers do meanwhile, and changes nothing unless --repair is given.
            Tells of each series the ranges that are said to be held and have no row, and those that have a row and are not said \
            to be held; those that are absent or excluded and not by what was noted; and the calls that rows name but that left no \
            receipt.
            """)

    @OptionGroup var common: CommandOptions

    @Argument(help: DatasetArgument.help(otherwise: "all"), completion: DatasetArgument.completion)
    var dataset: String?

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(help: "Make coverage what the rows say; 0 where nothing differs any more.")
    var repair = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let reports = try Self.reports(attached, of: dataset, repair: repair)
                say(json ? VerifyText.json(reports) : reports.flatMap(VerifyText.lines).joined(separator: "\n"))
                if reports.contains(where: \.stillDiffers) { throw ExitCode(1) }
            }
        }
    }

    /// `name` nil: of every dataset.
    static func reports(_ attached: AttachedStore, of name: String?, repair: Bool) throws -> [VerifyText.Report] {
        let all = attached.catalogue.datasets
        let chosen = try name.map { [try SelectionJSON.dataset($0, among: all)] } ?? all
        return try chosen.map { try look(at: $0, attached, repair: repair) }
    }

    private static func look(at dataset: Dataset, _ attached: AttachedStore, repair: Bool) throws -> VerifyText.Report {
        let now = attached.ready.clock.now
        return try attached.planning { _, planning in
            let verification = try await planning.store.verify(dataset)
            var repaired: Set<Int> = []
            if repair {
                for finding in verification.findings where finding.isRepairable {
                    // Where there is nothing to mend any more, somebody else has.
                    _ = try await planning.store.repairCoverage(of: finding.seriesID, dataset, now: now)
                    repaired.insert(finding.seriesID)
                }
            }
            return VerifyText.Report(dataset: dataset, verification: verification, repaired: repaired)
        }
    }
}

/// What verifying found, for people and for machines.
enum VerifyText {
    struct Report: Sendable {
        let dataset: Dataset
        let verification: Verification
        /// Ids of the series whose coverage is now what their rows say.
        let repaired: Set<Int>

        var stillDiffers: Bool {
            verification.findings.contains { !$0.tasksWithoutReceipt.isEmpty || ($0.isRepairable && !repaired.contains($0.seriesID)) }
        }
    }

    static func lines(_ report: Report) -> [String] {
        let (verification, name) = (report.verification, report.dataset.name)
        let counted = "\(name): \(verification.series) series, \(verification.rows) rows"
        if verification.findings.isEmpty { return ["\(counted): coverage is what the rows say"] }
        var lines = ["\(counted): \(verification.findings.count) series differ"]
        for finding in verification.findings {
            let series = finding.key.description
            for difference in differences(finding, report.dataset) {
                for range in difference.set.ranges {
                    let span = ends(of: range, difference.ruler, report.dataset).joined(separator: " to ")
                    lines.append("  \(series)  \(difference.words)  \(span)  (\(range.count) \(difference.unit))")
                }
            }
            if !finding.tasksWithoutReceipt.isEmpty {
                let calls = finding.tasksWithoutReceipt.prefix(10).map { "\($0)" }.joined(separator: ", ")
                let more = finding.tasksWithoutReceipt.count > 10 ? ", ..." : ""
                lines.append("  \(series)  \(finding.rowsWithoutReceipt) rows of calls without a receipt: \(calls)\(more)")
            }
            if report.repaired.contains(finding.seriesID) { lines.append("  \(series)  repaired: coverage is what the rows say") }
        }
        return lines
    }

    static func json(_ reports: [Report]) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("same")
        json.bool(!reports.contains { !$0.verification.findings.isEmpty })
        json.key("datasets")
        json.beginArray()
        for report in reports { write(report, to: &json) }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ report: Report, to json: inout JSONWriter) {
        json.beginObject()
        json.member("dataset", report.dataset.name)
        json.member("series", report.verification.series)
        json.member("rows", report.verification.rows)
        json.key("differences")
        json.beginArray()
        for finding in report.verification.findings {
            json.beginObject()
            json.members(of: finding.key, names: report.dataset.keys)
            for difference in differences(finding, report.dataset) { write(difference, report.dataset, to: &json) }
            json.member("rows_without_receipt", finding.rowsWithoutReceipt)
            json.key("tasks_without_receipt")
            json.beginArray()
            for task in finding.tasksWithoutReceipt { json.int(task) }
            json.endArray()
            json.key("repaired")
            json.bool(report.repaired.contains(finding.seriesID))
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private struct Difference {
        let name: String
        let words: String
        let set: SlotSet
        /// What the set counts.
        let ruler: Ruler
        let unit: String
    }

    private static func differences(_ finding: Verification.Finding, _ dataset: Dataset) -> [Difference] {
        let calendar = dataset.calendar(of: finding.key)
        let (slots, parts) = (calendar.ruler, calendar.partRuler)
        return [
            Difference(
                name: "held_without_row", words: "held without a row", set: finding.heldWithoutRow, ruler: parts, unit: "parts"),
            Difference(name: "row_not_held", words: "a row that is not held", set: finding.rowNotHeld, ruler: parts, unit: "parts"),
            Difference(
                name: "absent_differing", words: "absent here, and not by what was noted, or the other way about",
                set: finding.absentDiffering, ruler: slots, unit: "slots"),
            Difference(
                name: "excluded_differing", words: "excluded here, and not by an exclusion, or the other way about",
                set: finding.excludedDiffering, ruler: slots, unit: "slots"),
            Difference(
                name: "quarantined_differing", words: "quarantined here, and not by a refused record, or the other way about",
                set: finding.quarantinedDiffering, ruler: slots, unit: "slots"),
        ]
    }

    private static func write(_ difference: Difference, _ dataset: Dataset, to json: inout JSONWriter) {
        json.key(difference.name)
        json.beginArray()
        for range in difference.set.ranges {
            json.beginObject()
            for (name, end) in zip(["from", "to"], ends(of: range, difference.ruler, dataset)) {
                json.key(name)
                json.string(end)
            }
            json.key(difference.unit)
            json.int(range.count)
            json.endObject()
        }
        json.endArray()
    }

    private static func ends(of range: Range<Int>, _ ruler: Ruler, _ dataset: Dataset) -> [String] {
        [ruler.start(of: range.lowerBound), ruler.end(of: range.upperBound - 1)].map {
            Timestamp.text($0, offset: dataset.zone.offset(at: $0))
        }
    }
}
