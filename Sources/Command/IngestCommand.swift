internal import ArgumentParser
internal import Bytes
internal import EventLoop
internal import Glibc
internal import Ingest
internal import Series
internal import Store

struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Fill the gaps of a selection: shows the plan, asks, and works it beside other workers.",
        discussion: "Exit codes: 0 complete, 1 failed, 2 usage, 3 partial, 130 interrupted.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Show the plan and stop.")
    var dryRun = false

    @Flag(help: "One JSON object at the end.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log, rules: !dryRun) { attached in
                let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
                let plan = try attached.planning { _, planning in try await planning.plan(selection) }
                if !json || dryRun {
                    say(json ? PlanText.json(plan, dataset) : PlanText.lines(plan, dataset, names: try seriesNames(attached, dataset)))
                }
                if dryRun { return }
                guard attached.catalogue.access[dataset.upstream.name] != nil else {
                    throw SettingError(variable: "SIP_API_KEY", expected: "is required to fetch from \(attached.settings.sipBaseURL)")
                }
                if !yes && !plan.calls.isEmpty { try confirm() }
                let ingestion = try attached.planning { _, planning in
                    try await planning.ingest(selection, for: Planning.Requester("cli")).id
                }
                let end = try work(ingestion, attached, log)
                try report(end, ingestion)
            }
        }
    }

    private func confirm() throws {
        guard isatty(0) == 1 else { throw InputError("--yes", "standard input is no terminal: give --yes to go on without asking") }
        _ = Array("Go on? [y/N] ".utf8).withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else { throw ExitCode(130) }
    }

    /// Works until the ingestion has ended or a signal comes.
    private func work(_ id: String, _ attached: AttachedStore, _ log: Log) throws -> StoredIngestion? {
        let loop = try Loop(name: "work")
        let observing = Observing(log: log, shard: MetricsShard())
        let (catalogue, settings) = (attached.catalogue, attached.settings)
        let (postgres, clock) = (attached.backing.postgres, attached.ready.clock)
        let unit = try loop.runBlocking { loop in
            loop.keep(
                try WorkingUnit(
                    on: loop, catalogue: catalogue, settings: settings, postgres: postgres, clock: clock, observing: observing))
        }
        loop.start { loop in await loop[unit].run() }
        defer {
            try? loop.runBlocking { loop in
                await loop[unit].stop()
                loop.beginClosing()
            }
            loop.stop()
        }
        var progress = ProgressLine(isTerminal: isatty(1) == 1 && !json, isQuiet: json)
        while true {
            // The store may be away for a while; the worker waits for it too.
            if let ingestion = try? loop.runBlocking({ loop in try await loop[unit].store.ingestion(id: id) }) {
                progress.show(ingestion)
                if ingestion.status.isOver { return ingestion }
            }
            if ProcessSignals.wait(milliseconds: 200) != nil { return nil }
        }
    }

    private func report(_ end: StoredIngestion?, _ id: String) throws {
        guard let end else {
            complain("interrupted; the ingestion \(id) goes on in any other worker, or by the same command again")
            throw ExitCode(130)
        }
        let sums = end.sums
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            for (name, value) in [("id", end.id), ("status", end.status.rawValue)] {
                writer.key(name)
                writer.string(value)
            }
            for (name, value) in [
                ("requests", sums.requests), ("lower_bound_requests", end.lowerBoundRequests), ("written", sums.written),
                ("unchanged", sums.unchanged), ("revised", sums.revised), ("quarantined", sums.quarantined), ("filled", sums.filled),
            ] {
                writer.key(name)
                writer.int(value)
            }
            writer.key("error")
            if let error = end.error { writer.string(error) } else { writer.null() }
            writer.endObject()
            say(String(decoding: writer.bytes, as: UTF8.self))
        } else {
            say(
                "\(end.status.rawValue): \(sums.filled) slots filled, \(sums.written) rows written, \(sums.revised) revised, "
                    + "\(sums.unchanged) unchanged, \(sums.requests) requests (lower bound \(end.lowerBoundRequests))"
                    + (end.error.map { "; \($0)" } ?? ""))
        }
        switch end.status {
        case .completed: return
        case .partial: throw ExitCode(3)
        case .cancelled: throw ExitCode(130)
        default: throw ExitCode(1)
        }
    }
}

/// How far it is: one line that changes on a terminal, plain lines where piped.
struct ProgressLine {
    let isTerminal: Bool
    let isQuiet: Bool
    private var last = ""

    init(isTerminal: Bool, isQuiet: Bool) {
        self.isTerminal = isTerminal
        self.isQuiet = isQuiet
    }

    mutating func show(_ ingestion: StoredIngestion) {
        let sums = ingestion.sums
        let line =
            "\(ingestion.status.rawValue): calls \(sums.tasks - sums.open)/\(sums.tasks), "
            + "requests \(sums.requests)/\(max(sums.requests, sums.requestsExpected)), "
            + "slots filled \(sums.filled)/\(ingestion.slotsDetected)"
        if isQuiet || line == last { return }
        last = line
        if isTerminal {
            let text = Array("\r\u{1B}[K\(line)\(ingestion.status.isOver ? "\n" : "")".utf8)
            _ = text.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
        } else {
            say(line)
        }
    }
}
