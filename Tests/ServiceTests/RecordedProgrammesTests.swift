import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The recorded programmes, through the whole service: of each hour the latest issue is held, the others are its revisions.
@Suite struct RecordedProgrammesTests {
    private static let directory = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"].map { $0 + "/cmg" }

    private static let keys = [
        "ATACAMA_______220": "Atacama220_BP1", "CARDONES______220": "Cardones220", "CHARRUA_______220": "Charrua220",
        "CRUCERO_______220": "Crucero220", "P.AZUCAR______220": "PAzucar220", "P.MONTT_______220": "PMontt220",
        "QUILLOTA______220": "Quillota220", "TARAPACA______220": "Tarapaca220",
    ]

    private func withService(clock: String, source: String, _ body: (ServiceUnderTest, String) throws -> Void) throws {
        guard let directory = Self.directory else {
            print("\n*** SKIPPED: GAPLESS_REAL_DATA is unset, so the recorded programmes were not loaded ***\n")
            return
        }
        var configuration = Sandbox.Configuration()
        configuration.recording = directory
        let service = try ServiceUnderTest(
            configuration, clock: clock, nodes: Self.keys.keys.sorted(), extra: ["CMG_SOURCES": source])
        defer { service.stop() }
        try body(service, directory)
    }

    /// `2025-10-14 00:00:00.000000` as the service writes that hour, summer time throughout.
    private func hour(_ text: some StringProtocol) -> String { "\(text.prefix(10))T\(text.dropFirst(11).prefix(2)):00:00-03:00" }

    private func rows(of path: String) throws -> [[String]] {
        try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    private func stored(_ service: ServiceUnderTest, node: String, _ range: String) throws -> [String: String] {
        let csv = try service.get("/v1/cmg/history?format=csv&node=\(node)&\(range)")
        #expect(csv.status == 200, "\(csv.text)")
        var found: [String: String] = [:]
        for line in csv.text.split(separator: "\r\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            #expect(found.updateValue(fields[4], forKey: fields[0]) == nil, "\(fields[0]) twice")
        }
        return found
    }

    private func number(_ text: String) -> Decimal? { Decimal(string: text) }

    @Test func theDayAheadProgrammes() throws {
        try withService(clock: "2026-03-12T12:00:00-03:00", source: "pcp") { service, files in
            // By key and hour, the issues in the order of their downloads.
            var issues: [String: [String: [Decimal]]] = [:]
            let folder = files + "/portal_programado"
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".csv") }.sorted()
            #expect(names.count == 141)
            for name in names {
                for row in try rows(of: folder + "/" + name) {
                    issues[row[1], default: [:]][hour(row[0]), default: []].append(try #require(number(row[2])))
                }
            }
            let range = "from=2025-10-14&to=2026-03-10"
            let job = try service.ingest(#"{"dataset":"cmg","from":"2025-10-14","to":"2026-03-10"}"#)
            #expect(job["status"] as? String == "completed", "\(job)")
            var superseded = 0
            for (node, key) in Self.keys {
                let recorded = try #require(issues[key])
                let held = try stored(service, node: node, range)
                #expect(held.count == recorded.count, "\(node)")
                let wrong = recorded.filter { hour, values in held[hour].flatMap(number) != values.last }
                #expect(wrong.isEmpty, "\(node): \(wrong.prefix(3))")
                superseded += recorded.values.reduce(0) { $0 + $1.count - 1 }
            }
            // The issues before the last are told, also those that the next one only confirmed.
            var revisions = 0
            var path: String? = "/v1/cmg/revisions?format=json&limit=10000"
            while let next = path {
                let page = try service.json(next)
                let entries = try #require(page["data"] as? [[String: Any]])
                revisions += entries.count
                path = (page["next_cursor"] as? String).map { "/v1/cmg/revisions?format=json&limit=10000&cursor=\($0)" }
            }
            #expect(revisions == superseded && superseded == 52_992)
            // Asked again, nothing is new.
            let again = try service.ingest(#"{"dataset":"cmg","from":"2026-02-01","to":"2026-02-04","mode":"refresh"}"#)
            #expect(again["status"] as? String == "completed", "\(again)")
            #expect(count(again["records"], "written") == 0 && count(again["records"], "revised") == 0, "\(again)")
        }
    }

    @Test func theProgrammesOfTheDay() throws {
        try withService(clock: "2026-02-23T12:00:00-03:00", source: "pid") { service, files in
            let job = try service.ingest(#"{"dataset":"cmg","from":"2026-02-17","to":"2026-02-22"}"#)
            #expect(job["status"] as? String == "completed", "\(job)")
            let all = try rows(of: files + "/pid_api/cmg_programado@528678d.csv")
            #expect(all.count == 960)
            for (node, key) in Self.keys {
                let recorded = Dictionary(uniqueKeysWithValues: all.filter { $0[1] == key }.map { (hour($0[0]), number($0[3])) })
                let held = try stored(service, node: node, "from=2026-02-17&to=2026-02-22")
                // Two of the eight that the portal has are others here.
                #expect(Set(held.keys) == Set(recorded.keys), "\(node)")
                #expect(held.allSatisfy { recorded[$0.key] == number($0.value) }, "\(node)")
            }
        }
    }
}
