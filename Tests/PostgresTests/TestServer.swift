import Glibc
import Postgres
import Synchronization

/// A Postgres of the tests' own: a fresh data directory, a Unix socket and no port. A guardian shell holds it: when this
/// process ends, however it ends, the shell's input closes, and it stops the server and removes the directory.
final class TestServer: Sendable {
    /// One for the whole test process; each test makes its own database in it.
    static let shared = TestServer()

    let directory: String
    /// The writing end of the guardian's input: held open, never written.
    private let guardian = Mutex<Int32>(-1)
    private static let isRoot = getuid() == 0

    init(settings: [String] = []) {
        var template = Array("/tmp/gapless-postgres-XXXXXX".utf8CString)
        directory = String(cString: mkdtemp(&template))
        if Self.isRoot { Self.run("/bin/chown", ["postgres", directory]) }
        Self.server("initdb", ["-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        let lines =
            [
                "listen_addresses = ''", "unix_socket_directories = '\(directory)'", "fsync = off", "max_connections = 60",
                "log_destination = stderr",
            ] + settings
        Self.append(lines.joined(separator: "\n") + "\n", to: data + "/postgresql.conf")
        start()
        guardian.withLock { $0 = Self.watch(data: data, directory: directory) }
    }

    private var data: String { directory + "/data" }

    func start() { Self.server("pg_ctl", ["-D", data, "-w", "-l", directory + "/log", "start"]) }

    /// `immediate` is as good as a crash.
    func stop(mode: String = "immediate") { Self.server("pg_ctl", ["-D", data, "-w", "-m", mode, "stop"]) }

    func configuration(database: String = "postgres") -> PostgresConfiguration {
        PostgresConfiguration(host: directory, database: database, user: "tester")
    }

    private static func watch(data: String, directory: String) -> Int32 {
        let stop = command("pg_ctl", ["-D", data, "-w", "-m", "immediate", "stop"]).joined(separator: " ")
        let script = "trap '' INT TERM HUP; cat >/dev/null; \(stop) >/dev/null 2>&1; rm -rf \(directory)"
        return spawning.withLock { _ in
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            // Not inherited by the server, which would keep it open.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            _ = spawn("/bin/sh", ["-c", script], input: ends[0])
            close(ends[0])
            return ends[1]
        }
    }

    /// Between pipe(2) and fcntl(2) nothing else may be spawned: it would hold the pipe open.
    private static let spawning = Mutex(())

    private static let binaries: String = {
        let root = "/usr/lib/postgresql"
        let newest = (12...30).last { access("\(root)/\($0)/bin/initdb", X_OK) == 0 }
        return "\(root)/\(newest ?? 15)/bin"
    }()

    /// Postgres refuses to run as root.
    private static func command(_ name: String, _ arguments: [String]) -> [String] {
        let asPostgres = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return (isRoot ? asPostgres : []) + ["\(binaries)/\(name)"] + arguments
    }

    private static func server(_ name: String, _ arguments: [String]) {
        let words = command(name, arguments)
        run(words[0], Array(words.dropFirst()))
    }

    private static func run(_ path: String, _ arguments: [String]) {
        let process = spawning.withLock { _ in spawn(path, arguments, input: nil) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        precondition(status == 0, "\(path) \(arguments) ended with \(status)")
    }

    private static func spawn(_ path: String, _ arguments: [String], input: Int32?) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        // The threads of the test runner block signals; a shell that inherits that never hears of its children's end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        if let input {
            posix_spawn_file_actions_adddup2(&files, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        }
        for output: Int32 in [1, 2] { posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0) }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        words.append(nil)
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &files, &attributes, words, environ)
        precondition(code == 0, "\(path): \(String(cString: strerror(code)))")
        return process
    }

    private static func append(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_APPEND)
        precondition(file >= 0 && write(file, text, text.utf8.count) == text.utf8.count)
        close(file)
    }
}
