internal import ArgumentParser
internal import Glibc

/// The program.
package enum Program {
    /// Reads the arguments, runs the command that they name, and ends the process with its exit code.
    package static func run() {
        do {
            var command = try Gapless.parseAsRoot()
            try command.run()
        } catch {
            // The parser's own code for a usage error is 64 (sysexits.h); ours is 2, as of most tools that people script.
            guard Gapless.exitCode(for: error) == .validationFailure else { Gapless.exit(withError: error) }
            complain("\(Gapless.message(for: error)) (see: \(Self.helpCommand) --help)")
            exit(2)
        }
    }

    /// The command whose help tells what is wrong: the first words that name one.
    private static var helpCommand: String {
        var words = ["gapless"]
        var level: any ParsableCommand.Type = Gapless.self
        for word in CommandLine.arguments.dropFirst() {
            guard let next = level.configuration.subcommands.first(where: { $0.configuration.commandName == word }) else { break }
            words.append(word)
            level = next
        }
        return words.joined(separator: " ")
    }
}

struct Gapless: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gapless",
        abstract: "Keeps time-series stores complete: finds the missing slots, fetches them at the least cost, serves history.",
        discussion: """
            Settings come from the environment or from --config FILE. Without DATABASE_URL a private Postgres under GAPLESS_DATA_DIR is \
            used, together with whoever uses it already.

            Exit codes: 0 complete, 1 failed, 2 usage, 3 partial, 130 interrupted.
            """,
        version: Version.number,
        groupedSubcommands: [
            CommandGroup(name: "Looking", subcommands: [
                DatasetsCommand.self, ReportCommand.self, GapsCommand.self, PlanCommand.self, VerifyCommand.self, QuarantineCommand.self,
                QualityCommand.self,
            ]),
            CommandGroup(name: "Fetching", subcommands: [IngestCommand.self, ImportCommand.self, JobsCommand.self]),
            CommandGroup(name: "Running", subcommands: [
                ServeCommand.self, HealthCommand.self, MigrateCommand.self, TokenCommand.self, SandboxCommand.self, CompletionCommand.self,
            ]),
        ])
}
