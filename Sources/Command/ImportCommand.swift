internal import ArgumentParser
internal import Bytes
internal import EventLoop
internal import Glibc
internal import Ingest
internal import Postgres
internal import Series
internal import Store

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read files of a dataset's archive into the store: each whole or not at all, none twice.",
        discussion: """
            Files are .csv, .csv.gz, or inside of .zip, in folders of any names; they are only read. One content under two names counts \
            once; other content of the same series is another edition, whose other values become revisions. A file that was written a \
            moment ago waits for the next time. No upstream is asked. An import of these files that was cut off is gone on with.

            Exit codes: 0 every file is in the store, 1 failed, 2 usage, 3 some are not, 130 interrupted.
            """)

    @OptionGroup var common: CommandOptions

    @Argument(help: "The dataset: kraken.")
    var dataset: String

    @Argument(help: ArgumentHelp("The folder with the files.", valueName: "directory"))
    var directory: String

    @Flag(help: "List what is there, read what is new, and stop before anything is stored.")
    var dryRun = false

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log, rules: !dryRun) { attached in
                let dataset = try SelectionJSON.dataset(dataset, among: attached.catalogue.datasets)
                guard dataset.archive != nil else { throw InputError("dataset", "\(dataset.name) has no archive files") }
                let shelf = Shelf(directory: directory, name: "directory", dataset: dataset, attached: attached, isQuiet: json)
                let found = try shelf.look()
                if dryRun { return try finish(found, shelf, job: nil) }
                let jobs = try shelf.jobs(for: found)
                for job in jobs {
                    if case .settled = try JobRun(attached: attached, log: log, json: json).follow(job, works: true) { continue }
                    complain("interrupted: what was read whole is stored; run the same command again for the rest")
                    throw ExitCode(Interrupts.exitCode)
                }
                try finish(found, shelf, job: jobs.last)
            }
        }
    }

    private func finish(_ found: ShelfFindings, _ shelf: Shelf, job: String?) throws {
        let files = try shelf.files(found.waiting)
        if json {
            say(ImportText.json(found, files, job: job, dataset: shelf.dataset))
        } else {
            for line in ImportText.lines(found, files, dataset: shelf.dataset, width: Terminal.columns(of: Terminal.output)) { say(line) }
        }
        if dryRun { return }
        if files.contains(where: { $0.status != .imported }) || !found.refused.isEmpty { throw ExitCode(3) }
    }
}

/// A folder of archive files, looked through from a command.
struct Shelf {
    let directory: String
    /// The option, argument or variable that named it.
    let name: String
    let dataset: Dataset
    let attached: AttachedStore
    let isQuiet: Bool

    /// Reads what is new, and says so on a terminal.
    func look() throws -> ShelfFindings {
        guard let stream = opendir(directory) else {
            let reason = String(cString: strerror(errno))
            throw InputError(name, "expected a folder with archive files; \(ShownText.safe(directory)) cannot be listed: \(reason)")
        }
        closedir(stream)
        let reading = try Loop(name: "files")
        defer { reading.stop() }
        let (name, clock, isQuiet) = (dataset.name, attached.ready.clock, isQuiet)
        let folder = absolute(directory)
        return try attached.planning { _, planning in
            guard let dataset = planning.datasets.first(where: { $0.name == name }) else { return ShelfFindings() }
            let shelf = ArchiveShelf(store: planning.store, clock: clock, reading: reading)
            let findings = try await shelf.look(through: folder, for: dataset) { path, number, count in
                guard !isQuiet, Terminal.redraws(Terminal.errors) else { return }
                let columns = Terminal.columns(of: Terminal.errors) ?? 80
                let line = ShownText.clipped("looking at \(number) of \(count): \(ShownText.safe(path))", to: columns - 1)
                Terminal.write(Array("\r\u{1B}[K\(line)".utf8), to: Terminal.errors)
            }
            if !isQuiet, findings.new > 0, Terminal.redraws(Terminal.errors) {
                Terminal.write(Array("\r\u{1B}[K".utf8), to: Terminal.errors)
            }
            return findings
        }
    }

    /// The jobs that import what was found, in the order in which they were filed: those that were cut off, gone on with even where
    /// somebody had paused them, for it is asked for again; then one for the rest.
    func jobs(for found: ShelfFindings) throws -> [String] {
        let (name, isQuiet) = (dataset.name, isQuiet)
        return try attached.planning { _, planning in
            guard let dataset = planning.datasets.first(where: { $0.name == name }) else { return [] }
            var jobs: [String] = []
            for open in try await planning.openImports(of: found.contents, of: dataset) {
                if open.status == .paused { _ = try await planning.store.resume(ingestion: open.id, by: Asker(IngestCommand.requester)) }
                if !isQuiet { say("going on with job \(open.id)") }
                jobs.append(open.id)
            }
            if let filed = try await planning.import(found.waiting, of: dataset, for: Planning.Requester(IngestCommand.requester)) {
                jobs.append(filed.id)
            }
            return jobs
        }
    }

    /// What became of these files.
    func files(_ ids: [Int64]) throws -> [ArchiveFile] {
        try attached.planning { _, planning in
            var files: [ArchiveFile] = []
            for id in ids { if let file = try await planning.store.archiveFile(id) { files.append(file) } }
            return files
        }
    }
}
