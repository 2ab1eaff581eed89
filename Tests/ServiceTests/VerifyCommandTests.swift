@testable import Command
import EventLoop
import Foundation
import HTTP
import Postgres
import Sandbox
import Store
import Testing

/// `gapless verify` and refreshes, over a store that the whole service filled.
@Suite struct VerifyCommandTests {
    private static let nodes = ["DALCAHUE______110", "CHILOE________220"]
    private static let days = #""dataset":"cmg","from":"2025-12-08","to":"2025-12-10""#

    private func service(seed: UInt64 = 11) throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.seed = seed
        configuration.quota = 100_000
        return try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: Self.nodes,
            extra: ["SIP_RATE_LIMIT": "100000/PT1H", "MAX_RETRIES": "0"])
    }

    private func run(_ service: ServiceUnderTest, _ sql: String) throws {
        let configuration = service.backing.postgres
        try service.client.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            defer { connection.close() }
            _ = try await connection.script(sql)
        }
    }

    private func verify(_ service: ServiceUnderTest, repair: Bool = false) throws -> VerifyText.Report {
        var reports: [VerifyText.Report] = []
        try AttachedStore.with(service.settings, Log(level: .error, format: .text)) { attached in
            reports = try VerifyCommand.reports(attached, of: "cmg", repair: repair)
        }
        return try #require(reports.first)
    }

    @Test func aPlantedDifferenceIsToldAndMendedAndThenFetched() throws {
        let service = try service()
        defer { service.stop() }
        #expect(try service.ingest("{\(Self.days)}")["status"] as? String == "completed")
        let whole = try verify(service)
        #expect(!whole.stillDiffers)
        #expect(VerifyText.lines(whole) == ["cmg: 2 series, 384 rows: coverage is what the rows say"])

        try run(service, "delete from cmg_quarters where time = '2025-12-08T05:15:00-03:00'")
        let planted = try verify(service)
        #expect(planted.stillDiffers && planted.verification.findings.count == 2)
        let lines = VerifyText.lines(planted)
        #expect(lines.first == "cmg: 2 series, 382 rows: 2 series differ")
        let told = "held without a row  2025-12-08T05:15:00-03:00 to 2025-12-08T05:30:00-03:00  (1 parts)"
        #expect(lines.dropFirst() == ["  CHILOE________220/online  \(told)", "  DALCAHUE______110/online  \(told)"])
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(VerifyText.json([planted]).utf8)) as? [String: Any])
        #expect(json["same"] as? Bool == false)
        let range = #"[{"from":"2025-12-08T05:15:00-03:00","to":"2025-12-08T05:30:00-03:00","parts":1}]"#
        #expect(VerifyText.json([planted]).contains("\"held_without_row\":\(range)"))
        // Looking changes nothing.
        #expect(try verify(service).stillDiffers)

        let mended = try verify(service, repair: true)
        #expect(!mended.stillDiffers && mended.repaired.count == 2)
        #expect(try verify(service).verification.findings.isEmpty)
        // The hole can be seen now, and so it can be filled.
        let job = try service.ingest("{\(Self.days)}")
        #expect(job["status"] as? String == "completed" && count(job["gaps"], "filled") == 2, "\(job)")
        #expect(try verify(service).verification.rows == 384)
    }

    @Test func aRefreshBringsWhatTheUpstreamSaysNowAndNotesWhatWasHeld() throws {
        let service = try service()
        defer { service.stop() }
        #expect(try service.ingest("{\(Self.days)}")["status"] as? String == "completed")
        // What the upstream has corrected since, seen from here: the store has another value.
        try run(service, "update cmg_quarters set usd = usd + 1000 where time = '2025-12-08T05:15:00-03:00'")
        let refresh = "{\(Self.days),\"mode\":\"refresh\"}"
        let job = try service.ingest(refresh)
        #expect(job["status"] as? String == "completed")
        #expect(count(job["records"], "revised") == 2 && count(job["records"], "unchanged") == 382)
        let revisions = try #require(try service.json("/v1/cmg/revisions?from=2025-12-08")["data"] as? [[String: Any]])
        #expect(revisions.count == 2)
        for revision in revisions {
            #expect(revision["datetime"] as? String == "2025-12-08T05:15:00-03:00")
            let (old, new) = (revision["old"] as? [String: Any], revision["new"] as? [String: Any])
            let was = try #require(old?["cmg_value"] as? NSNumber).decimalValue
            let now = try #require(new?["cmg_value"] as? NSNumber).decimalValue
            #expect(abs(was - now - 1000) < Decimal(sign: .plus, exponent: -9, significand: 1))
            #expect((revision["new_call"] as? [String: Any])?["ingestion_id"] as? String == job["id"] as? String)
        }
        // Once more: all is as it was.
        let again = try service.ingest(refresh)
        #expect(count(again["records"], "unchanged") == 384 && count(again["records"], "revised") == 0)
        #expect(try !verify(service).stillDiffers)
    }

    /// One of the days is not answered: what came is compared, what did not come stays as it was.
    @Test func aRefreshThatBreaksOffTakesNothingAway() throws {
        let service = try service(seed: 16)
        defer { service.stop() }
        #expect(try service.ingest("{\(Self.days)}")["status"] as? String == "completed")
        let path = "/v1/cmg/history?from=2025-12-08&to=2025-12-10&resolution=PT15M"
        let before = try service.json(path)
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"lostDays":["2025-12-09"]}"#).status == 200)
        let job = try service.ingest("{\(Self.days),\"mode\":\"refresh\"}")
        #expect(job["status"] as? String == "partial", "\(job)")
        // Each node's call of two days brings the day that is answered, by the narrow question that finds out which one is not;
        // planned anew day by day, that day is fetched and compared once more: 2 nodes, 96 quarters, twice.
        #expect(count(job["records"], "unchanged") == 384, "\(job)")
        let tasks = try #require(try service.json("/v1/ingestions/\(job["id"] ?? "")/tasks")["data"] as? [[String: Any]])
        #expect(tasks.map { count($0["records"], "unchanged") ?? -1 }.sorted() == [0, 0, 96, 96, 96, 96])
        #expect(tasks.prefix(2).allSatisfy { count($0["records"], "unchanged") == 96 }, "the calls of two days were filed first")
        let after = try service.json(path)
        #expect(after["data"] as? NSArray == before["data"] as? NSArray)
        #expect((after["data"] as? [Any])?.count == 384)
        #expect((try service.json("/v1/cmg/revisions")["data"] as? [Any])?.isEmpty == true)
        #expect(try !verify(service).stillDiffers)
    }
}
