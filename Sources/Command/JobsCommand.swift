internal import ArgumentParser
internal import Ingest
internal import Series
internal import Store

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List jobs (ingestions), look at one, pause, resume or cancel it.",
        discussion: "A job that is resumed here is worked by the workers there are; gapless ingest --resume ID works it itself.",
        subcommands: [
            JobsList.self, JobsShow.self, JobsWatch.self, JobsPause.self, JobsResume.self, JobsCancel.self,
        ],
        defaultSubcommand: JobsList.self)
}

/// What every command about one job takes.
struct JobOptions: ParsableArguments {
    @OptionGroup var common: CommandOptions

    @Argument(help: "The job's id.")
    var id: String

    @Flag(help: "One JSON object: the job, as the API shows it.")
    var json = false

    func show(_ job: StoredIngestion) {
        if json { return say(JobText.json(job)) }
        let canGoOn = [.paused, .partial, .failed].contains(job.status)
        for line in JobText.lines(job, resume: canGoOn ? common.line("ingest", "--resume", job.id) : nil) { say(line) }
    }

    func with(_ body: (AttachedStore, Log, StoredIngestion) throws -> Void) throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in try body(attached, log, try JobMove.find(id, "ID", attached)) }
        }
    }

    func move(_ move: JobMove) throws {
        try with { attached, _, job in show(try move.make(job, attached)) }
    }
}

struct JobsList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List jobs, the newest first.")

    @OptionGroup var common: CommandOptions

    @Option(help: "Of this dataset only.")
    var dataset: String?

    @Option(help: "pending, running, paused, completed, partial, failed or cancelled.")
    var status: String?

    @Option(help: ArgumentHelp("The most jobs to list.", valueName: "count"))
    var limit = 20

    @Flag(help: "One JSON array of jobs, as the API shows them.")
    var json = false

    func run() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit: expected a whole number from 1 to 10000") }
        if let status, IngestionStatus(rawValue: status) == nil {
            throw ValidationError("--status: expected one of \(IngestionStatus.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (name, status, limit) = (dataset, status, limit)
                if let name { _ = try SelectionJSON.dataset(name, among: attached.catalogue.datasets) }
                let jobs = try attached.planning { _, planning in
                    try await planning.store.scored(
                        try await planning.store.ingestions(dataset: name, status: status, after: nil, limit: limit),
                        of: planning.datasets)
                }
                if json { return say("[\(jobs.map(JobText.json).joined(separator: ","))]") }
                jobs.isEmpty ? say("no jobs") : say(JobText.table(jobs))
            }
        }
    }
}

struct JobsShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one job.")
    @OptionGroup var options: JobOptions
    func run() throws { try options.with { _, _, job in options.show(job) } }
}

struct JobsWatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow one job to its end, without working it; Ctrl-C leaves it alone.",
        discussion: "Exit codes: those of the job's end, as of ingest; 130 where it is paused or was cancelled.")
    @OptionGroup var options: JobOptions

    func run() throws {
        try options.with { attached, log, job in
            let run = JobRun(attached: attached, log: log, json: options.json)
            guard case .settled(let end) = try run.follow(job.id, works: false) else {
                complain("the job goes on; to watch it: \(options.common.line("jobs", "watch", job.id))")
                throw ExitCode(Interrupts.exitCode)
            }
            try run.report(end)
        }
    }
}

struct JobsPause: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "pause", abstract: "Pause a job: no call of it is begun any more.")
    @OptionGroup var options: JobOptions
    func run() throws { try options.move(.pause) }
}

struct JobsResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Give a paused, partial or failed job back to the workers.")
    @OptionGroup var options: JobOptions
    func run() throws { try options.move(.resume) }
}

struct JobsCancel: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Cancel a job: what it has fetched stays.")
    @OptionGroup var options: JobOptions
    func run() throws { try options.move(.cancel) }
}
