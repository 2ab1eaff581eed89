import Foundation
import HTTP
import Sandbox
import Testing

/// The service against an upstream that misbehaves: what the upstream had is what the store has, and nothing else.
@Suite struct FaultTests {
    private static let nodes = ["DALCAHUE______110", "CHILOE________220"]

    private func service(
        retries: Int = 8, _ configure: (inout Sandbox.Configuration) -> Void = { _ in }
    ) throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.seed = 7
        configuration.quota = 100_000
        configure(&configuration)
        return try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: Self.nodes,
            extra: ["SIP_RATE_LIMIT": "100000/PT1H", "MAX_RETRIES": "\(retries)"])
    }

    private let selection = #"{"dataset":"cmg","from":"2025-12-08","to":"2025-12-13"}"#

    @Test func aFilterThatIsIgnoredChangesThePlanToScans() throws {
        let service = try service()
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"filter":"ignored"}"#).status == 200)
        let job = try service.ingest(selection)
        #expect(job["status"] as? String == "completed", "\(job)")
        let id = try #require(job["id"] as? String)
        let tasks = try #require(try service.json("/v1/ingestions/\(id)/tasks")["data"] as? [[String: Any]])
        let shapes = Set(tasks.compactMap { $0["shape"] as? String })
        #expect(shapes == ["online-node", "online-scan"])
        try compareWithTruth(service)
        // It is remembered: the next plan does not ask the filter again.
        let plan = try service.post("/v1/plans", #"{"dataset":"cmg","from":"2025-12-01","to":"2025-12-02"}"#)
        let calls = try #require(plan["calls"] as? [[String: Any]])
        #expect(Set(calls.compactMap { $0["shape"] as? String }) == ["online-scan"])
    }

    @Test(arguments: [
        #"{"emptyPageRate":0.4}"#, #"{"error502Rate":0.3,"error500Rate":0.1}"#, #"{"cutBodyRate":0.3}"#, #"{"decimalComma":true}"#,
        #"{"emptyPageRate":0.2,"error502Rate":0.2,"cutBodyRate":0.1,"decimalComma":true,"filter":"ignored"}"#,
    ])
    func whateverGoesWrongTheStoreIsTheTruth(faults: String) throws {
        let service = try service()
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", faults).status == 200)
        var status = ""
        // What stayed missing is asked for again; nothing that came is lost or wrong meanwhile.
        for _ in 0..<6 where status != "completed" {
            status = try #require(try service.ingest(selection)["status"] as? String)
            try compareWithTruth(service, mayLack: status != "completed")
        }
        #expect(status == "completed")
    }

    @Test func aBadKeyFailsAtOnceAndSaysSo() throws {
        let service = try service { $0.keys = ["another"] }
        defer { service.stop() }
        let job = try service.ingest(selection)
        #expect(job["status"] as? String == "failed")
        #expect(try calls(service).count <= Self.nodes.count, "a refusal is not asked for again")
    }

    @Test func aRefreshThatBroughtNothingIsNoSuccessAndTakesNothingAway() throws {
        let service = try service(retries: 0)
        defer { service.stop() }
        #expect(try service.ingest(selection)["status"] as? String == "completed")
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"error502Rate":1}"#).status == 200)
        let job = try service.ingest(#"{"dataset":"cmg","from":"2025-12-08","to":"2025-12-13","mode":"refresh"}"#)
        #expect(job["status"] as? String == "failed")
        #expect((job["error"] as? String)?.contains("502") == true)
        try compareWithTruth(service)
    }

    @Test func afterRefusalsForTheQuotaOneRequestGoesFirstAndTheJobIsDone() throws {
        let service = try service()
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"throttle":{"perHour":0}}"#).status == 200)
        let job = try service.post("/v1/ingestions", selection)
        let id = try #require(job["id"] as? String)
        while try calls(service).count < 4 {}
        // Two calls were let go at once and refused; after that, one request a rest.
        #expect(try service.upstream("DELETE", "/_sandbox/faults").status == 200)
        #expect(try service.follow("/v1/ingestions/\(id)")["status"] as? String == "completed")
        try compareWithTruth(service)
    }

    /// One day of the range is answered with an error for ever: the others must not suffer from it.
    @Test func aLostDayLosesNoOther() throws {
        let service = try service(retries: 1)
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"lostDays":["2025-12-10"]}"#).status == 200)
        let job = try service.ingest(selection)
        #expect(job["status"] as? String == "partial", "\(job)")
        let report = try service.json("/v1/cmg/completeness?from=2025-12-08&to=2025-12-13")
        #expect(count(report, "missing") == 24 * Self.nodes.count && count(report, "present") == 4 * 24 * Self.nodes.count, "\(report)")
        try compareWithTruth(service, mayLack: true)
        #expect(try service.upstream("DELETE", "/_sandbox/faults").status == 200)
        #expect(try service.ingest(selection)["status"] as? String == "completed")
        try compareWithTruth(service)
    }

    /// A filter that is refused as if the quota were spent.
    @Test func aFilterThatIsRefusedIsNotTakenForTheQuota() throws {
        let service = try service(retries: 1)
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"filter":"429"}"#).status == 200)
        #expect(try service.ingest(selection)["status"] as? String == "completed")
        try compareWithTruth(service)
    }

    private func calls(_ service: ServiceUnderTest) throws -> [Any] {
        let log = try JSONSerialization.jsonObject(with: Data(try service.upstream("GET", "/_sandbox/calls").body))
        return try #require(log as? [Any] ?? (log as? [String: Any])?["calls"] as? [Any])
    }

    /// Every stored quarter is the upstream's, and every one that the upstream has is stored.
    private func compareWithTruth(_ service: ServiceUnderTest, mayLack: Bool = false) throws {
        for node in Self.nodes {
            let truth = try service.upstream("GET", "/_sandbox/truth?node=\(node)&from=2025-12-08&to=2025-12-13").text
            var expected: [String: Decimal] = [:]
            for line in truth.split(separator: "\n") {
                let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                guard row["fate"] as? String == "served" else { continue }
                let usd = try #require(line.firstMatch(of: /"usd":"?([-0-9.]+)/)).1
                expected[try #require(row["at"] as? String)] = Decimal(string: String(usd))
            }
            let answer = try service.json("/v1/cmg/history?node=\(node)&source=online&from=2025-12-08&to=2025-12-13&resolution=PT15M")
            var stored: [String: Decimal] = [:]
            for row in try #require(answer["data"] as? [[String: Any]]) {
                let at = try #require(row["datetime"] as? String)
                let value = try #require(row["cmg_value"] as? NSNumber).decimalValue
                #expect(stored.updateValue(value, forKey: at) == nil)
                let truth = try #require(expected[at], "\(node) \(at) is not the upstream's")
                #expect(abs(truth - value) < Decimal(sign: .plus, exponent: -10, significand: 1))
            }
            if !mayLack { #expect(stored.count == expected.count) }
        }
    }
}
