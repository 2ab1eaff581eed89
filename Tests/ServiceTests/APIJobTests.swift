import HTTP
import Postgres
import Series
import Store
import Testing

@Suite struct APIJobTests {
    private static let selection = #"{"dataset":"quarters","source":"online","from":"2025-12-01","to":"2025-12-03"}"#

    @Test func aPlanIsMadeAndReadAgain() async throws {
        try await APIUnderTest.with { api in
            let made = try await api.post("/v1/plans", Self.selection)
            let plan = try api.object(made)
            let id = try #require(plan["id"] as? String)
            #expect(made.header("Cache-Control") == "no-store")
            #expect((plan["gaps"] as? [String: Any])?["slots"] as? Int == 96)
            #expect((plan["totals"] as? [String: Any])?["calls"] as? Int == 2)
            #expect((plan["lower_bound"] as? [String: Any])?["requests"] as? Int == 6)
            #expect(plan["optimality"] as? String == "proven")
            #expect((plan["selection"] as? [String: Any])?["source"] as? [String] == ["online"])
            let calls = try #require(plan["calls"] as? [[String: Any]])
            #expect(calls.map { $0["request"] as? String } == ["a/online b/online, 2025-12-01", "a/online b/online, 2025-12-02"])
            #expect(calls.first?["upstream"] as? String == "nowhere")
            #expect(calls.first?["shape"] as? String == "day")
            #expect(calls.first?["covers_slots"] as? Int == 48)
            #expect((plan["expires_at"] as? String)?.hasSuffix("Z") == true)

            let again = try await api.object("/v1/plans/\(id)")
            #expect(again["digest"] as? String == plan["digest"] as? String)
            #expect((again["calls"] as? [Any])?.count == 2)
            #expect(Set(again.keys) == Set(plan.keys))

            let page = try await api.get("/v1/plans/\(id)/calls?limit=1")
            #expect((try api.object(page)["data"] as? [Any])?.count == 1)
            let link = try #require(page.header("Link"))
            let rest = try await api.object(String(link.dropFirst().prefix { $0 != ">" }))
            #expect((rest["data"] as? [[String: Any]])?.first?["request"] as? String == "a/online b/online, 2025-12-02")
            #expect(rest["next_cursor"] is String == false)
        }
    }

    @Test func anIngestionIsFiledOnce() async throws {
        try await APIUnderTest.with { api in
            let first = try await api.post("/v1/ingestions", Self.selection, [("Content-Type", "text/plain")])
            let job = try api.object(first, status: 202)
            let id = try #require(job["id"] as? String)
            #expect(first.header("Location") == "/v1/ingestions/\(id)")
            #expect(job["status"] as? String == "pending")
            #expect(job["requested_by"] as? String == "api")
            #expect((job["created_at"] as? String)?.hasSuffix("Z") == true)
            let progress = try #require(job["progress"] as? [String: [String: Int]])
            let none = ["done": 0, "total": 0]
            let requests = ["done": 0, "total": 6, "planned": 6, "retries": 0]
            #expect(progress == ["slots": ["done": 0, "total": 96], "requests": requests, "tokens": none])
            #expect(api.notes.nudges == 1)

            // The same selection, written another way.
            let same = #"{"to":"2025-12-03","source":["online"],"from":"2025-12-01T00:00:00-03:00","dataset":"quarters","mode":"missing"}"#
            let second = try await api.post("/v1/ingestions", same)
            #expect(try api.object(second, status: 202)["id"] as? String == id)
            #expect(api.notes.nudges == 1)

            let tasks = try await api.object("/v1/ingestions/\(id)/tasks")
            let list = try #require(tasks["data"] as? [[String: Any]])
            #expect(list.map { $0["ordinal"] as? Int } == [0, 1])
            #expect(list.first?["status"] as? String == "available")
            let page = try await api.object("/v1/ingestions/\(id)/tasks?limit=1")
            let cursor = try #require(page["next_cursor"] as? String)
            let next = try await api.object("/v1/ingestions/\(id)/tasks?limit=1&cursor=\(cursor)")
            #expect((next["data"] as? [[String: Any]])?.map { $0["ordinal"] as? Int } == [1])
            #expect(next["next_cursor"] is String == false)
        }
    }

    @Test func theListIsPagedAndFiltered() async throws {
        try await APIUnderTest.with { api in
            var ids: [String] = []
            for day in ["2025-12-01", "2025-12-02", "2025-12-03"] {
                let answer = try await api.post("/v1/ingestions", #"{"dataset":"quarters","from":"\#(day)","to":"2025-12-04"}"#)
                ids.append(try #require(try api.object(answer, status: 202)["id"] as? String))
            }
            let first = try await api.object("/v1/ingestions?limit=2&status=pending&dataset=quarters")
            let cursor = try #require(first["next_cursor"] as? String)
            let second = try await api.object("/v1/ingestions?limit=2&cursor=\(cursor)")
            let listed = [first, second].flatMap { $0["data"] as? [[String: Any]] ?? [] }
            #expect(listed.map { $0["id"] as? String } == ids.reversed())
            #expect(second["next_cursor"] is String == false)
            #expect((try await api.object("/v1/ingestions?status=failed")["data"] as? [Any])?.isEmpty == true)
            // A cursor of one list is none of another.
            #expect(try await api.get("/v1/ingestions/\(ids[0])/tasks?cursor=\(cursor)").status == 400)
        }
    }

    @Test func aDryRunIsAPlanThatCanBeCarriedOut() async throws {
        try await APIUnderTest.with { api in
            let body = String(Self.selection.dropLast()) + #","dry_run":true}"#
            let plan = try api.object(try await api.post("/v1/ingestions", body))
            #expect((try await api.object("/v1/ingestions")["data"] as? [Any])?.isEmpty == true)
            let id = try #require(plan["id"] as? String)
            let job = try api.object(try await api.post("/v1/ingestions", #"{"plan_id":"\#(id)"}"#), status: 202)
            #expect(job["plan_id"] as? String == id)
            #expect((job["selection"] as? [String: Any])?["dry_run"] == nil)
        }
    }

    @Test func aPlanThatIsNoLongerTrueIsAConflict() async throws {
        try await APIUnderTest.with { api in
            let id = try #require(try api.object(try await api.post("/v1/plans", Self.selection))["id"] as? String)
            try await api.held.fill("a/online", "2025-12-01T03:00:00Z", "2025-12-03T03:00:00Z")
            try await api.held.fill("b/online", "2025-12-01T03:00:00Z", "2025-12-02T03:00:00Z")
            let answer = try await api.post("/v1/ingestions", #"{"plan_id":"\#(id)"}"#)
            #expect(try api.slug(answer) == "plan-moved")
            let difference = try #require(try api.object(answer, status: 409)["difference"] as? [String: [String: Any]])
            #expect(difference["was"] as? [String: Int] == ["gaps": 2, "slots": 96, "requests": 6, "tokens": 0])
            #expect(difference["now"] as? [String: Int] == ["gaps": 1, "slots": 24, "requests": 3, "tokens": 0])
            #expect(difference["gone"]?["runs"] as? Int == 2 && difference["new"]?["runs"] as? Int == 0)
            let first = try #require(difference["gone"]?["first"] as? [[String: Any]])
            #expect(first.map { ($0["series"] as? [String: String])?["node"] } == ["a", "b"])
            #expect(first.map { $0["from"] as? String } == ["2025-12-01T00:00:00-03:00", "2025-12-01T00:00:00-03:00"])
            #expect(first.map { $0["to"] as? String } == ["2025-12-03T00:00:00-03:00", "2025-12-02T00:00:00-03:00"])
        }
    }

    @Test func anExpiredPlanIsGone() async throws {
        try await APIUnderTest.with { api in
            let id = try #require(try api.object(try await api.post("/v1/plans", Self.selection))["id"] as? String)
            _ = try await api.held.store.pool.query("update plans set expires_at = now() - interval '1 second' where id = \(id)::uuid")
            for answer in [
                try await api.post("/v1/ingestions", #"{"plan_id":"\#(id)"}"#), try await api.get("/v1/plans/\(id)"),
                try await api.get("/v1/plans/\(id)/calls"),
            ] {
                #expect(answer.status == 410)
                #expect(try api.slug(answer) == "plan-expired")
            }
        }
    }

    private static let unknown = "00000000-0000-4000-8000-000000000000"

    /// Body, status, slug, and where it was wrong.
    static let wrong: [(String, Int, String, [String])] = [
        ("", 400, "malformed-body", []),
        ("[]", 400, "malformed-body", [""]),
        ("{", 400, "malformed-body", [""]),
        (#"{"dataset":"quarters","dataset":"quarters"}"#, 400, "malformed-body", [""]),
        (#"{"dataset":"quarters","a":"\ud800"}"#, 400, "malformed-body", [""]),
        ("{}", 400, "invalid-input", ["/dataset"]),
        (#"{"dataset":5}"#, 400, "invalid-input", ["/dataset"]),
        (#"{"dataset":"nothing"}"#, 404, "unknown-name", ["/dataset"]),
        (#"{"dataset":"quarters","nod":"a"}"#, 400, "invalid-input", ["/nod"]),
        (#"{"dataset":"quarters","a/b~c":"a"}"#, 400, "invalid-input", ["/a~1b~0c"]),
        (#"{"dataset":"quarters","node":"zzz"}"#, 404, "unknown-name", ["/node"]),
        (#"{"dataset":"quarters","node":[]}"#, 400, "invalid-input", ["/node"]),
        (#"{"dataset":"quarters","node":{"a":1}}"#, 400, "invalid-input", ["/node"]),
        (#"{"dataset":"quarters","from":"yesterday"}"#, 400, "invalid-input", ["/from"]),
        (#"{"dataset":"quarters","from":20251201}"#, 400, "invalid-input", ["/from"]),
        (#"{"dataset":"quarters","from":"2025-12-02","to":"2025-12-01"}"#, 400, "invalid-input", ["/to"]),
        (#"{"dataset":"quarters","mode":"all"}"#, 400, "invalid-input", ["/mode"]),
        (#"{"dataset":"quarters","max_requests":0}"#, 400, "invalid-input", ["/max_requests"]),
        (#"{"dataset":"quarters","dry_run":"yes"}"#, 400, "invalid-input", ["/dry_run"]),
    ]

    static let wrongPlans: [(String, Int, String, [String])] = [
        (#"{"plan_id":5}"#, 400, "invalid-input", ["/plan_id"]),
        (#"{"plan_id":"x'; drop table plans"}"#, 404, "plan-unknown", []),
        (#"{"plan_id":"\#(unknown)"}"#, 404, "plan-unknown", []),
        (#"{"plan_id":"\#(unknown)","dataset":"quarters"}"#, 400, "invalid-input", ["/dataset"]),
    ]

    @Test func wrongBodiesAreNamed() async throws {
        try await APIUnderTest.with { api in
            let cases = Self.wrong.flatMap { [("/v1/plans", $0), ("/v1/ingestions", $0)] } + Self.wrongPlans.map { ("/v1/ingestions", $0) }
            for (path, (body, status, slug, places)) in cases {
                let answer = try await api.post(path, body)
                #expect(answer.status == status, "\(path) \(body): \(answer.text)")
                #expect(try api.slug(answer) == slug, "\(path) \(body): \(answer.text)")
                #expect(try api.places(answer) == places, "\(path) \(body): \(answer.text)")
            }
            #expect((try await api.object("/v1/ingestions")["data"] as? [Any])?.isEmpty == true)
            for path in ["/v1/plans/x", "/v1/plans/\(Self.unknown)", "/v1/plans/\(Self.unknown)/calls"] {
                #expect(try api.slug(try await api.get(path)) == "plan-unknown", "\(path)")
            }
            for path in ["/v1/ingestions/x", "/v1/ingestions/\(Self.unknown)", "/v1/ingestions/\(Self.unknown)/tasks"] {
                #expect(try api.slug(try await api.get(path)) == "ingestion-unknown", "\(path)")
            }
            for path in ["/v1/ingestions?status=done", "/v1/ingestions?limit=1001", "/v1/ingestions?dataset=", "/v1/ingestions?who=me"] {
                #expect(try await api.get(path).status == 400, "\(path)")
            }
            #expect(try await api.get("/v1/ingestions?dataset=nothing").status == 404)
        }
    }

    @Test func bodiesHaveALimit() async throws {
        try await APIUnderTest.with { api in
            let body = #"{"dataset":"quarters","node":[""# + String(repeating: "x", count: 1_100_000) + #""]}"#
            let answer = try await api.post("/v1/plans", body)
            #expect(answer.status == 413)
            #expect(try api.slug(answer) == "content-too-large")
        }
    }
}
