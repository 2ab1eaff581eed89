internal import ArgumentParser
internal import EventLoop
internal import HTTP

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "migrate", abstract: "Bring the store's schema up to date.")

    @OptionGroup var common: CommandOptions

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                for name in attached.ready.applied { say("applied \(name)") }
                if attached.ready.applied.isEmpty { say("up to date") }
            }
        }
    }
}

struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a running service whether it is ready; exit code 0 where it is.")

    @OptionGroup var common: CommandOptions

    func run() throws {
        try common.reportingErrors { settings, _ in
            let address = Address.tcp(host: settings.host, port: settings.port)
            let loop = try Loop(name: "health")
            defer { loop.stop() }
            let answer = try loop.runBlocking { loop in
                try await HTTPClient.get(address, "/readyz", on: loop, until: .after(.seconds(5)))
            }
            say(answer.text)
            if answer.status != 200 { throw ExitCode(1) }
        }
    }
}
