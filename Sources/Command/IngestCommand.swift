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
            Ctrl-C pauses the job and prints the command that resumes it; a second Ctrl-C ends at once, and the job goes on where \
            there are other workers. Where there is nothing to do no job is filed. With --json, progress goes to standard error: a bar \
            on a terminal, else one JSON object a line.

            Exit codes: 0 complete, 1 failed, 2 usage, 3 partial, 130 interrupted.
            """)

    @OptionGroup var common: CommandOptions
    @OptionGroup var options: SelectionOptions

    @Option(help: ArgumentHelp("Take up this job again, one that was paused, is partial or failed.", valueName: "id"))
    var resume: String?

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Show the plan and stop.")
    var dryRun = false

    @Option(help: ArgumentHelp("Write the files to fetch by hand, which would fill what is left, to this file as CSV.", valueName: "file"))
    var downloadList: String?

    @Flag(help: "One JSON object at the end: the job, as the API shows it; the plan where there is nothing to do.")
    var json = false

    /// Who asked for jobs that were begun here.
    static let requester = "cli"

    func run() throws {
        if resume != nil, let given = options.given ?? (dryRun ? "--dry-run" : nil) {
            throw ValidationError("\(given) cannot be given together with --resume: the job has its selection")
        }
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log, rules: !dryRun) { attached in
                guard let job = try resume.map({ try resumed($0, attached) }) ?? begun(attached) else { return }
                if job.status.isOver { return try JobRun(attached: attached, log: log, json: json).report(job) }
                announce(job.id)
                switch try JobRun(attached: attached, log: log, json: json).follow(job.id, works: true) {
                case .settled(let job): try settled(job, log, attached)
                case .interrupted: try interrupted(job, attached)
                }
            }
        }
    }

    private func resumeLine(_ id: String) -> String { common.line("ingest", "--resume", id) }

    /// Before anything is fetched: whatever becomes of this process, the job can be taken up again.
    private func announce(_ id: String) {
        if !json || Terminal.redraws(Terminal.errors) {
            return Terminal.write(
                Array("job \(id)\nto resume it: \(resumeLine(id))\n".utf8), to: json ? Terminal.errors : Terminal.output)
        }
        var line = JSONWriter()
        line.beginObject()
        line.key("time")
        line.timestamp(Int64(ServiceClock.realNow))
        for (name, text) in [("level", "info"), ("event", "begun"), ("id", id), ("resume", resumeLine(id))] {
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
        try options.look(through: dataset, attached, isQuiet: json)
        if let downloadList { try Downloads.check(downloadList, of: dataset) }
        let plan = try attached.planning { _, planning in try await planning.plan(selection) }
        if !json || dryRun || plan.calls.isEmpty { try PlanText.show(plan, dataset, json: json, attached) }
        if dryRun {
            if let downloadList { try Downloads.of(selection, dataset, attached).write(to: downloadList) }
            return nil
        }
        if plan.calls.isEmpty {
            // No job: what is missing all the same has no way that was allowed.
            let table = try showWhatIsThere(selection, dataset, attached)
            if table.rows.isEmpty { try requireAccess(dataset, attached) }
            if table.total.missing > table.total.unfillable { throw ExitCode(3) }
            return nil
        }
        try requireAccess(dataset, attached)
        if !yes { try confirm() }
        let job = try attached.planning { _, planning in
            let filed = try await planning.ingest(selection, for: Planning.Requester(Self.requester))
            return try await planning.store.ingestion(id: filed.id)
        }
        guard let job else { throw StoreError.unavailable("the job is gone already: ask again") }
        // The same was asked for before and paused: asking again means going on.
        return job.status == .paused ? try resumed(job.id, attached) : job
    }

    private func resumed(_ id: String, _ attached: AttachedStore) throws -> StoredIngestion {
        let job = try JobMove.find(id, "--resume", attached)
        if job.status == .completed { return job }
        if let dataset = attached.catalogue.datasets.first(where: { $0.name == job.dataset }) { try requireAccess(dataset, attached) }
        return try JobMove.resume.make(job, attached)
    }

    private func requireAccess(_ dataset: Dataset, _ attached: AttachedStore) throws {
        if let refusal = attached.catalogue.refusal(of: dataset) { throw refusal }
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
        if job.status == .paused { complainWithResume("the job was paused elsewhere", job.id) }
        if job.status.isOver { try showWhatIsThere(job, attached) }
        if !json, [.partial, .failed].contains(job.status) { say("to try again: \(resumeLine(job.id))") }
        try JobRun(attached: attached, log: log, json: json).report(job)
    }

    /// Of a dataset with several ways the end of a job says little of what is there now.
    private func showWhatIsThere(_ job: StoredIngestion, _ attached: AttachedStore) throws {
        guard let dataset = attached.catalogue.datasets.first(where: { $0.name == job.dataset }), dataset.hasWays else { return }
        let selection = try SelectionJSON.read(try JSONValue(parsing: Array(job.selection.utf8)), datasets: [dataset], isStored: true)
        try showWhatIsThere(selection, dataset, attached)
    }

    @discardableResult
    private func showWhatIsThere(_ selection: Selection, _ dataset: Dataset, _ attached: AttachedStore) throws -> CompletenessTable {
        let table = try CompletenessTable.of(selection, dataset, attached)
        guard dataset.hasWays else { return table }
        let downloads = try Downloads.of(selection, dataset, attached)
        if !json {
            say(table.text())
            downloads.show()
        }
        if let downloadList { try downloads.write(to: downloadList) }
        return table
    }

    /// What was asked for on a command line is paused by Ctrl-C; what others asked for, and was only helped with here, is theirs.
    private func interrupted(_ job: StoredIngestion, _ attached: AttachedStore) throws {
        guard job.requestedBy == Self.requester || resume != nil else {
            complain("job \(job.id) is \(job.requestedBy)'s and goes on in other workers")
            throw ExitCode(Interrupts.exitCode)
        }
        do {
            let paused = try JobMove.pause.make(job, attached)
            if json { say(JobText.json(paused)) }
            complainWithResume("the job is \(paused.status.rawValue)", job.id)
        } catch {
            complainWithResume("the job could not be paused and goes on in any worker: \(CommandOptions.sentence(error))", job.id)
        }
        throw ExitCode(Interrupts.exitCode)
    }

    /// The command stands on a line of its own, to be taken from there.
    private func complainWithResume(_ text: String, _ id: String) {
        complain(text)
        Terminal.write(Array("to resume it: \(resumeLine(id))\n".utf8), to: Terminal.errors)
    }
}
