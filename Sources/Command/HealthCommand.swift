internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import HTTP
internal import Postgres

/// What a container's health check runs.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a running service whether it is ready; exit code 0 where it is.",
        discussion: """
            The role api is asked over its port (GET /readyz). A process of the role worker alone has no port: it is healthy while \
            its sessions with the Postgres of DATABASE_URL are in use, since it looks for work every second.
            """)

    @OptionGroup var common: CommandOptions

    @Option(help: "Who is asked: api, the worker or scheduler of this host, or a sandbox on GAPLESS_PORT.")
    var role = "api"

    func run() throws {
        guard ["api", "worker", "scheduler", "sandbox"].contains(role) else {
            throw ValidationError("--role: expected api, worker, scheduler or sandbox")
        }
        try common.reportingErrors { settings, _ in
            let loop = try Loop(name: "health")
            defer { loop.stop() }
            let (isWell, text) = switch role {
            case "worker", "scheduler": try Self.sessions(of: role, settings, loop)
            case "sandbox": try Self.server(settings, "/_sandbox", loop)
            default: try Self.server(settings, "/readyz", loop)
            }
            say(text)
            if !isWell { throw ExitCode(1) }
        }
    }

    private static func server(_ settings: Settings, _ path: String, _ loop: Loop) throws -> (isWell: Bool, text: String) {
        let address = Address.tcp(host: reachable(settings.host), port: settings.port)
        let answer = try loop.runBlocking { loop in
            try await HTTPClient.get(address, path, headers: [("Host", "localhost")], on: loop, until: .after(.seconds(5)))
        }
        return (answer.status == 200, answer.text)
    }

    /// Every address of a machine includes its loopback.
    static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    /// Looks into Postgres from outside the process, so that a worker that hangs is seen too.
    static func sessions(of role: String, _ settings: Settings, _ loop: Loop) throws -> (isWell: Bool, text: String) {
        guard let postgres = try Backing.namedPostgres(settings) else {
            throw SettingError(variable: "DATABASE_URL", expected: "is needed: the \(role)'s sessions with that Postgres are looked at")
        }
        let name = WorkingUnit.sessionName(role: role)
        let recent = try loop.runBlocking { loop in
            let connection = try await PostgresConnection.connect(postgres, on: loop, until: .after(.seconds(5)))
            defer { connection.close() }
            // A session is seen by its own role with its times (PostgreSQL 15, 28.2.3, pg_stat_activity).
            let rows = try await connection.query(
                """
                select count(*) from pg_stat_activity where datname = current_database() and application_name = \(name)
                and state_change > clock_timestamp() - interval '30 s'
                """)
            guard let row = rows.first else { return 0 }
            return try row.int(0)
        }
        return (recent > 0, recent > 0 ? "the \(role) is at work" : "no \(role) of this host has asked Postgres for 30 seconds")
    }
}
