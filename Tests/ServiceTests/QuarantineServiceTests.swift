@testable import Command
import Foundation
import HTTP
import Sandbox
import Testing

/// An upstream whose records are spoilt: what is refused is kept, told of, and superseded once it comes right.
@Suite struct QuarantineServiceTests {
    private static let nodes = ["DALCAHUE______110", "CHILOE________220"]
    private static let range = "from=2025-12-08&to=2025-12-11"
    private static let selection = #"{"dataset":"cmg","from":"2025-12-08","to":"2025-12-11"}"#

    private static func differs(_ service: ServiceUnderTest) throws -> Bool {
        var differs = true
        try AttachedStore.with(service.settings, Log(level: .error, format: .text)) { attached in
            differs = try VerifyCommand.reports(attached, of: "cmg", repair: false).contains(where: \.stillDiffers)
        }
        return differs
    }

    @Test(arguments: [#"{"wrongTypeRate":0.05}"#, #"{"dropFieldRate":0.05}"#])
    func whatIsSpoiltIsQuarantinedUntilItComesRight(faults: String) throws {
        var configuration = Sandbox.Configuration()
        configuration.seed = 7
        configuration.quota = 100_000
        let service = try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: Self.nodes,
            extra: ["SIP_RATE_LIMIT": "100000/PT1H", "MAX_RETRIES": "1"])
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", faults).status == 200)
        let job = try service.ingest(Self.selection)
        #expect(job["status"] as? String == "partial", "\(job)")
        let open = try #require(try service.json("/v1/cmg/quarantine?limit=10000")["data"] as? [[String: Any]])
        let placed = open.filter { $0["slot"] is String }
        #expect(!placed.isEmpty && placed.count < open.count)
        #expect(open.allSatisfy { ($0["place"] as? String)?.contains("data[") == true && !($0["reason"] as? String ?? "").isEmpty })
        #expect(placed.allSatisfy { ($0["reason"] as? String)?.contains("cmg_usd_mwh_") == true && $0["node"] is String })
        let slots = Set(placed.map { "\($0["node"] ?? "") \($0["slot"] ?? "")" })
        let report = try service.json("/v1/cmg/completeness?\(Self.range)")
        let quarantined = try #require(count(report, "quarantined"))
        #expect(quarantined > 0 && quarantined <= slots.count)
        #expect(count(report, "absent") == 0)
        let gaps = try #require(try service.json("/v1/cmg/gaps?\(Self.range)&state=quarantined&limit=10000")["data"] as? [[String: Any]])
        #expect(gaps.reduce(0) { $0 + (count($1, "slots") ?? 0) } == quarantined)
        #expect(gaps.allSatisfy { ($0["reason"] as? String)?.contains("cmg_usd_mwh_") == true })
        #expect(try !Self.differs(service))

        #expect(try service.upstream("DELETE", "/_sandbox/faults").status == 200)
        #expect(try service.ingest(Self.selection)["status"] as? String == "completed")
        let after = try service.json("/v1/cmg/completeness?\(Self.range)")
        #expect(count(after, "quarantined") == 0 && count(after, "missing") == 0)
        let left = try #require(try service.json("/v1/cmg/quarantine?limit=10000&from=2025-12-08")["data"] as? [[String: Any]])
        #expect(left.isEmpty)
        let settled = try #require(try service.json("/v1/cmg/quarantine?status=superseded&limit=10000")["data"] as? [[String: Any]])
        #expect(settled.count == placed.count)
        #expect(try !Self.differs(service))
    }
}
