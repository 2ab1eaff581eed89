import Foundation
import Sandbox
import Testing

/// Recorded data of the operator, through every station: the sandbox serves it, the service plans, fetches, stores and
/// answers, and each hour is compared with the recording, read here by other means.
@Suite struct RealInputTests {
    static let nodes = ["DALCAHUE______110", "NVA_P.MONTT___220", "PIDPID________110"]

    @Test func theRecordedHalfYearLoadsExactly() throws {
        guard let directory = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("\n*** SKIPPED: GAPLESS_REAL_DATA is unset, so the recorded half-year was not loaded ***\n")
            return
        }
        var configuration = Sandbox.Configuration()
        configuration.recording = directory + "/cmg"
        let service = try ServiceUnderTest(configuration, clock: "2026-03-09T12:00:00-03:00", nodes: Self.nodes)
        defer { service.stop() }

        let job = try service.ingest(#"{"dataset":"cmg","from":"2025-09-02","to":"2026-03-08"}"#)
        #expect(job["status"] as? String == "completed")
        let report = try service.json("/v1/cmg/completeness?from=2025-09-02&to=2026-03-08")
        // Four hours of three nodes that the recording lacks: the answers were whole, so they are not there.
        #expect(count(report, "absent") == 12)
        #expect(count(report, "expected") == 13_449)
        #expect(count(report, "present") == 13_449)
        #expect(count(report, "missing") == 0)

        try compare(service, with: try Recording(directory + "/cmg/pudidi/cmg_online_hourly_2025-09-02_2026-03-07.jsonl"))
        let gaps = try service.json("/v1/cmg/gaps?from=2025-09-02&to=2026-03-08")
        let holes = try #require(gaps["data"] as? [[String: Any]])
        #expect(holes.map { $0["from"] as? String } == Array(repeating: "2025-12-11T20:00:00-03:00", count: 3))
        #expect(holes.map { $0["slots"] as? Int } == [4, 4, 4])

        // What the upstream has just said that it has not is not asked for again.
        let again = try service.ingest(#"{"dataset":"cmg","from":"2025-09-02","to":"2026-03-08"}"#)
        let requests = (again["progress"] as? [String: Any])?["requests"]
        #expect(count(requests, "done") == 0)
        #expect(count(again["records"], "written") == 0)
    }

    private func compare(_ service: ServiceUnderTest, with recording: Recording) throws {
        for node in Self.nodes {
            let answer = try service.json("/v1/cmg/history?node=\(node)&source=online&from=2025-09-02&to=2026-03-08")
            var stored: [String: Decimal] = [:]
            for row in try #require(answer["data"] as? [[String: Any]]) {
                let time = try #require(row["datetime"] as? String)
                let value = try #require(row["cmg_value"] as? NSNumber)
                #expect(stored.updateValue(value.decimalValue, forKey: String(time.prefix(13))) == nil, "\(node) \(time) twice")
            }
            let expected = recording.hours[node] ?? [:]
            #expect(Set(stored.keys).subtracting(expected.keys).isEmpty, "rows that the recording does not have")
            #expect(Set(expected.keys).subtracting(stored.keys).isEmpty, "rows that are missing")
            // The test's own reader of JSON goes through a binary number.
            let tolerance = Decimal(sign: .plus, exponent: -12, significand: 1)
            let wrong = expected.filter { hour, value in stored[hour].map { abs($0 - value) > tolerance } ?? false }
            #expect(wrong.isEmpty, "\(node): \(wrong.prefix(3))")
        }
    }

    /// The recording by the rules of its provenance page: a mean (`data_points`) gives way to a published value of the same
    /// hour, values have five decimals, and the hour that the clock jumped over on 2025-09-07 is none.
    struct Recording {
        private(set) var hours: [String: [String: Decimal]] = [:]

        init(_ path: String) throws {
            var isMean: [String: Set<String>] = [:]
            for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
                let row = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                let node = try #require(row["node"] as? String)
                let hour = "\(try #require(row["date"] as? String))T\(String(format: "%02d", try #require(row["hour"] as? Int)))"
                let mean = row["data_points"] != nil
                if hour == "2025-09-07T00" { continue }
                if hours[node]?[hour] != nil && mean { continue }
                if hours[node]?[hour] != nil && !(isMean[node]?.contains(hour) ?? false) { continue }
                // From the text: a double on the way would decide ties by its noise.
                let text = try #require(line.firstMatch(of: /"cmg_usd": ([-0-9.eE+]+)/)).1
                var value = try #require(Decimal(string: String(text)))
                var rounded = Decimal()
                NSDecimalRound(&rounded, &value, 5, .bankers)
                hours[node, default: [:]][hour] = rounded
                if mean { isMean[node, default: []].insert(hour) } else { isMean[node]?.remove(hour) }
            }
        }
    }
}
