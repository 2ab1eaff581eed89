internal import API
internal import ArgumentParser
internal import Store

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token: prints its text, which is kept nowhere, and its entry for GAPLESS_TOKENS.",
        discussion: "Needs no settings and no store, and changes nothing: a token is good once its entry is in GAPLESS_TOKENS.")

    @Argument(help: "Who will bear it: letters, digits, '.', '_' and '-'. Logs and ingestions show it.")
    var name: String

    @Option(help: "What it lets its bearer do: read, ingest (and read), admin (all).")
    var scope: String

    @Option(help: "From when on it is refused: a date (its start in UTC), or an RFC 3339 instant.")
    var expires: String?

    func run() throws {
        guard Token.isName(name) else {
            throw ValidationError("NAME: expected 1 to 64 letters, digits, '.', '_' and '-' that begin with a letter or digit")
        }
        guard let scope = TokenScope(rawValue: scope) else { throw ValidationError("--scope: expected read, ingest or admin") }
        if let expires {
            guard let end = Token.instant(expires) else {
                throw ValidationError("--expires: expected 2027-01-01 or 2027-01-01T00:00:00Z")
            }
            if end <= Int64(ServiceClock.realNow) { throw ValidationError("--expires: \(expires) has passed") }
        }
        let made = try Token.make(name: name, scope: scope, expires: expires)
        say("token: \(made.text)")
        say("entry: \(made.entry)")
        complain("the token is shown this once; add the entry to GAPLESS_TOKENS")
    }
}
