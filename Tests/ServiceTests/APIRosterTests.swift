import Foundation
import HTTP
import Series
import Store
import Testing

/// The API of a dataset whose slots are told by others.
@Suite struct APIRosterTests {
    private static let now = "2024-04-20T12:00:00Z"

    private static func with(_ body: @escaping @Sendable (APIUnderTest) async throws -> Void) async throws {
        try await APIUnderTest.with(Listed.dataset(), now: now) { api in
            try await api.held.fillListed()
            try await body(api)
        }
    }

    @Test func historyByAccount() async throws {
        try await Self.with { api in
            let json = try await api.object("/v1/listed/history?account_id=1&from=2024-04-15&to=2024-04-22")
            let rows = try #require(json["data"] as? [[String: Any]])
            #expect(rows.count == 46 && Set(rows[0].keys) == ["account_id", "date", "hour", "metrics"])
            let csv = try await api.get("/v1/listed/history?account_id=1&grain=day&from=2024-04-15&to=2024-04-16&format=csv")
            #expect(csv.text == "account_id,date,numTrades,netProfit,country,rest\r\n1,2024-04-15,24,,,\r\n", "\(csv.text)")
            let wrong = try await api.get("/v1/listed/history?account_id=77&from=2024-04-15&to=2024-04-22")
            #expect(wrong.status == 404)
            let places = try api.places(wrong)
            #expect(places == ["account_id"])
        }
    }

    @Test func aSlotSaysWhyItIsMissingOrNone() async throws {
        try await Self.with { api in
            func explain(_ time: String, _ account: String, _ grain: String = "hour") async throws -> [String: Any] {
                try await api.object("/v1/listed/slots/\(time)?account_id=\(account)&grain=\(grain)")
            }
            func next(_ object: [String: Any]) -> String? { (object["next_try"] as? [String: Any])?["when"] as? String }
            let held = try await explain("2024-04-15T03:00:00Z", "1")
            let rows = try #require((held["parts"] as? [String: Any])?["rows"] as? [[String: Any]])
            let values = try #require(rows.first?["values"] as? [String: Any])
            // What a JSON column holds, not its text.
            let rest = try #require(values["rest"] as? [String: Any])
            #expect(values["num_trades"] as? Int == 1 && (rest["b"] as? [Any])?.count == 2)
            #expect(held["due_at"] as? String == "2024-04-16T02:00:00Z", "due with its day: \(held["due_at"] ?? "")")
            let day = try await explain("2024-04-15", "1", "day")
            #expect(day["state"] as? String == "present")
            let missing = try await explain("2024-04-16T05:00:00Z", "1")
            #expect(missing["reason"] as? String == "missing" && next(missing) == "next_ingestion")
            let untold = try await explain("2024-04-18T05:00:00Z", "1")
            #expect(untold["state"] as? String == "missing" && untold["reason"] as? String == "day_unknown")
            #expect(untold["action"] as? String == "Fetch the day first." && next(untold) == "next_ingestion")
            let doubted = try await explain("2024-04-15T22:00:00Z", "2")
            #expect(doubted["state"] as? String == "missing" && doubted["reason"] as? String == "trades_differ")
            #expect((doubted["action"] as? String)?.hasPrefix("Wait") == true)
            // No row of the account on that day.
            let none = try await api.get("/v1/listed/slots/2024-04-16T05:00:00Z?account_id=10&grain=hour")
            let slug = try api.slug(none)
            #expect(none.status == 404 && slug == "unknown-slot" && none.text.contains("The account has no row of that day."))
            #expect(none.text.contains("no_daily_row"))
            let unknown = try await api.get("/v1/listed/slots/2024-04-16T05:00:00Z?account_id=1&grain=week")
            let places = try api.places(unknown)
            #expect(places == ["grain"])
        }
    }

    @Test func aReportTakesTheDatasetsOwnKeys() async throws {
        try await Self.with { api in
            let range = "from=2024-04-15&to=2024-04-19"
            let json = try await api.object("/v1/listed/completeness?\(range)&group_by=account_id&grain=hour&limit=2")
            #expect((json["groups"] as? [[String: Any]])?.texts("key") == ["1", "2"] && json["next_cursor"] is String)
            let rest = try await api.object(
                "/v1/listed/completeness?\(range)&group_by=account_id&grain=hour&limit=2&cursor=\(json["next_cursor"] as? String ?? "")")
            #expect((rest["groups"] as? [[String: Any]])?.texts("key") == ["10"] && rest["next_cursor"] is NSNull)
            let wrong = try await api.get("/v1/listed/completeness?\(range)&group_by=tier")
            #expect(wrong.status == 400)
        }
    }

    /// 98 hours are missing on two days; of the three accounts these days have 144.
    @Test func aPlanSaysWhatWholeDaysWouldTake() async throws {
        try await Self.with { api in
            let body = #"{"dataset":"listed","account_id":["1","2","10"],"grain":"hour","from":"2024-04-16","to":"2024-04-18"}"#
            let plan = try api.object(try await api.post("/v1/plans", body), status: 200)
            let whole = try #require(plan["whole_periods"] as? [String: Int])
            #expect(whole == ["requests": 2, "slots": 144])
            let again = try await api.object("/v1/plans/\(plan["id"] as? String ?? "")")
            #expect(again["whole_periods"] as? [String: Int] == whole)
            let totals = try #require(plan["totals"] as? [String: Any])
            #expect(totals["requests"] as? Int == 2 && totals["slots"] as? Int == 98)
            let jobs = try await api.object("/v1/ingestions")
            let efficiency = (jobs["data"] as? [[String: Any]] ?? []).compactMap { $0["efficiency"] as? [String: Int] }
            let most = try #require(efficiency.max { $0["slots_filled"] ?? 0 < $1["slots_filled"] ?? 0 })
            #expect(most == ["requests": 0, "requests_least": 1, "slots_filled": 24, "records_received": 24])
        }
    }
}
