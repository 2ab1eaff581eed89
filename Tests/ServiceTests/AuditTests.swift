import API
import Foundation
import HTTP
import Postgres
import Series
import Store
import Testing

@Suite struct AuditTests {
    private static let exclusions = "/v1/quarters/exclusions"
    private static let exclusion = #"{"node":"a","source":"online","from":"2025-12-01","to":"2025-12-02","note":"Line out of service"}"#
    private static let selection = #"{"dataset":"quarters","node":"a","source":"online","from":"2025-12-01","to":"2025-12-02"}"#

    private static func notes(_ api: APIUnderTest, _ query: String = "") async throws -> [[String: Any]] {
        let answer = try await api.get("/v1/audit\(query)", TestTokens.fields("admin"))
        return try #require(try api.object(answer)["data"] as? [[String: Any]])
    }

    @Test func whoChangedWhatIsNoted() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let asked = TestTokens.fields("ingest") + [
                ("X-Request-Id", "mine-1"), ("traceparent", "00-\(trace)-00f067aa0ba902b7-01"),
            ]
            let job = try api.object(try await api.post("/v1/ingestions", Self.selection, asked), status: 202)
            // The same again is the same ingestion: nothing was changed.
            #expect(try await api.post("/v1/ingestions", Self.selection, asked).status == 202)
            let made = try api.object(
                try await api.post(Self.exclusions, Self.exclusion, TestTokens.fields("admin") + [("X-Request-Id", "mine-2")]), status: 201)
            let id = try #require(made["id"] as? String)
            for _ in 0..<2 {
                let path = "\(Self.exclusions)/\(id.uppercased())"
                #expect(try await api.send("DELETE", path, TestTokens.fields("ingest")).status == 204)
            }
            let notes = try await Self.notes(api)
            #expect(notes.map { $0["what"] as? String } == ["exclusion.lifted", "exclusion.made", "ingestion.filed"])
            #expect(notes.map { $0["who"] as? String } == ["ingest-client", "admin-client", "ingest-client"])
            #expect(notes.map { $0["target"] as? String } == [id, id, job["id"] as? String])
            #expect(notes.dropFirst().map { $0["request_id"] as? String } == ["mine-2", "mine-1"])
            #expect(notes[2]["trace_id"] as? String == trace)
            let detail = try #require(notes[2]["detail"] as? [String: Any])
            #expect(detail["calls"] as? Int == 1 && detail["plan_id"] is NSNull)
            #expect((detail["selection"] as? [String: Any])?["node"] as? [String] == ["a"])
            #expect((notes[1]["detail"] as? [String: Any])?["slots"] as? Int == 24)

            #expect(try await Self.notes(api, "?who=admin-client").count == 1)
            #expect(try await Self.notes(api, "?what=ingestion.filed").count == 1)
            #expect(try await Self.notes(api, "?target=\(id)").count == 2)
            #expect(try await Self.notes(api, "?from=2099-01-01").isEmpty)
            #expect(try await Self.notes(api, "?to=2001-01-01").isEmpty)
            #expect(try await Self.notes(api, "?from=2001-01-01&to=2099-01-01").count == 3)
        }
    }

    /// An id is the same id in capitals; what was asked is found in the log by the request's own.
    @Test func movesAndAcknowledgementsNameTheirRequest() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let asked = TestTokens.fields("ingest") + [("X-Request-Id", "mine-3"), ("traceparent", "00-\(trace)-00f067aa0ba902b7-01")]
            let job = try api.object(try await api.post("/v1/ingestions", Self.selection, TestTokens.fields("ingest")), status: 202)
            let id = try #require(job["id"] as? String)
            for verb in ["pause", "resume", "cancel"] {
                #expect(try await api.send("POST", "/v1/ingestions/\(id.uppercased())/\(verb)", asked).status == 202)
            }
            _ = try await api.held.store.alarmRound(apart: 0) { round in
                let alarm = Alarm(.init(.failingUpstream, scope: "far"), .warning, message: "m", count: 1, subject: "{}", details: "{}")
                return try await round.settle([alarm], now: 1, telling: false) { _ in nil }
            }
            let listed = try api.object(try await api.get("/v1/alerts", TestTokens.fields("admin")))["data"] as? [[String: Any]]
            let alert = try #require(listed?.first?["id"] as? String)
            #expect(try await api.send("POST", "/v1/alerts/\(alert.uppercased())/acknowledge", asked).status == 200)
            for (target, whats) in [
                (id, ["ingestion.cancelled", "ingestion.resumed", "ingestion.paused"]), (alert, ["alert.acknowledged"]),
            ] {
                let notes = try await Self.notes(api, "?target=\(target)").filter { $0["what"] as? String != "ingestion.filed" }
                #expect(notes.map { $0["what"] as? String } == whats)
                #expect(notes.allSatisfy { $0["request_id"] as? String == "mine-3" && $0["trace_id"] as? String == trace })
            }
        }
    }

    @Test func pagesAndWrongInput() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            for _ in 0..<3 { #expect(try await api.post(Self.exclusions, Self.exclusion).status == 201) }
            var seen: [Int] = []
            var cursor = ""
            repeat {
                let page = try await api.object("/v1/audit?limit=2\(cursor)")
                seen += (page["data"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
                cursor = (page["next_cursor"] as? String).map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(seen.count == 3 && seen == seen.sorted(by: >))
            for (query, place) in [
                ("what=nothing", "what"), ("from=x", "from"), ("to=2025-01-01&from=2025-01-02", "to"), ("limit=0", "limit"),
                ("cursor=x", "cursor"), ("dataset=quarters", "dataset"),
            ] {
                let answer = try await api.get("/v1/audit?\(query)")
                #expect(answer.status == 400, "\(query)")
                #expect(try api.places(answer) == [place], "\(query)")
            }
        }
    }

    /// A change that fails leaves no note, and no change is made whose note fails.
    @Test func aNoteIsOfTheSameTransaction() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let pool = api.held.store.pool
            try await pool.query("alter table audit add constraint none check (what <> 'exclusion.made')")
            #expect(try await api.post(Self.exclusions, Self.exclusion).status == 500)
            #expect(try await pool.query("select count(*) from exclusions").only().int(0) == 0)
            try await pool.query("alter table audit drop constraint none")
            try await pool.query("alter table dataset_versions add constraint none check (version < 0) not valid")
            #expect(try await api.post(Self.exclusions, Self.exclusion).status == 500)
            #expect(try await pool.query("select count(*) from audit").only().int(0) == 0)
            api.notes.unforeseen = []
        }
    }

    @Test func whichCallWroteWhichRows() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let held = api.held
            let filed = try api.object(try await api.post("/v1/ingestions", Self.selection, [("X-Request-Id", "mine-9")]), status: 202)
            let claimed = try #require(
                try await held.store.claimTask(worker: "w", datasets: [held.dataset.name], leaseSeconds: 60))
            let start = held.dataset.periods.instants(of: claimed.periods).lowerBound
            let series = try #require(held.ids["a/online"])
            var result = TaskResult(ended: .proved, reason: "three pages")
            result.requests = 3
            result.rows = (0..<8).map {
                StoredRow(seriesID: series, time: start + $0 * 900, values: [.decimal(Quarters.price(at: start)), .text("n")])
            }
            _ = try await held.store.finish(claimed, with: result, dataset: held.dataset, now: held.clock.now)
            // Somebody else's rows are not of it; nor is what was there before it.
            try await held.fill("a/real", "2025-12-01T00:00:00-03:00", "2025-12-01T01:00:00-03:00")

            let call = try await api.object("/v1/audit/calls/\(claimed.id)")
            let ingestion = try #require(call["ingestion"] as? [String: Any])
            #expect(ingestion["id"] as? String == filed["id"] as? String && ingestion["requested_by"] as? String == "api")
            #expect((ingestion["filed"] as? [String: Any])?["request_id"] as? String == "mine-9")
            let attempts = try #require(call["attempts"] as? [[String: Any]])
            #expect(attempts.map { $0["reason"] as? String } == ["three pages"] && attempts[0]["requests"] as? Int == 3)
            let rows = try #require(call["rows"] as? [String: Any])
            #expect(rows["held"] as? Int == 8 && rows["replaced"] as? Int == 0)
            let written = try #require(rows["series"] as? [[String: Any]])
            #expect(written.count == 1 && written[0]["node"] as? String == "a" && written[0]["held"] as? Int == 8)
            #expect(written[0]["first"] as? String == "2025-12-01T00:00:00-03:00")
            #expect(written[0]["last"] as? String == "2025-12-01T01:45:00-03:00")

            // A later call takes the place of one value.
            let other = StoredRow(seriesID: series, time: start, values: [.decimal(Quarters.price(at: start + 1800)), .text("n")])
            try await held.store([other])
            let after = try #require(try await api.object("/v1/audit/calls/\(claimed.id)")["rows"] as? [String: Any])
            #expect(after["held"] as? Int == 7 && after["replaced"] as? Int == 1)
            for task in ["0", "999999", "x", "99999999999999999999"] {
                let answer = try await api.get("/v1/audit/calls/\(task)")
                #expect(answer.status == 404)
                #expect(try api.slug(answer) == "call-unknown")
            }
        }
    }

    @Test func notesAreKeptForTheirTime() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let store = api.held.store
            for _ in 0..<2 { #expect(try await api.post(Self.exclusions, Self.exclusion).status == 201) }
            try await store.pool.query("update audit set at = now() - interval '400 days' where id = (select min(id) from audit)")
            try await store.pool.query("""
                insert into audit (at, who, what, target) select now() - interval '366 days', 'w', 'exclusion.made', 't'
                from generate_series(1, 1500)
                """)
            #expect(try await store.sweepAudit(keptFor: 365 * 86_400))
            #expect(try await !store.sweepAudit(keptFor: 365 * 86_400))
            #expect(try await Self.notes(api).count == 1)
        }
    }
}
