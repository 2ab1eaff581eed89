internal import CPostgres
internal import EventLoop

/// Where the server is and the limits a session starts with. Holds the password and never shows it.
package struct PostgresConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// A connection string that libpq cannot read. Its text is not repeated: it may hold the password.
    package struct Unreadable: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// libpq's own parameters (https://www.postgresql.org/docs/15/libpq-connect.html), as given.
    private var parameters: [String: String]
    private(set) var hostName: HostName?

    package var applicationName = "gapless"
    /// For the whole way from socket to session.
    package var connectTimeout = Duration.seconds(5)
    /// Enforced by the server on each statement; zero is none.
    package var statementTimeout = Duration.seconds(5)
    package var lockTimeout = Duration.seconds(2)
    package var idleInTransactionTimeout = Duration.seconds(10)
    /// Our own limit for one statement's whole exchange: more than the server's, which is the gentler way to end.
    package var answerTimeout = Duration.seconds(8)

    /// From a URI (`postgresql://user:password@host:port/database?...`) or a keyword string (`host=/run dbname=x`).
    package init(_ text: String) throws(Unreadable) {
        guard let options = PQconninfoParse(text, nil) else {
            throw Unreadable(description: "not a connection string of Postgres (a postgresql:// URI or host=... dbname=...)")
        }
        defer { PQconninfoFree(options) }
        parameters = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
    }

    /// From fields; `host` may be a directory with the server's socket.
    package init(host: String, port: Int? = nil, database: String, user: String, password: String? = nil) {
        parameters = ["host": host, "dbname": database, "user": user]
        if let port { parameters["port"] = String(port) }
        if let password { parameters["password"] = password }
    }

    package var database: String {
        get { parameters["dbname"] ?? parameters["user"] ?? "" }
        set { parameters["dbname"] = newValue }
    }

    package var host: String { parameters["host"] ?? parameters["hostaddr"] ?? "" }

    /// Everything but secrets.
    package var description: String {
        ["user", "host", "hostaddr", "port", "dbname", "sslmode"]
            .compactMap { key in parameters[key].map { "\(key)=\($0)" } }
            .joined(separator: " ")
    }

    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// Looks the host's name up and keeps the address: libpq would do it inside every connect and block the loop. A failure to
    /// connect has it looked up again, beside the loop. Blocks; for start-up only. A socket directory, an address or a list of
    /// hosts stays as it is.
    package func resolved() throws(Unreadable) -> PostgresConfiguration {
        guard let name = parameters["host"], !name.isEmpty, name.first != "/", name.first != "@", !name.contains(","),
            parameters["hostaddr"] == nil
        else { return self }
        guard let found = HostName(name) else { throw Unreadable(description: "the database's host \(name) has no address") }
        var copy = self
        copy.hostName = found
        return copy
    }

    /// What is handed to libpq: ours where the user said nothing, and the session's settings in `options`.
    func connectParameters() -> [(key: String, value: String)] {
        var all = parameters
        if let hostName { all["hostaddr"] = hostName.address }
        let defaults = [
            "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3",
            "tcp_user_timeout": "15000", "gssencmode": "disable", "application_name": applicationName,
        ]
        for (key, value) in defaults where all[key] == nil { all[key] = value }
        all["client_encoding"] = "UTF8"
        var settings = "-c TimeZone=UTC -c DateStyle=ISO"
        settings += " -c statement_timeout=\(milliseconds(statementTimeout))"
        settings += " -c lock_timeout=\(milliseconds(lockTimeout))"
        settings += " -c idle_in_transaction_session_timeout=\(milliseconds(idleInTransactionTimeout))"
        if let given = all["options"] { settings += " " + given }
        all["options"] = settings
        return all.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }
}

func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
}
