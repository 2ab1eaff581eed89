@testable import Command
import EventLoop
import Foundation
import Postgres
import PrivateServers
import Sandbox
import Store
import Testing
import TestSupport

/// scripts/backup and scripts/restore, as docs/operations.md tells people to use them.
@Suite struct BackupTests {
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts")

    /// What it said where it fails, nil where it does what it is to do.
    private func run(_ script: String, _ file: URL, _ store: String) -> String? {
        let program = Self.scripts.appendingPathComponent(script).path
        do {
            try Child.run(["/usr/bin/env", "DATABASE_URL=\(store)", program, file.path], log: file.path + ".log")
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func value(_ store: String, _ sql: String, _ loop: Loop) throws -> String {
        try loop.runBlocking { loop in
            let connection = try await PostgresConnection.connect(try PostgresConfiguration(store), on: loop)
            defer { connection.close() }
            return try await connection.query(SQL(stringLiteral: sql)).only().string(0)
        }
    }

    @Test func aCopyThatIsMadeWhileTheServiceWritesIsWhole() throws {
        var configuration = Sandbox.Configuration()
        configuration.seed = 5
        configuration.quota = 100_000
        let store = try TestServers.postgres()
        let nodes = ["CHILOE________220", "DALCAHUE______110"]
        let extra = ["SIP_RATE_LIMIT": "100000/PT1H", "DATABASE_URL": store]
        let directory = URL(fileURLWithPath: try TestServers.ownDirectory())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let copy = directory.appendingPathComponent("gapless.dump")
        let clock = "2025-12-15T12:00:00-03:00"
        var source: ServiceUnderTest? = try ServiceUnderTest(configuration, clock: clock, nodes: nodes, extra: extra)
        defer { source?.stop() }
        let service = try #require(source)
        #expect(try service.ingest(#"{"dataset":"cmg","from":"2025-12-12","to":"2025-12-13"}"#)["status"] as? String == "completed")
        // A long one is under way when the copy is made.
        let job = try service.post("/v1/ingestions", #"{"dataset":"cmg","from":"2025-11-01","to":"2025-12-12"}"#)
        let id = try #require(job["id"] as? String)
        #expect(run("backup", copy, store) == nil)
        let mode = try #require(try FileManager.default.attributesOfItem(atPath: copy.path)[.posixPermissions] as? Int)
        #expect(mode == 0o600)
        let whole = try service.follow("/v1/ingestions/\(id)")
        #expect(whole["status"] as? String == "completed")
        let rows = try value(store, "select count(*)::text from cmg_quarters", service.client)
        service.stop()
        source = nil

        let fresh = try TestServers.postgres()
        #expect(run("restore", copy, fresh) == nil)
        // Twice is refused: nothing is overwritten.
        #expect(run("restore", copy, fresh)?.contains("not empty") == true)

        // The imitated upstream has another port by then; a real one has the same address.
        let client = try Loop(name: "restored")
        defer { client.stop() }
        _ = try value(fresh, "with gone as (delete from upstream_origins returning 1) select count(*)::text from gone", client)
        // The service goes on from there: tasks that were held are taken up at once.
        let other = try ServiceUnderTest(configuration, clock: clock, nodes: nodes, extra: extra.merging(["DATABASE_URL": fresh]) { $1 })
        defer { other.stop() }
        let identity = "select id::text from store_identity"
        #expect(try value(fresh, identity, other.client) != value(store, identity, other.client))
        #expect(try other.follow("/v1/ingestions/\(id)")["status"] as? String == "completed")
        #expect(try value(fresh, "select count(*)::text from cmg_quarters", other.client) == rows)
        try AttachedStore.with(other.settings, Log(level: .error, format: .text)) { attached in
            let report = try #require(try VerifyCommand.reports(attached, of: "cmg", repair: false).first)
            #expect(report.verification.findings.isEmpty, "\(VerifyText.lines(report))")
        }
        let report = try other.json("/v1/cmg/completeness?from=2025-11-01&to=2025-12-13")
        #expect(count(report, "missing") == 0 && count(report, "present") == count(report, "expected"))
    }
}
