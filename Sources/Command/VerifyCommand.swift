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
            to be held; and the calls that rows name but that left no receipt.
            """)

    @OptionGroup var common: CommandOptions

    @Argument(help: "The dataset: cmg; default: all.")
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
            for (what, parts) in [("held without a row", finding.heldWithoutRow), ("a row that is not held", finding.rowNotHeld)] {
                for range in parts.ranges {
                    let span = ends(of: range, report.dataset).joined(separator: " to ")
                    lines.append("  \(series)  \(what)  \(span)  (\(range.count) parts)")
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
        json.key("dataset")
        json.string(report.dataset.name)
        json.key("series")
        json.int(report.verification.series)
        json.key("rows")
        json.int(report.verification.rows)
        json.key("differences")
        json.beginArray()
        for finding in report.verification.findings {
            json.beginObject()
            for (name, value) in zip(report.dataset.keys, finding.key.values) {
                json.key(name)
                json.string(value)
            }
            write("held_without_row", finding.heldWithoutRow, report.dataset, to: &json)
            write("row_not_held", finding.rowNotHeld, report.dataset, to: &json)
            json.key("rows_without_receipt")
            json.int(finding.rowsWithoutReceipt)
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

    private static func write(_ name: String, _ parts: SlotSet, _ dataset: Dataset, to json: inout JSONWriter) {
        json.key(name)
        json.beginArray()
        for range in parts.ranges {
            json.beginObject()
            for (name, end) in zip(["from", "to"], ends(of: range, dataset)) {
                json.key(name)
                json.string(end)
            }
            json.key("parts")
            json.int(range.count)
            json.endObject()
        }
        json.endArray()
    }

    private static func ends(of parts: Range<Int>, _ dataset: Dataset) -> [String] {
        let ruler = dataset.calendar.partRuler
        return [ruler.start(of: parts.lowerBound), ruler.end(of: parts.upperBound - 1)].map {
            Timestamp.text($0, offset: dataset.zone.offset(at: $0))
        }
    }
}
