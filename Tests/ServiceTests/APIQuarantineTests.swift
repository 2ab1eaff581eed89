import Answers
import Bytes
import Foundation
import HTTP
import Series
import Store
import Testing

/// `/quarantine`: what was refused, and how it is stored after all.
@Suite struct APIQuarantineTests {
    private static let path = "/v1/quarters/quarantine"
    private static let day = "2025-12-01T00:00:00-03:00"
    private static let range = "node=a&source=online&from=2025-12-01&to=2025-12-02"

    /// A day of `a/online` but for three quarters of three hours, whose records were refused: at 01:15, 02:00 and 03:45.
    private static func prepared(_ body: @escaping @Sendable (APIUnderTest) async throws -> Void) async throws {
        try await APIUnderTest.with { api in
            let first = try Timestamp.parse(day)
            let times = [first + 4500, first + 7200, first + 13_500]
            try await api.held.fill("a/online", day, "2025-12-02T00:00:00-03:00", except: Set(times))
            let local = LocalDate("2025-12-01")!.daysSince1970
            try await api.held.refuse("a/online", [
                QuarantinedRecord(reason: "price is above 1000", record: "\(times[0]) 2000.5", series: 0, time: times[0], place: "line 5"),
                QuarantinedRecord(reason: "price is not a number", record: "\(times[1]) x", series: 0, time: times[1], place: "line 8"),
                QuarantinedRecord(reason: "an old rule", record: "\(times[2]) 7", series: 0, time: times[2]),
                QuarantinedRecord(reason: "no series, \"quoted\"", record: "a,b"),
            ], days: local..<local + 1)
            try await api.held.reader.readVersions()
            try await body(api)
        }
    }

    private static func entries(_ api: APIUnderTest, _ query: String = "") async throws -> [[String: Any]] {
        try #require(try await api.object("\(path)?\(query)")["data"] as? [[String: Any]])
    }

    private static func id(_ reason: String, _ api: APIUnderTest) async throws -> Int {
        let entry = try await entries(api, "status=all").first { $0["reason"] as? String == reason }
        return try #require(entry?["id"] as? Int)
    }

    private static func counts(_ api: APIUnderTest) async throws -> [Int?] {
        try await api.held.reader.readVersions()
        let report = try await api.object("/v1/quarters/completeness?\(range)")
        return ["present", "missing", "quarantined"].map { report[$0] as? Int }
    }

    @Test func theListTellsWhyAndFromWhere() async throws {
        try await Self.prepared { api in
            let all = try await Self.entries(api)
            #expect(all.map { $0["reason"] as? String }.sorted { $0! < $1! } == [
                "an old rule", "no series, \"quoted\"", "price is above 1000", "price is not a number",
            ])
            let one = try #require(all.first { $0["place"] as? String == "line 5" })
            #expect(one["node"] as? String == "a" && one["source"] as? String == "online" && one["status"] as? String == "open")
            #expect(one["time"] as? String == "2025-12-01T01:15:00-03:00" && one["slot"] as? String == "2025-12-01T01:00:00-03:00")
            #expect((one["record"] as? String)?.hasSuffix(" 2000.5") == true)
            #expect(one["shape"] as? String == "day" && one["seen"] as? Int == 1)
            let job = try #require(one["ingestion_id"] as? String)
            #expect(try (api.object(try await api.get("/v1/ingestions/\(job)"))["records"] as? [String: Int])?["quarantined"] == 4)
            let nameless = try #require(all.first { $0["node"] is NSNull })
            #expect(nameless["time"] is NSNull && nameless["slot"] is NSNull)

            for (query, count) in [
                (Self.range, 3), ("from=2025-12-01T02:00:00-03:00&to=2025-12-01T03:00:00-03:00", 1), ("reason=an%20old%20rule", 1),
                ("node=b", 0), ("status=superseded", 0), ("status=all", 4), ("from=2025-12-02", 0),
            ] {
                #expect(try await Self.entries(api, query).count == count, "\(query)")
            }
            var ids: [Int] = []
            var next: String? = "\(Self.path)?limit=3"
            while let target = next {
                let page = try await api.object(target)
                ids += (page["data"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
                next = (page["next_cursor"] as? String).map { "\(Self.path)?limit=3&cursor=\($0)" }
            }
            #expect(ids == all.compactMap { $0["id"] as? Int } && ids == ids.sorted(by: >))

            let csv = try await api.get("\(Self.path)?format=csv")
            #expect(csv.header("Content-Type") == "text/csv; charset=utf-8; header=present")
            #expect(csv.text.hasPrefix("id,node,source,time,slot,reason,record,place,file,shape,task,"))
            #expect(csv.text.contains("\"no series, \"\"quoted\"\"\",\"a,b\"") && csv.text.split(separator: "\r\n").count == 5)
            let lines = try await api.get(Self.path, [("Accept", "application/x-ndjson")]).text.split(separator: "\n")
            #expect(lines.count == 4 && lines.allSatisfy { $0.hasPrefix("{\"id\":") })
            #expect(try await api.object("\(Self.path)/\(ids[0])")["id"] as? Int == ids[0])
        }
    }

    @Test func holesOfRefusedRecordsSayTheirReason() async throws {
        try await Self.prepared { api in
            #expect(try await Self.counts(api) == [21, 3, 3])
            let gaps = try #require(
                try await api.object("/v1/quarters/gaps?\(Self.range)&state=quarantined")["data"] as? [[String: Any]])
            #expect(gaps.compactMap { $0["reason"] as? String }.sorted() == [
                "partial 3/4, an old rule", "partial 3/4, price is above 1000", "partial 3/4, price is not a number",
            ])
            let slot = try await api.object("/v1/quarters/slots/2025-12-01T01?node=a&source=online")
            #expect(slot["state"] as? String == "quarantined" && slot["reason"] as? String == "partial 3/4, price is above 1000")
            #expect((slot["action"] as? String)?.contains("/v1/quarters/quarantine") == true)
        }
    }

    @Test func releaseStoresAndCompletesAndMayBeSentAgain() async throws {
        try await Self.prepared { api in
            let id = try await Self.id("price is above 1000", api)
            let key = ("Idempotency-Key", "release-1")
            let answer = try await api.post("\(Self.path)/\(id)/release", "", [key])
            let released = try api.object(answer, status: 202)
            #expect(answer.header("Location") == "\(Self.path)/\(id)")
            #expect(released["status"] as? String == "released" && released["resolved_by"] as? String == "api")
            #expect(try await Self.counts(api) == [22, 2, 2])
            let history = try await api.get("/v1/quarters/history?\(Self.range)&resolution=PT15M")
            #expect(history.text.contains("2000.5"))
            let job = try await api.object("/v1/ingestions/\(try #require(released["resolved_ingestion_id"] as? String))")
            #expect(job["status"] as? String == "completed" && (job["records"] as? [String: Int])?["written"] == 1)
            let selection = try #require(job["selection"] as? [String: Any])
            #expect(selection["from"] as? String == "2025-12-01T01:15:00-03:00" && selection["mode"] as? String == "missing")
            for again in [
                try await api.post("\(Self.path)/\(id)/release", "", [key]), try await api.post("\(Self.path)/\(id)/release", "{}"),
            ] {
                #expect(again.status == 202 && again.body == answer.body)
            }
            #expect(try await api.held.store.verify(api.held.dataset).findings.isEmpty)

            let refused = try await api.post("\(Self.path)/\(try await Self.id("price is not a number", api))/release", "")
            #expect(refused.status == 409)
            #expect(try api.slug(refused) == "not-releasable")
            #expect(refused.text.contains("price is not a number"))
            for id in ["999", "x", "-1", "99999999999999999999"] {
                for unknown in [try await api.post("\(Self.path)/\(id)/release", ""), try await api.get("\(Self.path)/\(id)")] {
                    #expect(unknown.status == 404)
                    #expect(try api.slug(unknown) == "refusal-unknown")
                }
            }
            #expect(try await api.post("\(Self.path)/\(id)/release", #"{"note":"n"}"#).status == 400)
        }
    }

    @Test func replayStoresWhatPassesByNow() async throws {
        try await Self.prepared { api in
            let answer = try await api.post("\(Self.path)/replay", #"{"node":"a","from":"2025-12-01","to":"2025-12-02","limit":2}"#)
            let first = try api.object(answer, status: 202)
            #expect(first["examined"] as? Int == 2)
            let cursor = try #require(first["next_cursor"] as? String)
            let body = #"{"node":"a","from":"2025-12-01","to":"2025-12-02","cursor":"\#(cursor)"}"#
            let second = try api.object(try await api.post("\(Self.path)/replay", body), status: 202)
            #expect(second["examined"] as? Int == 1 && second["next_cursor"] is NSNull)
            let both = [first, second]
            #expect(both.reduce(0) { $0 + ($1["stored"] as? Int ?? 0) } == 1 && both.count { $0["ingestion_id"] is String } == 1)
            #expect(both.reduce(0) { $0 + ($1["left_open"] as? Int ?? 0) } == 2)
            #expect(try await Self.counts(api) == [22, 2, 2])
            #expect(try await Self.entries(api, "status=replayed").map { $0["reason"] as? String } == ["an old rule"])
            #expect(try await api.held.store.verify(api.held.dataset).findings.isEmpty)
            let rest = try await api.post("\(Self.path)/replay", "{}")
            #expect(try api.object(rest, status: 202)["stored"] as? Int == 0)
            #expect(rest.header("Location") == Self.path)
            let audit = try #require(try await api.object("/v1/audit?what=refusals.replayed")["data"] as? [Any])
            #expect(audit.count == 1)
        }
    }

    @Test func inputThatIsNoReplayAndNoList() async throws {
        try await Self.prepared { api in
            for (body, status, place) in [
                (#"{"limit":0}"#, 400, "/limit"), (#"{"limit":1001}"#, 400, "/limit"), (#"{"limit":"5"}"#, 400, "/limit"),
                (#"{"cursor":"zz"}"#, 400, "/cursor"), (#"{"reason":5}"#, 400, "/reason"), (#"{"nod":"a"}"#, 400, "/nod"),
                (#"{"mode":"missing"}"#, 400, "/mode"), (#"{"node":"z"}"#, 404, "/node"), (#"{"from":"yesterday"}"#, 400, "/from"),
            ] {
                let answer = try await api.post("\(Self.path)/replay", body)
                #expect(answer.status == status, "\(body)")
                #expect(try api.places(answer) == [place], "\(body)")
            }
            for (query, status) in [
                ("status=closed", 400), ("node=z", 404), ("nod=a", 400), ("cursor=zz", 400), ("limit=0", 400), ("format=xml", 406),
                ("from=2025-12-02&to=2025-12-01", 400),
            ] {
                #expect(try await api.get("\(Self.path)?\(query)").status == status, "\(query)")
            }
            #expect(try await api.get("/v1/none/quarantine").status == 404)
        }
    }
}
