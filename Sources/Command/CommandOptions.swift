internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Ingest
internal import Postgres
internal import PrivateServers
internal import Store

/// What every command takes.
struct CommandOptions: ParsableArguments {
    @Option(name: .customLong("config"), help: "A file of NAME=value lines; the environment overrides it.")
    var configFile: String?

    /// Reads the settings, runs `body`, and turns what it throws into one line and an exit code: 2 where the settings or the
    /// arguments are wrong, 1 for the rest.
    func reportingErrors(_ body: (Settings, Log) throws -> Void) throws {
        do {
            let settings = try Settings.read(file: configFile)
            try body(settings, Log(level: settings.logLevel, format: settings.logFormat))
        } catch let exit as ExitCode {
            throw exit
        } catch let error as SettingError {
            complain("\(error)")
            throw ExitCode(2)
        } catch let error as InputError {
            complain("\(error)")
            throw ExitCode(2)
        } catch {
            complain("\(error)")
            throw ExitCode(1)
        }
    }
}

/// One line to the person at the terminal.
func complain(_ text: String) {
    let line = Array("gapless: \(text)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}

/// A line of the answer itself, to standard output.
func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    var offset = 0
    while offset < line.count {
        let count = line.withUnsafeBytes { write(1, $0.baseAddress! + offset, $0.count - offset) }
        if count <= 0 { return }
        offset += count
    }
}
