import Bytes
import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The recorded bus-days, the doubled scan and the recorded programmes, through the whole service, held against the files themselves.
@Suite struct RecordedSourcesTests {
    private static let directory = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"].map { $0 + "/cmg" }

    private static func withService(
        _ name: String, clock: String, nodes: [String], sources: String,
        change: (inout Sandbox.Configuration, String) -> Void = { $0.recording = $1 }, _ body: (ServiceUnderTest, String) throws -> Void
    ) throws {
        guard let directory else {
            print("\n*** SKIPPED: GAPLESS_REAL_DATA is unset, so \(name) not loaded ***\n")
            return
        }
        var configuration = Sandbox.Configuration()
        change(&configuration, directory)
        let service = try ServiceUnderTest(configuration, clock: clock, nodes: nodes, extra: ["CMG_SOURCES": sources])
        defer { service.stop() }
        try body(service, directory)
    }

    /// Hours by `2025-04-05T13:00-03:00`-like instants, as text of the stored digits.
    private static func history(_ service: ServiceUnderTest, _ query: String) throws -> [String: String] {
        let csv = try service.get("/v1/cmg/history?format=csv&\(query)")
        #expect(csv.status == 200, "\(csv.text)")
        var lines = csv.text.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let header = lines.removeFirst()
        let (time, value) = (try #require(header.firstIndex(of: "datetime")), try #require(header.firstIndex(of: "cmg_value")))
        var found: [String: String] = [:]
        for line in lines { #expect(found.updateValue(line[value], forKey: line[time]) == nil, "\(line[time]) twice") }
        return found
    }

    private static func gaps(_ service: ServiceUnderTest, _ query: String) throws -> [String] {
        let gaps = try #require(try service.json("/v1/cmg/gaps?\(query)")["data"] as? [[String: Any]])
        return gaps.map { "\($0["from"] ?? "") \($0["slots"] ?? "") \($0["state"] ?? "") \($0["reason"] ?? "")" }.sorted()
    }

    // MARK: The two odd days

    private struct Page: Decodable {
        struct Record: Decodable {
            let hra: Int
            let min: Int
            let cmg_usd_mwh_: Double
        }

        let data: [Record]

        init(_ path: String) throws {
            let bytes = try Data(contentsOf: URL(filePath: path))
            data = try (try? JSONDecoder().decode([Record].self, from: bytes))
                ?? (JSONDecoder().decode([String: [Record]].self, from: bytes)["data"] ?? [])
        }

        private enum CodingKeys: CodingKey { case data }

        /// The mean of an hour's four quarters, in ten-millionths: values have five decimals, so that it is exact.
        func mean(_ hour: Int) -> String {
            let quarters = data.filter { $0.hra == hour }.map { Int(($0.cmg_usd_mwh_ * 100_000).rounded()) }
            precondition(quarters.count == 4)
            return RecordedSourcesTests.text(quarters.reduce(0, +) * 25)
        }
    }

    /// Ten-millionths as the shortest decimal.
    private static func text(_ units: Int) -> String {
        var text = "\(units / 10_000_000)." + String(String(10_000_000 + units % 10_000_000).dropFirst())
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    private static let node = "A.BLANCAS_____013"

    @Test func theDayOf25Hours() throws {
        try Self.withService(
            "the bus-day of 25 hours", clock: "2025-12-20T12:00:00-03:00", nodes: [Self.node], sources: "real"
        ) { service, files in
            let job = try service.ingest(#"{"dataset":"cmg","from":"2025-04-05","to":"2025-04-06"}"#)
            #expect(job["status"] as? String == "completed", "\(job)")
            let page = try Page(files + "/raw_api/api_A.BLANCAS_____013_2025-04-05.json")
            #expect(page.data.count == 96)
            var expected: [String: String] = [:]
            for hour in 0..<22 { expected[String(format: "2025-04-05T%02d:00:00-03:00", hour)] = page.mean(hour) }
            // The second 23:00 overwrote the first; what stands under 22 is found nowhere else.
            expected["2025-04-05T23:00:00-04:00"] = page.mean(23)
            #expect(try Self.history(service, "source=real&from=2025-04-05&to=2025-04-06") == expected)
            let report = try service.json("/v1/cmg/completeness?from=2025-04-05&to=2025-04-06")
            #expect(count(report, "slots") == 25 && count(report, "absent") == 2 && count(report, "present") == 23)
            #expect(try Self.gaps(service, "from=2025-04-05&to=2025-04-06") == [
                "2025-04-05T22:00:00-03:00 1 absent foreign_values", "2025-04-05T23:00:00-03:00 1 absent overwritten",
            ])
            // Neither will ever come, so neither is asked for again.
            let gaps = try #require(try service.json("/v1/cmg/gaps?from=2025-04-05&to=2025-04-06")["data"] as? [[String: Any]])
            #expect(gaps.allSatisfy { $0["next_ask"] is NSNull }, "\(gaps)")
        }
    }

    @Test func theDayOf23Hours() throws {
        try Self.withService(
            "the bus-day of 23 hours", clock: "2025-12-20T12:00:00-03:00", nodes: [Self.node], sources: "real"
        ) { service, files in
            let job = try service.ingest(#"{"dataset":"cmg","from":"2025-09-07","to":"2025-09-08"}"#)
            #expect(job["status"] as? String == "completed", "\(job)")
            let page = try Page(files + "/raw_api/api_A.BLANCAS_____013_2025-09-07.json")
            #expect(page.data.count == 96 && page.data.filter { $0.hra == 0 }.allSatisfy { $0.cmg_usd_mwh_ == 0 })
            // Hour 0 never was: its four zeros are refused.
            let expected = (1..<24).map { (String(format: "2025-09-07T%02d:00:00-03:00", $0), page.mean($0)) }
            #expect(try Self.history(service, "source=real&from=2025-09-07&to=2025-09-08") == Dictionary(uniqueKeysWithValues: expected))
            let report = try service.json("/v1/cmg/completeness?from=2025-09-07&to=2025-09-08")
            #expect(count(report, "slots") == 23 && count(report, "present") == 23 && count(report, "absent") == 0)
        }
    }

    // MARK: The scan in which rows came twice and others never

    private struct Scan: Decodable {
        struct Record: Decodable, Hashable {
            let date: String
            let hour: Int
            let node: String
            let cmg_usd: Double
        }

        let data: [Record]
    }

    @Test func theDoubledScan() throws {
        let file = "/pudidi/originals/cmg_historical_latest@68a5c20a4.json"
        let nodes = ["DALCAHUE______110", "NVA_P.MONTT___220", "PIDPID________110"]
        try Self.withService(
            "the doubled scan", clock: "2025-09-01T15:20:00-04:00", nodes: nodes, sources: "online",
            change: { $0.scan = $1 + file }
        ) { service, files in
            let job = try service.ingest(#"{"dataset":"cmg","from":"2025-08-30","to":"2025-09-02"}"#)
            let records = try JSONDecoder().decode(Scan.self, from: Data(contentsOf: URL(filePath: files + file))).data
            #expect(records.count == 500)
            // A row that came twice is the same row: an hour is held where four different ones came.
            let hours = Dictionary(grouping: records) { "\($0.node) \($0.date)T\(String(format: "%02d", $0.hour)):00:00-04:00" }
            var expected: [String: [String: String]] = [:]
            for (place, rows) in hours {
                let different = Set(rows.map { Int(($0.cmg_usd * 100_000).rounded()) })
                guard different.count == 4 else { continue }
                let parts = place.split(separator: " ").map(String.init)
                expected[parts[0], default: [:]][parts[1]] = Self.text(different.reduce(0, +) * 25)
            }
            for node in nodes {
                #expect(try Self.history(service, "node=\(node)&from=2025-08-30&to=2025-09-02") == expected[node] ?? [:], "\(node)")
            }
            // Hour 02 of Dalcahue came with all its rows twice, 03 with three of four twice; of Nueva Puerto Montt 03 came one row.
            #expect(expected["DALCAHUE______110"]?["2025-09-01T02:00:00-04:00"] != nil)
            let holes = try Self.gaps(service, "node=NVA_P.MONTT___220&from=2025-09-01T03:00:00-04:00&to=2025-09-01T04:00:00-04:00")
            #expect(holes.count == 1 && holes[0].hasSuffix("partial 1/4"), "\(holes)")
            #expect(job["status"] as? String != "failed", "\(job)")
            #expect(count(job["records"], "revised") == 0)
        }
    }
}
