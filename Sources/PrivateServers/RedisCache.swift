internal import Glibc

/// One Redis instance: its socket, its settings, how its state is read.
struct RedisCache: ServerKind {
    let directory: String
    let account: Account
    let home: String
    private let binary: String
    private let options: PrivateRedis.Options

    init(in path: String, options: PrivateRedis.Options) throws {
        try Files.makeDirectory(path)
        directory = try Files.real(path)
        // The same account as Postgres's, whose cluster tells which it is.
        account = try Account.ofServers(owning: directory + "/postgres")
        binary = try Self.findBinary()
        home = try RuntimeDirectory.make(for: directory + "#redis", account: account)
        self.options = options
    }

    var name: String { "Redis" }
    var log: String { directory + "/redis.log" }
    var socket: String { home + "/redis.sock" }
    var stopSignal: Int32 { SIGTERM }
    var haltSignal: Int32 { SIGKILL }

    var arguments: [String] {
        [
            binary, "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", home, "--pidfile", home + "/redis.pid",
            "--daemonize", "no", "--save", "", "--appendonly", "no", "--databases", String(options.databases),
            "--maxmemory", "\(options.maxMemoryMB)mb", "--maxmemory-policy", "allkeys-lru",
            "--enable-debug-command", options.allowsDebug ? "local" : "no",
        ]
    }

    func recordedProcess() -> pid_t? {
        Files.text(home + "/redis.pid", limit: 64).flatMap { text in pid_t(String(text.prefix { $0.isNumber })) }
    }

    func isReady(_ process: pid_t) -> Bool { recordedProcess() == process && answersPing() }

    func prepare() throws {
        unlink(socket)
        unlink(home + "/redis.pid")
    }

    private func answersPing() -> Bool {
        let fd = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8)) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        let question = Array("PING\r\n".utf8)
        guard connected == 0, send(fd, question, question.count, Int32(MSG_NOSIGNAL)) == question.count else { return false }
        var answer = [UInt8](repeating: 0, count: 5)
        return recv(fd, &answer, 5, Int32(MSG_WAITALL)) == 5 && answer == Array("+PONG".utf8)
    }

    private static func findBinary() throws -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for place in ["/usr/bin", "/usr/local/bin"] + path.split(separator: ":").map(String.init) {
            if Files.isExecutable(place + "/redis-server") { return place + "/redis-server" }
        }
        throw ServerError("no redis-server in /usr/bin or PATH; install redis-server")
    }
}
