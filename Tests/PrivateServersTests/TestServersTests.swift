import Foundation
import Testing

@testable import PrivateServers
import TestSupport

/// That what all other tests stand on gives each its own.
@Suite struct TestServersTests {
    @Test func everyDatabaseIsFreshAndOfOneServer() throws {
        let first = try TestServers.postgres()
        let second = try TestServers.postgres()
        #expect(first != second)
        let out = try TestServers.ownDirectory() + ".out"
        for conninfo in [first, second] {
            try Child.run(["/usr/bin/psql", conninfo, "-XAtqc", "CREATE TABLE t (n int); SELECT pg_postmaster_start_time()"], log: out)
        }
        let starts = try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
        #expect(starts.count == 2 && starts[0] == starts[1])
    }

    @Test func redisIsSharedAndOwnOnesAreNot() throws {
        #expect(try TestServers.redis() == TestServers.redis())
        let own = try TestServers.ownRedis()
        defer { own.stop() }
        #expect(try own.socket != TestServers.redis())
        #expect(own.process != nil)
    }
}
