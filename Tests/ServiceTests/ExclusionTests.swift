import Answers
import Foundation
import HTTP
import Postgres
import Store
import Testing

@Suite struct ExclusionTests {
    private static let path = "/v1/quarters/exclusions"
    private static let body = #"{"node":"a","source":["online"],"from":"2025-12-01","to":"2025-12-02","note":"Line out of service"}"#
    private static let day = "node=a&source=online&from=2025-12-01&to=2025-12-02"

    private static func tally(_ api: APIUnderTest) async throws -> [Int?] {
        try await api.held.reader.readVersions()
        let report = try await api.object("/v1/quarters/completeness?\(day)")
        return [report["present"] as? Int, report["excluded"] as? Int, report["missing"] as? Int]
    }

    @Test func whatAPersonExcludesIsNotExpectedUntilItIsLifted() async throws {
        try await APIUnderTest.with { api in
            try await api.held.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00")
            #expect(try await Self.tally(api) == [2, 0, 22])
            let made = try await api.post(Self.path, Self.body)
            let object = try api.object(made, status: 201)
            let id = try #require(object["id"] as? String)
            #expect(made.header("Location") == "\(Self.path)/\(id)")
            #expect(object["keys"] as? [String: [String]] == ["node": ["a"], "source": ["online"]])
            #expect(object["series"] as? Int == 1 && object["slots"] as? Int == 24 && object["made_by"] as? String == "api")
            // What is held stays present.
            #expect(try await Self.tally(api) == [2, 22, 0])
            let gaps = try #require(try await api.object("/v1/quarters/gaps?\(Self.day)")["data"] as? [[String: Any]])
            #expect(gaps.map { $0["state"] as? String } == ["excluded"] && gaps[0]["reason"] as? String == "Line out of service")
            #expect(gaps[0]["exclusion"] as? String == id)
            let plan = #"{"dataset":"quarters","node":"a","source":"online","from":"2025-12-01","to":"2025-12-02"}"#
            #expect(try (api.object(try await api.post("/v1/plans", plan))["gaps"] as? [String: Int])?["slots"] == 0)

            #expect(try await api.object("\(Self.path)/\(id)") as NSDictionary == object as NSDictionary)
            #expect((try await api.object(Self.path)["data"] as? [[String: Any]])?.map { $0["id"] as? String } == [id])
            for _ in 0..<2 { #expect(try await api.send("DELETE", "\(Self.path)/\(id)").status == 204) }
            #expect(try await Self.tally(api) == [2, 0, 22])
            #expect((try await api.object(Self.path)["data"] as? [Any])?.isEmpty == true)
            let lifted = try await api.object("\(Self.path)?state=lifted")
            #expect((lifted["data"] as? [[String: Any]])?.map { $0["lifted_by"] as? String } == ["api"])
        }
    }

    @Test func theSameKeyMakesOne() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let key = ("Idempotency-Key", "once")
            let first = try await api.post(Self.path, Self.body, [key])
            let again = try await api.post(Self.path, Self.body, [key])
            #expect(first.status == 201 && again.status == 201 && again.body == first.body)
            #expect(again.header("Location") == first.header("Location"))
            #expect(try await api.post(Self.path, Self.body.replacingOccurrences(of: "Line", with: "Bus"), [key]).status == 422)
            _ = try await api.post(Self.path, Self.body)
            let page = try await api.object("\(Self.path)?limit=1")
            let cursor = try #require(page["next_cursor"] as? String)
            let rest = try await api.object("\(Self.path)?limit=1&cursor=\(cursor)")
            #expect((rest["data"] as? [Any])?.count == 1 && rest["next_cursor"] is NSNull)
        }
    }

    @Test func inputThatIsNoExclusion() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let range = #""from":"2025-12-01","to":"2025-12-02""#
            for (body, status, place) in [
                ("{\(range)}", 400, "/note"), (#"{\#(range),"note":""}"#, 400, "/note"), (#"{\#(range),"note":null}"#, 400, "/note"),
                (#"{\#(range),"note":"\#(String(repeating: "x", count: 501))"}"#, 400, "/note"),
                (#"{\#(range),"note":"a\u0000b"}"#, 400, ""), (#"{"to":"2025-12-02","note":"n"}"#, 400, "/from"),
                (#"{"from":"2025-12-02","note":"n"}"#, 400, "/to"), (#"{"from":"2025-12-02","to":"2025-12-02","note":"n"}"#, 400, "/to"),
                (#"{\#(range),"note":"n","mode":"refresh"}"#, 400, "/mode"), (#"{\#(range),"note":"n","nod":"a"}"#, 400, "/nod"),
                (#"{\#(range),"note":"n","node":"z"}"#, 404, "/node"), ("[]", 400, ""),
            ] {
                let answer = try await api.post(Self.path, body)
                #expect(answer.status == status, "\(body)")
                #expect(try api.places(answer) == [place], "\(body)")
            }
            for (note, told) in [
                ("5", "expected a text of 1 to 500 characters"), (#""\#(String(repeating: "x", count: 501))""#, "not 501"),
                (#"" \n\u00a0""#, "not blanks only"), (#""""#, "not blanks only"), ("null", "is required"),
            ] {
                let answer = try await api.post(Self.path, #"{\#(range),"note":\#(note)}"#)
                #expect(answer.status == 400)
                #expect(answer.text.contains("note: ") && answer.text.contains(told), "\(answer.text)")
            }
            for id in ["x", "00000000-0000-4000-8000-000000000000"] {
                for method in ["GET", "DELETE"] {
                    let answer = try await api.send(method, "\(Self.path)/\(id)")
                    #expect(answer.status == 404)
                    #expect(try api.slug(answer) == "exclusion-unknown")
                }
            }
            #expect(try await api.post("/v1/none/exclusions", Self.body).status == 404)
            // All that are followed, where no key is given.
            let all = try api.object(try await api.post(Self.path, #"{\#(range),"note":"Everything"}"#), status: 201)
            #expect(all["series"] as? Int == 4 && (all["keys"] as? [String: Any])?.isEmpty == true)
        }
    }

    /// As many as there may be; one that is lifted makes room.
    @Test func exclusionsInForceAreBounded() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let first = try api.object(try await api.post(Self.path, Self.body), status: 201)
            let copy: SQL = """
                insert into exclusions (dataset, keys, series_ids, starts_at, ends_at, first_slot, end_slot, note, made_by)
                select name, keys, series_ids, starts_at, ends_at, first_slot, end_slot, note, made_by
                from exclusions cross join (values ('quarters', \(Store.exclusionsMax - 1)), ('other', 9)) as given (name, times)
                    cross join generate_series(1, times)
                """
            try await api.held.store.pool.query(copy)
            let refused = try await api.post(Self.path, Self.body)
            #expect(refused.status == 400)
            #expect(try api.slug(refused) == "invalid-input")
            #expect(refused.text.contains("10000 exclusions in force"))
            let id = try #require(first["id"] as? String)
            #expect(try await api.send("DELETE", "\(Self.path)/\(id)").status == 204)
            #expect(try await api.post(Self.path, Self.body).status == 201)
            #expect(try await Self.tally(api) == [0, 24, 0])
        }
    }
}
