internal import Answers
internal import ArgumentParser
internal import EventLoop
internal import Ingest
internal import Postgres
internal import PrivateServers
internal import Store

/// What every command takes.
struct CommandOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: ArgumentHelp("A file of NAME=value lines; the environment overrides it.", valueName: "file"))
    var configFile: String?

    /// How another command is called so that it has the same settings.
    func line(_ words: String...) -> String {
        (["gapless"] + words + (configFile.map { ["--config", Self.quoted($0)] } ?? [])).joined(separator: " ")
    }

    /// Reads the settings, runs `body`, and turns what it throws into one line and an exit code: 2 where the settings or the
    /// arguments are wrong, 1 for the rest.
    /// `isService`: its log is what it has to say; a command that has an answer logs from warnings on, unless a level is set.
    func reportingErrors(isService: Bool = false, _ body: (Settings, Log) throws -> Void) throws {
        do {
            let settings = try Settings.read(file: configFile)
            let level = settings.logLevel ?? (isService ? .info : .warning)
            try body(settings, Log(level: level, format: settings.logFormat))
        } catch let exit as ExitCode {
            throw exit
        } catch {
            complain(Self.sentence(error))
            throw ExitCode(error is SettingError || error is InputError ? 2 : 1)
        }
    }

    /// What went wrong, for who typed the command.
    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as PostgresError where error.kind == .connectionLost || error.kind == .timedOut:
            "Postgres cannot be reached: \(error.message)"
        case let error as PostgresError where error.kind == .authentication || error.kind == .missingObject:
            "Postgres refuses: \(error.message)"
        case let error as PoolTimeout: "Postgres cannot be reached: \(error.description)"
        case let refusal as IllegalMove: JobMove.sentence(refusal)
        case let refusal as ReleaseRefusal: QuarantineText.sentence(refusal)
        case AnswerError.storeUnavailable: "Postgres cannot be reached"
        case AnswerError.unknownSeries(let field, let value): "--\(field): \(value) has no series here"
        case AnswerError.unknownCombination: "no followed series has these key values together"
        default: "\(error)"
        }
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'$`\\*?[](){}<>|&;~#!".utf8.contains($0) }
        return isPlain ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}

/// One line to the person at the terminal.
func complain(_ text: String) {
    Terminal.write(Array("gapless: \(text.split(whereSeparator: \.isNewline).joined(separator: " "))\n".utf8), to: Terminal.errors)
}

/// A line of the answer itself, to standard output.
func say(_ text: String) { Terminal.write(Array("\(text)\n".utf8), to: Terminal.output) }

/// A table, as wide as the terminal lets it be; whole where it is piped.
func say(_ table: TextTable) {
    let inColour = Terminal.takesEscapes(Terminal.output)
    for line in table.lines(width: Terminal.columns(of: Terminal.output), inColour: inColour) { say(line) }
}
