@testable import Command
import EventLoop
import Sandbox
import Testing
import TestSupport

/// What the health check of a container sees, that of a process without a port among them.
@Suite struct HealthTests {
    @Test func aWorkerIsSeenInItsStoreAndNoOther() throws {
        let loop = try Loop(name: "health")
        defer { loop.stop() }
        let elsewhere = try Settings(SettingsReader(values: ["DATABASE_URL": try TestServers.postgres()]))
        #expect(try !HealthCommand.sessions(of: "worker", elsewhere, loop).isWell)

        let service = try ServiceUnderTest(Sandbox.Configuration(), clock: "2025-12-15T12:00:00-03:00", nodes: ["CHILOE________220"])
        defer { service.stop() }
        // It looks for work as soon as its loop runs.
        var asked = 0
        while try !HealthCommand.sessions(of: "worker", service.settings, loop).isWell, asked < 1000 { asked += 1 }
        #expect(try HealthCommand.sessions(of: "worker", service.settings, loop).isWell)
        #expect(try !HealthCommand.sessions(of: "worker", elsewhere, loop).isWell)
    }

    @Test func aWorkerWithoutANamedStoreCannotBeAsked() throws {
        let loop = try Loop(name: "health")
        defer { loop.stop() }
        let settings = try Settings(SettingsReader(values: [:]))
        #expect(throws: SettingError.self) { try HealthCommand.sessions(of: "worker", settings, loop) }
    }

    @Test func whoListensEverywhereIsAskedOnLoopback() {
        #expect(HealthCommand.reachable("0.0.0.0") == "127.0.0.1")
        #expect(HealthCommand.reachable("::") == "::1")
        #expect(HealthCommand.reachable("10.1.2.3") == "10.1.2.3")
    }

    /// Postgres keeps 63 bytes of it; a longer one would not be found again.
    @Test func theSessionsNameIsKeptWhole() {
        let name = WorkingUnit.sessionName(role: "worker")
        #expect(name.hasPrefix("gapless worker") && name.utf8.count <= 63)
    }
}
