internal import Glibc

/// One cluster on disk: where it is, how it is made and with which settings its server runs.
struct PostgresCluster: ServerKind {
    let directory: String
    let runtime: String
    let binaries: String
    let account: Account
    private let options: PrivatePostgres.Options

    init(in path: String, options: PrivatePostgres.Options) throws {
        try Files.makeDirectory(path)
        directory = try Files.real(path)
        account = try Account.ofServers(owning: directory + "/postgres")
        binaries = try Self.findBinaries()
        runtime = try RuntimeDirectory.make(for: directory, account: account)
        self.options = options
    }

    var name: String { "Postgres" }
    var home: String { directory + "/postgres" }
    var log: String { directory + "/postgres.log" }
    /// Fast and immediate shutdown (Postgres manual 19.5).
    var stopSignal: Int32 { SIGINT }
    var haltSignal: Int32 { SIGQUIT }

    /// Settings go on the command line, not into the cluster: a newer program brings its own.
    var arguments: [String] {
        var settings = [
            "listen_addresses=", "unix_socket_directories=\(runtime)", "unix_socket_permissions=0700", "port=5432",
            "max_connections=\(options.maxConnections)", "shared_buffers=\(options.sharedBuffersMB)MB",
            "work_mem=16MB", "maintenance_work_mem=128MB", "wal_compression=on", "max_wal_size=2GB", "checkpoint_timeout=15min",
            "random_page_cost=1.1", "jit=off", "timezone=UTC", "log_timezone=UTC", "logging_collector=off",
            "log_destination=stderr", "log_line_prefix=%m [%p] ", "log_checkpoints=off",
        ]
        if !options.isDurable { settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] }
        return [binaries + "/postgres", "-D", home] + settings.flatMap { ["-c", $0] }
    }

    // MARK: State

    func recordedProcess() -> pid_t? { pidFile().first.flatMap { pid_t($0) } }

    /// The eighth line of postmaster.pid is the server's own word on its state (src/include/utils/pidfile.h).
    func isReady(_ process: pid_t) -> Bool {
        let lines = pidFile()
        return lines.count >= 8 && lines[0] == String(process) && lines[7].hasPrefix("ready")
    }

    private func pidFile() -> [Substring] {
        (Files.text(home + "/postmaster.pid", limit: 4096) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    }

    // MARK: Making

    func prepare() throws {
        if account.isOther {
            // mkdtemp and careful people make directories that only root could enter.
            if let facts = Files.facts(directory), facts.mode & 0o011 != 0o011 { chmod(directory, facts.mode & 0o777 | 0o011) }
            do {
                try Child.run(account.command(["/usr/bin/test", "-x", directory]), log: log)
            } catch {
                throw ServerError(
                    "\(directory): user \(account.user), as whom Postgres runs, cannot reach this directory; choose one that it can")
            }
        }
        if Files.facts(home + "/PG_VERSION") == nil { try makeCluster() }
        // Nothing lives in the cluster (the caller made sure): a process id in this file is some other process's by now,
        // and Postgres would take it for its own predecessor.
        unlink(home + "/postmaster.pid")
        // The same for the socket's lock file. A killed postmaster that nobody has reaped yet counts as alive there, and
        // where the first process of a container reaps nobody, it would for ever.
        unlink(runtime + "/.s.PGSQL.5432.lock")
        unlink(runtime + "/.s.PGSQL.5432")
    }

    /// Under another name until it is whole, so that a crash on the way leaves nothing that looks like a cluster.
    private func makeCluster() throws {
        let draft = directory + "/postgres.new"
        Files.remove(draft)
        if let facts = Files.facts(home), facts.isDirectory, rmdir(home) != 0 {
            throw ServerError("\(home) exists and is no Postgres cluster; it is left alone")
        }
        try Files.makeDirectory(draft, mode: 0o700)
        try account.own(draft)
        try Child.run(account.command([
            binaries + "/initdb", "-D", draft, "-U", "gapless", "-E", "UTF8", "--locale=C", "--auth-local=trust", "--auth-host=reject",
        ] + (options.isDurable ? [] : ["--no-sync"])), log: log)

        // Single-user mode (postgres(1)) reads statements from its input: no server yet, no client needed.
        let script = directory + "/postgres.sql"
        try Files.write("CREATE DATABASE gapless TEMPLATE template0;\n", to: script)
        defer { unlink(script) }
        try account.own(script)
        try Child.run(account.command([binaries + "/postgres", "--single", "-D", draft, "postgres"]), input: script, log: log)
        if rename(draft, home) != 0 { throw Files.failure(home, "rename") }
    }

    /// `GAPLESS_PG_BIN`, else Debian's newest, else the first in PATH.
    private static func findBinaries() throws -> String {
        var places: [String] = []
        if let named = getenv("GAPLESS_PG_BIN").map({ String(cString: $0) }) {
            places = [named]
        } else {
            let versions = Files.names(in: "/usr/lib/postgresql").compactMap { Int($0) }.sorted(by: >)
            places = versions.map { "/usr/lib/postgresql/\($0)/bin" }
            let path = getenv("PATH").map { String(cString: $0) } ?? ""
            places += path.split(separator: ":").map(String.init)
        }
        for place in places where Files.isExecutable(place + "/postgres") && Files.isExecutable(place + "/initdb") {
            return place
        }
        throw ServerError("no Postgres binaries in \(places.joined(separator: ", ")); install postgresql or set GAPLESS_PG_BIN")
    }
}
