import EventLoop
import Glibc
import Redis
import Synchronization

/// A Redis of the test's own: a socket file in a fresh directory, no port, nothing saved. A guardian shell starts it and
/// ends it when this process does, however it does: its input closes then.
final class TestServer: Sendable {
    let directory: String
    private let password: String
    private let guardian = Mutex<(process: pid_t, input: Int32)?>(nil)

    init(password: String = "") {
        var template = Array("/tmp/gapless-redis-XXXXXX".utf8CString)
        directory = String(cString: mkdtemp(&template))
        self.password = password
        start()
    }

    deinit { stop() }

    var socket: String { directory + "/socket" }

    /// Patient, for tests whose subject is not time.
    var configuration: RedisConfiguration {
        var configuration = RedisConfiguration(.unix(path: socket), password: password)
        configuration.connectTimeout = .seconds(20)
        configuration.commandTimeout = .seconds(20)
        return configuration
    }

    /// Returns once it listens.
    func start() {
        let authentication = password.isEmpty ? "" : "--requirepass \(password)"
        let script = """
            trap '' INT TERM HUP
            redis-server --unixsocket \(socket) --port 0 --save '' --appendonly no --enable-debug-command yes --dir \(directory) \
            \(authentication) >/dev/null 2>&1 </dev/null &
            server=$!
            read end
            kill -9 $server; wait; rm -f \(socket); [ "$end" = keep ] || rm -rf \(directory)
            """
        let started = startGuard.withLock { _ in
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            let process = spawnShell(script, input: ends[0])
            close(ends[0])
            return (process, ends[1])
        }
        guardian.withLock { $0 = started }
        for _ in 0..<2000 where !listens() { usleep(5_000) }
        precondition(listens(), "redis-server did not start")
    }

    /// As good as a crash. `keeping` the directory allows another start.
    func stop(keeping: Bool = false) {
        guard let held = guardian.withLock({ held in defer { held = nil }; return held }) else { return }
        if keeping { write(held.input, "keep\n", 5) }
        close(held.input)
        var status: Int32 = 0
        while waitpid(held.process, &status, 0) < 0 && errno == EINTR {}
    }

    private func listens() -> Bool {
        let fd = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
    }
}

/// Between pipe(2) and fcntl(2) no other test may spawn: its shell would hold our pipe open.
private let startGuard = Mutex(())

private func spawnShell(_ script: String, input: Int32) -> pid_t {
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
    posix_spawn_file_actions_adddup2(&files, input, 0)
    for output: Int32 in [1, 2] { posix_spawn_file_actions_addopen(&files, output, "/dev/null", O_WRONLY, 0) }
    var words: [UnsafeMutablePointer<CChar>?] = (["/bin/sh", "-c", script] as [String]).map { strdup($0) }
    words.append(nil)
    defer { words.forEach { free($0) } }
    var process: pid_t = 0
    precondition(posix_spawn(&process, "/bin/sh", &files, &attributes, words, environ) == 0, "no shell")
    return process
}

/// Runs `body` on a loop made for it and ends the loop.
func onLoop<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) async throws -> T {
    let loop = try Loop(name: "test")
    let result: Result<T, any Error>
    do { result = .success(try await loop.run(body)) } catch { result = .failure(error) }
    loop.stop()
    return try result.get()
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
