internal import EventLoop
internal import Glibc

/// Starting and watching processes.
package enum Child {
    /// What a child may be told of the outside: no secret of ours is in it.
    private static let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"]

    /// Starts `arguments[0]` (a path) in a session of its own, so that Ctrl-C in our terminal is not theirs, with no
    /// signal blocked or ignored, none of our descriptors, and `/` as working directory. Output is appended to `log`.
    static func start(_ arguments: [String], input: String = "/dev/null", log: String) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        var settings = posix_spawnattr_t()
        posix_spawn_file_actions_init(&files)
        posix_spawnattr_init(&settings)
        defer {
            posix_spawn_file_actions_destroy(&files)
            posix_spawnattr_destroy(&settings)
        }
        posix_spawn_file_actions_addopen(&files, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, 1, 2)
        // closefrom and chdir actions are GNU's and not in Swift's Glibc module. Closing what is not open is no error here.
        for fd in Files.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where fd > 2 {
            posix_spawn_file_actions_addclose(&files, fd)
        }

        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&settings, &none)
        posix_spawnattr_setsigdefault(&settings, &all)
        posix_spawnattr_setflags(&settings, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        // Both become the next command without a fork (setsid(1) forks only where it leads a process group).
        let detached = ["/usr/bin/env", "-C", "/", "/usr/bin/setsid"]
        var process = pid_t()
        let code = withStrings(detached + arguments) { arguments in
            withStrings(environment) { environment in
                posix_spawn(&process, detached[0], &files, &settings, arguments, environment)
            }
        }
        if code != 0 { throw ServerError("\(arguments[0]): \(SystemError(code: code, call: "posix_spawn"))") }
        return process
    }

    /// Runs to the end; the error carries the end of what it wrote to `log`.
    package static func run(_ arguments: [String], input: String = "/dev/null", log: String) throws {
        let process = try start(arguments, input: input, log: log)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw Files.failure(arguments[0], "waitpid") }
        }
        if status != 0 { throw ServerError("\(arguments.joined(separator: " ")) failed: \(lastLines(of: log))") }
    }

    /// Whether the process lives; reaps it if it was ours and has ended. A zombie of somebody else's counts as dead.
    static func isAlive(_ process: pid_t) -> Bool {
        var status: Int32 = 0
        if waitpid(process, &status, WNOHANG) == process { return false }
        // proc(5): the state follows the name, which is in parentheses and may itself contain some.
        guard let line = Files.text("/proc/\(process)/stat", limit: 1024), let end = line.lastIndex(of: ")") else { return false }
        let state = line[line.index(after: end)...].drop { $0 == " " }.first
        return state != "Z" && state != "X"
    }

    /// Waits up to `seconds` for the end of a process; true if it ended.
    static func awaitEnd(of process: pid_t, seconds: Double) -> Bool {
        var left = seconds
        while isAlive(process) {
            if left <= 0 { return false }
            usleep(10_000)
            left -= 0.01
        }
        return true
    }

    static func lastLines(of log: String, count: Int = 5) -> String {
        guard let text = Files.text(log, limit: 4 << 20) else { return "(no output)" }
        return text.split(separator: "\n").suffix(count).joined(separator: " | ")
    }

    /// An argument vector: the strings, then NULL.
    private static func withStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}
