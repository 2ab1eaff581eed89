internal import ArgumentParser
internal import Bytes
internal import Glibc
internal import Ingest
internal import Series
internal import Store

struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Fill the gaps of a selection: shows the plan, asks, and works it beside other workers.",
        discussion: """
            Ctrl-C puts down what is under way, and the job goes on where there are other workers; a second Ctrl-C ends at once. \
            With --json, progress goes to standard error: a bar on a terminal, else one JSON object a line.

            Exit codes: 0 complete, 1 failed, 2 usage, 3 partial, 130 interrupted.
            """)

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Show the plan and stop.")
    var dryRun = false

    @Flag(help: "One JSON object at the end: the job, as the API shows it.")
    var json = false

    /// Who asked for jobs that were begun here.
    static let requester = "cli"

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log, rules: !dryRun) { attached in
                guard let job = try begun(attached) else { return }
                if job.status.isOver { return try JobRun(attached: attached, log: log, json: json).report(job) }
                announce(job.id)
                switch try JobRun(attached: attached, log: log, json: json).follow(job.id, works: true) {
                case .settled(let job): try settled(job, log, attached)
                case .interrupted: try interrupted(job, attached)
                }
            }
        }
    }

    private func watchLine(_ id: String) -> String { common.line("jobs", "watch", id) }

    /// Before anything is fetched: whatever becomes of this process, the job can be found again.
    private func announce(_ id: String) {
        if !json || Terminal.redraws(Terminal.errors) {
            return Terminal.write(
                Array("job \(id)\nto watch it: \(watchLine(id))\n".utf8), to: json ? Terminal.errors : Terminal.output)
        }
        var line = JSONWriter()
        line.beginObject()
        line.key("time")
        line.timestamp(Int64(ServiceClock.realNow))
        for (name, text) in [("level", "info"), ("event", "begun"), ("id", id), ("watch", watchLine(id))] {
            line.key(name)
            line.string(text)
        }
        line.endObject()
        line.endLine()
        Terminal.write(line.bytes, to: Terminal.errors)
    }

    // MARK: Beginning

    /// nil: only the plan was asked for.
    private func begun(_ attached: AttachedStore) throws -> StoredIngestion? {
        let (selection, dataset) = try options.selection(among: attached.catalogue.datasets)
        let plan = try attached.planning { _, planning in try await planning.plan(selection) }
        if !json || dryRun { try PlanText.show(plan, dataset, json: json, attached) }
        if dryRun { return nil }
        try requireAccess(dataset, attached)
        if !yes && !plan.calls.isEmpty { try confirm() }
        let job = try attached.planning { _, planning in
            let filed = try await planning.ingest(selection, for: Planning.Requester(Self.requester))
            return try await planning.store.ingestion(id: filed.id)
        }
        guard let job else { throw StoreError.unavailable("the job is gone already: ask again") }
        return job
    }

    private func requireAccess(_ dataset: Dataset, _ attached: AttachedStore) throws {
        guard attached.catalogue.access[dataset.upstream.name] == nil else { return }
        throw SettingError(variable: "SIP_API_KEY", expected: "is required to fetch from \(attached.settings.sipBaseURL)")
    }

    private func confirm() throws {
        guard isatty(0) == 1 else { throw InputError("--yes", "standard input is no terminal: give --yes to go on without asking") }
        Terminal.write(Array("Go on? [y/N] ".utf8), to: json ? Terminal.errors : Terminal.output)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            complain("nothing was begun")
            throw ExitCode(Interrupts.exitCode)
        }
    }

    // MARK: Ending

    private func settled(_ job: StoredIngestion, _ log: Log, _ attached: AttachedStore) throws {
        if job.status == .paused { complainWithWatch("the job was paused elsewhere", job.id) }
        try JobRun(attached: attached, log: log, json: json).report(job)
    }

    private func interrupted(_ job: StoredIngestion, _ attached: AttachedStore) throws {
        complainWithWatch("the job goes on in any other worker, or by the same command again", job.id)
        throw ExitCode(Interrupts.exitCode)
    }

    /// The command stands on a line of its own, to be taken from there.
    private func complainWithWatch(_ text: String, _ id: String) {
        complain(text)
        Terminal.write(Array("to watch it: \(watchLine(id))\n".utf8), to: Terminal.errors)
    }
}
