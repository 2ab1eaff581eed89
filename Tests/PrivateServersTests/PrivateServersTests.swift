import Foundation
import Synchronization
import Testing

@testable import PrivateServers

/// Real servers in scratch directories. What is asserted is state and process identity; waiting is for events.
@Suite struct PrivateServersTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory.make() }

    private var directory: String { scratch.path + "/data" }

    private func query(_ sql: String, _ server: PrivatePostgres) throws -> String {
        let script = scratch.path + "/query.sh"
        let out = scratch.path + "/query.out"
        try? FileManager.default.removeItem(atPath: out)
        try "exec '\(server.binaries)/psql' '\(server.conninfo)' -XAtqc \"\(sql)\"".write(toFile: script, atomically: true, encoding: .utf8)
        try Child.run(["/bin/sh", script], log: out)
        return try String(contentsOfFile: out, encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    @Test func clusterIsMadeOnceAndKept() throws {
        defer { scratch.remove() }
        let first = try PrivatePostgres.start(in: directory)
        #expect(try query("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7); SELECT current_database()", first) == "gapless")
        #expect(try query("SHOW fsync", first) == "on")
        #expect(try query("SHOW server_encoding", first) == "UTF8")
        #expect(try query("SHOW listen_addresses", first) == "")
        let process = try #require(first.process)
        first.stop()
        #expect(!Child.isAlive(process))
        #expect(first.process == nil)

        let second = try PrivatePostgres.start(in: directory)
        defer { second.stop() }
        #expect(try query("SELECT n FROM kept", second) == "7")
    }

    @Test func secondUserAttachesAndTheLastOneStops() throws {
        defer { scratch.remove() }
        let first = try PrivatePostgres.start(in: directory)
        let process = try #require(first.process)
        let second = try PrivatePostgres.start(in: directory)
        #expect(second.process == process)
        #expect(second.conninfo == first.conninfo)
        first.stop()
        #expect(second.process == process, "a server that is in use was stopped")
        second.stop()
        second.stop()
        #expect(!Child.isAlive(process))
    }

    @Test func killedPostmasterIsReplaced() async throws {
        defer { scratch.remove() }
        let server = try PrivatePostgres.start(in: directory)
        defer { server.stop() }
        _ = try query("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)", server)
        let (events, post) = AsyncStream<ServerEvent>.makeStream()
        try server.supervise { post.yield($0) }
        for _ in 0..<2 {
            let process = try #require(server.process)
            kill(process, SIGKILL)
            var seen: [ServerEvent] = []
            for await event in events {
                seen.append(event)
                if event == .restarted(server: "Postgres") { break }
            }
            #expect(seen == [.died(server: "Postgres"), .restarted(server: "Postgres")])
            #expect(server.process != process)
            #expect(try query("SELECT n FROM kept", server) == "7")
        }
    }

    @Test func staleProcessIdOfAnotherProcessIsNoObstacle() throws {
        defer { scratch.remove() }
        let first = try PrivatePostgres.start(in: directory)
        let process = try #require(first.process)
        let file = directory + "/postgres/postmaster.pid"
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        kill(process, SIGKILL)
        #expect(Child.awaitEnd(of: process, seconds: 10))
        // As after a reboot: the number now belongs to some other process, here the parent of this one.
        let claimed = ([Substring(String(getppid()))] + lines.dropFirst()).joined(separator: "\n")
        try claimed.write(toFile: file, atomically: false, encoding: .utf8)
        #expect(first.process == nil)
        first.stop()

        let second = try PrivatePostgres.start(in: directory)
        defer { second.stop() }
        #expect(try query("SELECT 1", second) == "1")
    }

    @Test func foreignDirectoryInPlaceOfTheClusterIsLeftAlone() throws {
        defer { scratch.remove() }
        try FileManager.default.createDirectory(atPath: directory + "/postgres", withIntermediateDirectories: true)
        try "mine".write(toFile: directory + "/postgres/notes", atomically: true, encoding: .utf8)
        let error = #expect(throws: ServerError.self) { try PrivatePostgres.start(in: directory) }
        #expect(error?.description.contains("is no Postgres cluster") == true, "\(String(describing: error))")
        #expect(try String(contentsOfFile: directory + "/postgres/notes", encoding: .utf8) == "mine")
    }

    @Test func childrenInheritNoDescriptorAndNoBlockedSignal() throws {
        defer { scratch.remove() }
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let out = scratch.path + "/out"
        try Child.run(["/bin/sh", "-c", "ls /proc/$$/fd; pwd; exec grep -E '^Sig(Blk|Ign)' /proc/self/status"], log: out)
        let lines = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(Array(lines.prefix(3)) == ["0", "1", "2"])
        #expect(lines.contains("/"))
        #expect(lines.contains { $0.hasPrefix("SigBlk:") && $0.hasSuffix("0000000000000000") })
    }

    @Test func redisRestartsAndStops() async throws {
        defer { scratch.remove() }
        let server = try PrivateRedis.start(in: directory)
        let (events, post) = AsyncStream<ServerEvent>.makeStream()
        try server.supervise { post.yield($0) }
        let process = try #require(server.process)
        kill(process, SIGKILL)
        for await event in events where event == .restarted(server: "Redis") { break }
        let next = try #require(server.process)
        #expect(next != process)
        server.stop()
        #expect(!Child.isAlive(next))
    }

    @Test func abandonedScratchDirectoryIsTakenAwayWithItsServers() throws {
        let process: pid_t
        let path: String
        do {
            let abandoned = try ScratchDirectory.make()
            path = abandoned.path
            process = try #require(try PrivatePostgres.start(in: path + "/data").process)
            // Neither stop() nor remove(): the locks end with the objects, as they do with a killed process.
        }
        let next = try ScratchDirectory.make()
        defer { next.remove() }
        #expect(!Child.isAlive(process))
        #expect(Files.facts(path) == nil)
        scratch.remove()
    }
}
