internal import ArgumentParser

/// How much of a list is shown, and in what form.
struct ListOptions: ParsableArguments {
    /// What people are shown where they name no limit.
    static let shown = 40

    @Option(help: ArgumentHelp("The most to list; default: 40 for people, more for --json and --csv.", valueName: "count"))
    var limit: Int?

    @Flag(help: "JSON, as the API shows it.")
    var json = false

    @Flag(help: "CSV (RFC 4180) with a header row.")
    var csv = false

    func validate() throws {
        if json, csv { throw ValidationError("--csv: cannot be given together with --json") }
        if let limit, !(1...1_000_000).contains(limit) { throw ValidationError("--limit: expected a whole number from 1 to 1000000") }
    }
}
