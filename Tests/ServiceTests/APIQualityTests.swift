import Answers
import Bytes
@testable import Command
import EventLoop
import Foundation
import HTTP
import Series
import Store
import Testing

/// `/quality`, and what other resources say of it.
@Suite struct APIQualityTests {
    private static let path = "/v1/quarters/quality"
    private static let rules = QualityRules(
        checks: [
            .init("schema", weight: 1, "Is it a record at all?"), .init("range", weight: 1, "Is the price what a price can be?"),
            .init("jump", weight: 0.2, "Is it near the one before?"),
        ],
        refusals: ["price is above 1000": "range"])

    /// Three jobs: one of a/online and b/online that is good, one of a/online that is refused, and one of a/online that is odd.
    private static func prepared(
        rules: QualityRules? = APIQualityTests.rules, _ body: @escaping @Sendable (APIUnderTest) async throws -> Void
    ) async throws {
        try await APIUnderTest.with(try Quarters.dataset(quality: rules), now: APIUnderTest.now) { api in
            let (a, b) = (try #require(api.held.ids["a/online"]), try #require(api.held.ids["b/online"]))
            let first = try Timestamp.parse("2025-12-01T00:00:00-03:00")
            func row(_ id: Int, _ quarter: Int64) -> StoredRow {
                StoredRow(seriesID: id, time: first + quarter * 900, values: [.decimal(Quarters.price(at: first + quarter * 900)), .null])
            }
            func refusal(_ quarter: Int64, _ reason: String) -> QuarantinedRecord {
                QuarantinedRecord(reason: reason, record: "\(first + quarter * 900) 2000.5", series: 0, time: first + quarter * 900)
            }
            let day = LocalDate("2025-12-01")!.daysSince1970
            try await api.held.finish(
                (0..<6).map { row(a, $0) } + [row(b, 0)], [a, b], days: day..<day + 1, askedAt: nil, now: first + 90_000)
            try await api.held.finish(
                [], [a], days: day..<day + 1, askedAt: nil, now: first + 95_000,
                refused: [refusal(6, "price is above 1000"), refusal(7, "an old rule")])
            try await api.held.finish([row(a, 0)], [a], days: day..<day + 1, askedAt: nil, now: first + 99_000, marks: [a: ["jump": 1]])
            try await api.held.reader.readVersions()
            try await body(api)
        }
    }

    private static func entries(_ api: APIUnderTest, _ query: String = "") async throws -> [[String: Any]] {
        try #require(try await api.object("\(path)?\(query)")["data"] as? [[String: Any]])
    }

    @Test func theListHasTheRulesAndTheNewestFirst() async throws {
        try await Self.prepared { api in
            let list = try await api.object(Self.path)
            #expect(list["dataset"] as? String == "quarters" && list["gate"] as? Double == 0.8 && list["next_cursor"] is NSNull)
            let checks = try #require(list["checks"] as? [[String: Any]])
            #expect(checks.map { $0["name"] as? String } == ["schema", "range", "jump"] && checks[2]["weight"] as? Double == 0.2)
            #expect(checks[0]["meaning"] as? String == "Is it a record at all?")
            let data = try #require(list["data"] as? [[String: Any]])
            #expect(data.map { $0["score"] as? Double } == [0.8, 0, 1, 1])
            #expect(data.map { $0["below_gate"] as? Bool } == [false, true, false, false])
            let worst = data[1]
            #expect(Set(worst.keys) == ["ingestion_id", "node", "source", "score", "below_gate", "records", "failed", "at"])
            #expect(worst["node"] as? String == "a" && worst["source"] as? String == "online" && worst["records"] as? Int == 2)
            #expect(worst["failed"] as? [String: Int] == ["range": 1, "schema": 1] && worst["at"] as? String == "2025-12-02T02:23:20-03:00")

            for (query, count) in [
                ("below_gate=true", 1), ("below_gate=false", 3), ("node=b", 1), ("node=a&source=online", 3), ("source=real", 0),
                ("ingestion_id=\(worst["ingestion_id"] as? String ?? "")", 1), ("limit=3", 3),
            ] {
                #expect(try await Self.entries(api, query).count == count, "\(query)")
            }
            var seen: [String] = []
            var next: String? = "\(Self.path)?limit=3"
            while let target = next {
                let page = try await api.object(target)
                seen += (page["data"] as? [[String: Any]] ?? []).map { "\($0["ingestion_id"] ?? "") \($0["node"] ?? "")" }
                next = (page["next_cursor"] as? String).map { "\(Self.path)?limit=3&cursor=\($0)" }
            }
            #expect(seen == data.map { "\($0["ingestion_id"] ?? "") \($0["node"] ?? "")" })

            let csv = try await api.get("\(Self.path)?format=csv&below_gate=true")
            #expect(csv.header("Content-Type") == "text/csv; charset=utf-8; header=present")
            let id = worst["ingestion_id"] as? String ?? ""
            #expect(csv.text == "ingestion_id,node,source,score,below_gate,records,failed_schema,failed_range,failed_jump,at\r\n"
                + "\(id),a,online,0.0,true,2,1,1,0,2025-12-02T02:23:20-03:00\r\n")
            let lines = try await api.get(Self.path, [("Accept", "application/x-ndjson")]).text.split(separator: "\n")
            #expect(lines.count == 4 && lines.allSatisfy { $0.hasPrefix("{\"ingestion_id\":") })
        }
    }

    @Test func whatIsNoList() async throws {
        try await Self.prepared { api in
            for (query, status) in [
                ("below_gate=yes", 400), ("node=z", 404), ("nod=a", 400), ("cursor=zz", 400), ("limit=0", 400), ("format=xml", 406),
                ("from=2025-12-02", 400), ("ingestion_id=17", 404), ("ingestion_id=00000000-0000-4000-8000-000000000000", 404),
            ] {
                let answer = try await api.get("\(Self.path)?\(query)")
                #expect(answer.status == status, "\(query)")
            }
            let nowhere = try await api.get("/v1/none/quality")
            #expect(nowhere.status == 404)
        }
    }

    @Test func aDatasetWithoutRulesHasAnEmptyList() async throws {
        try await Self.prepared(rules: nil) { api in
            let answer = try await api.get(Self.path)
            #expect(answer.text == #"{"dataset":"quarters","gate":null,"checks":[],"data":[],"next_cursor":null}"#)
            let series = try #require(try await api.object("/v1/quarters/series?node=a")["data"] as? [[String: Any]])
            #expect(series.allSatisfy { $0["quality"] is NSNull })
        }
    }

    @Test func seriesAndJobsSayHowGoodTheirRecordsWere() async throws {
        try await Self.prepared { api in
            func series() async throws -> [String: Any]? {
                let data = try await api.object("/v1/quarters/series?node=a")["data"] as? [[String: Any]]
                #expect(data?.first { $0["source"] as? String == "real" }?["quality"] is NSNull)
                return data?.first { $0["source"] as? String == "online" }?["quality"] as? [String: Any]
            }
            let entries = try await Self.entries(api)
            let quality = try #require(try await series())
            #expect(Set(quality.keys) == ["score", "below_gate", "ingestion_id", "at"] && quality["score"] as? Double == 0.8)
            #expect(quality["ingestion_id"] as? String == entries[0]["ingestion_id"] as? String)

            let id = try #require(entries[1]["ingestion_id"] as? String)
            let job = try #require(try await api.object("/v1/ingestions/\(id)")["quality"] as? [String: Any])
            #expect(job["series"] as? Int == 1 && job["below_gate"] as? Int == 1 && job["lowest"] as? Double == 0)
            #expect(job["lowest_series"] as? [String: String] == ["node": "a", "source": "online"])
            let jobs = try #require(try await api.object("/v1/ingestions")["data"] as? [[String: Any]])
            #expect(jobs.map { ($0["quality"] as? [String: Any])?["below_gate"] as? Int } == [0, 1, 0])

            // A call that changes nothing but a score.
            let a = try #require(api.held.ids["a/online"])
            let nameless = QuarantinedRecord(reason: "price is above 1000", record: "?", series: 0)
            try await api.held.finish([], [a], days: 0..<1, askedAt: nil, now: api.held.clock.now, refused: [nameless])
            try await api.held.reader.readVersions()
            #expect(try await series()?["score"] as? Double == 0)
        }
    }

    @Test func metricsTellOfTheLatestScores() async throws {
        try await ReaderUnderTest.with(try Quarters.dataset(quality: Self.rules), now: APIUnderTest.now) { loop, held in
            let sampler = StoreSampler(on: loop, store: held.store, datasets: [held.dataset], clock: held.clock)
            let nameless = QuarantinedRecord(reason: "price is above 1000", record: "?", series: 0)
            try await held.refuse("a/online", [nameless], days: 0..<1)
            try await held.fill("b/online", "2025-12-01T00:00:00-03:00", "2025-12-01T01:00:00-03:00")
            var text = MetricsText()
            text.store(await sampler.read())
            let lines = text.text.split(separator: "\n")
            #expect(lines.contains(#"gapless_quality_below_gate{dataset="quarters"} 1"#))
            #expect(lines.contains { $0.hasPrefix(#"gapless_quality_score_min{dataset="quarters"} 0"#) })
        }
    }
}
