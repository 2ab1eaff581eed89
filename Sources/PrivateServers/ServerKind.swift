internal import Glibc

/// What differs between the servers; `PrivateServer` knows the rest.
protocol ServerKind: Sendable {
    var name: String { get }
    /// The server's working directory (proc(5), cwd), by which its processes are known whatever a pid file says.
    var home: String { get }
    var log: String { get }
    var account: Account { get }
    /// What the pid file says, or nil.
    func recordedProcess() -> pid_t?
    /// Whether clients are served by this process.
    func isReady(_ process: pid_t) -> Bool
    /// Before the first start of a life, with nothing running: make what has to exist, clear what is stale.
    func prepare() throws
    var arguments: [String] { get }
    /// Ends it promptly and in good order; clients are cut off.
    var stopSignal: Int32 { get }
    /// Ends it at once, data safe.
    var haltSignal: Int32 { get }
}

extension ServerKind {
    /// The running server, if one is: the pid file's word counts only if that process lives in `home`.
    func runningProcess() -> pid_t? {
        guard let process = recordedProcess(), process > 1, Child.isAlive(process), workingDirectory(of: process) == home
        else { return nil }
        return process
    }

    /// The link is shown to the process's owner and to whom the kernel lets trace it (proc(5), ptrace(2)). Root of a
    /// container often is not let: it then asks as the owner.
    private func workingDirectory(of process: pid_t) -> String? {
        if let link = Files.link("/proc/\(process)/cwd") { return link }
        guard account.isOther, Files.facts("/proc/\(process)")?.owner == account.user else { return nil }
        let answer = log + ".cwd"
        defer { unlink(answer) }
        let command = account.command(["/usr/bin/readlink", "/proc/\(process)/cwd"])
        guard (try? Child.run(command, log: answer)) != nil, let text = Files.text(answer, limit: 8192) else { return nil }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Processes that live in `home`. After a postmaster was killed its backends may outlast it for a while.
    func inhabitants() -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter { workingDirectory(of: $0) == home && Child.isAlive($0) }
    }

    /// Ends what a dead server left behind, gently first: what it holds keeps a new server from starting.
    func clearOrphans() throws {
        for (attempt, signal) in [0, 0, haltSignal, haltSignal, SIGKILL, SIGKILL].enumerated() {
            let left = inhabitants()
            if left.isEmpty { return }
            if signal != 0 { left.forEach { _ = kill($0, signal) } }
            for process in left where !Child.awaitEnd(of: process, seconds: attempt < 2 ? 0.5 : 2) { break }
        }
        if !inhabitants().isEmpty { throw ServerError("\(name): processes of an earlier server will not end: \(inhabitants())") }
    }
}
