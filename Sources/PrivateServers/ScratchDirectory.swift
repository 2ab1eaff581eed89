internal import Glibc

/// A directory for servers that live as long as their process: tests, benchmarks. It is locked while its process lives,
/// so that what a killed process left behind can be told from what is in use, and be removed with its servers.
package final class ScratchDirectory: Sendable {
    package let path: String
    private let lock: DirectoryLock

    private static let prefix = "gapless-scratch-"

    /// A new one under /tmp, after the abandoned ones there were removed.
    package static func make() throws -> ScratchDirectory {
        for name in Files.names(in: "/tmp") where name.hasPrefix(prefix) {
            let path = "/tmp/" + name
            guard let facts = Files.facts(path), facts.isDirectory, facts.owner == geteuid() else { continue }
            try? ScratchDirectory(path).removeIfAlone()
        }
        var template = Array("/tmp/\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Files.failure("/tmp", "mkdtemp") }
        let made = try ScratchDirectory(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        chmod(made.path, 0o711) // where we are root, the servers are somebody else and have to get through
        guard made.lock.tryExclusive() else { throw ServerError("\(made.path): somebody else locked it at once") }
        return made
    }

    private init(_ path: String) throws {
        self.path = path
        lock = try DirectoryLock(path + "/in-use")
    }

    private func removeIfAlone() {
        if lock.tryExclusive() { remove() }
    }

    /// Ends every server that lives in the directory, or in a runtime directory of one in it, and removes them all.
    package func remove() {
        let homes = [path] + Files.names(in: path).map { path + "/" + $0 }.filter { Files.facts($0)?.isDirectory == true }
        for home in homes {
            if let cluster = try? PostgresCluster(in: home, options: .init()) {
                try? cluster.clearOrphans()
                Files.remove(cluster.runtime)
            }
            if let cache = try? RedisCache(in: home, options: .init()) {
                try? cache.clearOrphans()
                Files.remove(cache.home)
            }
        }
        Files.remove(path)
    }
}
