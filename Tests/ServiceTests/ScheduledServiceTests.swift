import Bytes
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing

/// The whole service left to itself, by a clock that is fast.
@Suite struct ScheduledServiceTests {
    /// Across the night of 23 hours: an hour passes in a second.
    @Test func leftToItselfItKeepsItsDaysComplete() throws {
        var configuration = Sandbox.Configuration()
        configuration.quota = 1_000_000
        configuration.clockSpeed = 3600
        let clock = "2025-09-06T01:30:00-04:00"
        let service = try ServiceUnderTest(
            configuration, clock: clock, nodes: ["DALCAHUE______110", "CHILOE________220"],
            extra: ["GAPLESS_SCHEDULES": "on", "GAPLESS_CLOCK": clock + "@3600", "SIP_RATE_LIMIT": "1000000/PT1H"])
        defer { service.stop() }
        func schedules() throws -> [String: [String: Any]] {
            let dataset = try service.json("/v1/datasets/cmg")
            let rows = try #require(dataset["schedules"] as? [[String: Any]])
            #expect(dataset["next_run"] as? String == rows.compactMap { $0["next_run"] as? String }.min { instant($0) < instant($1) })
            return Dictionary(uniqueKeysWithValues: rows.compactMap { row in (row["name"] as? String).map { ($0, row) } })
        }
        #expect(try schedules().keys.sorted() == ["check", "corrections", "fresh", "nightly"])
        // The second night's run lies behind the night in which there was no midnight.
        let second = try Timestamp.parse("2025-09-07T03:00:00-03:00")
        try service.until("the second night") { try instant(schedules()["nightly"]?["last_run"] as? String) >= second }
        let rows = try schedules()
        #expect(rows["nightly"]?["when"] as? String == "03:00 America/Santiago")
        let nightly = try #require(rows["nightly"]?["last_ingestion"] as? String)
        _ = try service.follow("/v1/ingestions/\(nightly)")
        // The horizon's closed days are whole without anybody's having asked.
        try service.until("no hour is missing of the days before") {
            let report = try service.json("/v1/cmg/completeness?from=2025-08-10&to=2025-09-07")
            return report["missing"] as? Int == 0
        }
        let mine = try service.json("/v1/ingestions?limit=200")
        let filed = try #require(mine["data"] as? [[String: Any]])
        #expect(Set(filed.compactMap { $0["requested_by"] as? String }).isSubset(of: [
            "schedule nightly", "schedule check", "schedule fresh", "schedule corrections",
        ]))
        // One at once, since the store is new, and one a night: the clock goes on, so the nights are counted behind it.
        let next = try Timestamp.parse(try #require(try schedules()["nightly"]?["next_run"] as? String))
        let nights = Int((next - (try Timestamp.parse("2025-09-06T03:00:00-04:00")) + 3600) / 86_400)
        #expect(nights >= 2)
        #expect(filed.filter { $0["requested_by"] as? String == "schedule nightly" }.count <= 1 + nights)
    }

    private func instant(_ text: String?) -> Int64 { text.flatMap { try? Timestamp.parse($0) } ?? .min }
}

extension ServiceUnderTest {
    func until(_ what: String, _ isSo: () throws -> Bool) throws {
        let limit = Deadline.after(.seconds(180))
        while try !isSo() {
            if Deadline.now > limit { throw Timeout() }
            try client.runBlocking { loop in try await loop.sleep(for: .milliseconds(100)) }
        }
    }
}
