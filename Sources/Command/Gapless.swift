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
            complain(String(Gapless.fullMessage(for: error).trimmingPrefix("Error: ")))
            exit(2)
        }
    }
}

struct Gapless: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gapless",
        abstract: "Keeps time-series stores complete: finds the missing slots, fetches them at the least cost, serves history.",
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, HealthCommand.self, PlanCommand.self, IngestCommand.self, ReportCommand.self, VerifyCommand.self,
            MigrateCommand.self, SandboxCommand.self, TokenCommand.self,
        ])
}
