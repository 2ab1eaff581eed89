internal import ArgumentParser

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
