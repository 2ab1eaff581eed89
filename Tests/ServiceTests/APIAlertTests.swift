import EventLoop
import Foundation
import HTTP
import Series
import Store
import Testing

/// Alarms over the API: filters, pages, and who took note.
@Suite struct APIAlertTests {
    private static func raise(_ api: APIUnderTest, _ causes: [Alarm.Cause]) async throws {
        let alarms = causes.map { Alarm($0, .warning, message: "m", count: 1, subject: "{}", details: #"{"n":1}"#) }
        _ = try await api.held.store.alarmRound(apart: 0) { try await $0.settle(alarms, now: 1, telling: false) { _ in .mended } }
    }

    private static func list(_ api: APIUnderTest, _ query: String) async throws -> [String] {
        let data = try #require(try await api.object("/v1/alerts\(query)")["data"] as? [[String: Any]])
        return data.map { "\($0["kind"] ?? "") \($0["dataset"] as? String ?? $0["upstream"] as? String ?? "") \($0["state"] ?? "")" }
    }

    @Test func theyAreListedByStateKindAndDataset() async throws {
        try await APIUnderTest.with { api in
            #expect(try await Self.list(api, "") == [])
            try await Self.raise(api, [.init(.incompleteDay, scope: "quarters", key: "2025-12-01"), .init(.failingUpstream, scope: "far")])
            try await Self.raise(api, [.init(.failingUpstream, scope: "far"), .init(.lateSlot, scope: "quarters", key: "online")])
            #expect(try await Self.list(api, "") == ["late_slot quarters open", "failing_upstream far open"])
            #expect(try await Self.list(api, "?state=cleared") == ["incomplete_day quarters cleared"])
            let ours = ["late_slot quarters open", "incomplete_day quarters cleared"]
            #expect(try await Self.list(api, "?state=all&dataset=quarters") == ours)
            #expect(try await Self.list(api, "?state=all&kind=failing_upstream") == ["failing_upstream far open"])
            var pages: [String] = []
            var path: String? = "/v1/alerts?state=all&limit=1"
            while let at = path {
                let page = try await api.object(at)
                pages += (page["data"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
                path = (page["next_cursor"] as? String).map { "/v1/alerts?state=all&limit=1&cursor=\($0)" }
            }
            #expect(pages == ["late_slot", "failing_upstream", "incomplete_day"])
            for query in ["state=shut", "kind=x", "dataset=x", "limit=0", "a=1"] {
                let place = String(query.prefix { $0 != "=" })
                #expect(try api.places(try await api.get("/v1/alerts?\(query)")) == [place])
            }
        }
    }

    @Test func theFirstWhoTakesNoteStaysNamed() async throws {
        try await APIUnderTest.with { api in
            try await Self.raise(api, [.init(.failingUpstream, scope: "far")])
            let data = try #require(try await api.object("/v1/alerts")["data"] as? [[String: Any]])
            #expect(data[0]["acknowledged_by"] is NSNull && (data[0]["details"] as? [String: Any])?["n"] as? Int == 1)
            let path = "/v1/alerts/\(try #require(data[0]["id"] as? String))/acknowledge"
            let first = try api.object(try await api.send("POST", path))
            #expect(first["acknowledged_by"] as? String == "api" && first["state"] as? String == "open")
            let again = try api.object(try await api.send("POST", path))
            #expect(again["acknowledged_at"] as? String == first["acknowledged_at"] as? String)
            for id in ["nothing", "00000000-0000-0000-0000-000000000000"] {
                let answer = try await api.send("POST", "/v1/alerts/\(id)/acknowledge")
                #expect(answer.status == 404)
                #expect(try api.slug(answer) == "alert-unknown")
            }
        }
    }
}
