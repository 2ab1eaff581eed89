import Foundation
import Testing

@testable import Sandbox

@Suite struct GatewayTests {
    @Test func keysAndPaths() throws {
        let desk = try makeDesk { $0.keys = ["right"] }
        func text(_ answer: Answer) -> String { "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))" }
        let day: KeyValuePairs = ["startDate": "2025-12-01", "endDate": "2025-12-01"]
        #expect(text(desk.get(Source.online.path, day)) == "403 Authentication parameters missing")
        let wrong = desk.get(Source.online.path, ["user_key": "wrong"])
        #expect(text(wrong) == "403 Authentication failed")
        #expect(text(desk.get("/costo-marginal-online/v3/findByDate", day)) == "404 No Mapping Rule matched")
        #expect(desk.get(Source.online.path, ["user_key": "right"]).status == 400)
        let calls = String(decoding: desk.get("/_sandbox/calls", [:]).body, as: UTF8.self)
        #expect(calls.hasPrefix(#"{"total":4,"#) && !calls.contains("wrong") && !calls.contains("right"))
        #expect(calls.contains(#""status":403"#))
    }

    @Test func defaultsAndCeilings() throws {
        let desk = try makeDesk()
        let bare = desk.get(Source.online.path, ["startDate": "2025-12-01", "endDate": "2025-12-01", "user_key": "k", "pageSize": "50"])
        let page = try JSONDecoder().decode(Page.self, from: Data(bare.body))
        #expect(page.data.count == 10 && page.totalPages == 384 && page.limit == 10)
        #expect(desk.find("2025-12-01", page: 1, limit: 10_000).status == 200)
        #expect(desk.find("2025-12-01", page: 1, limit: 20_000).status == 502)
        #expect(desk.find("2025-12-01", page: 1, limit: 200_000).status == 504)
        let strict = try makeDesk { $0.faults.pageBases[.online] = .one }
        #expect(strict.find("2025-12-01", page: 0, limit: 10).status == 502)
    }

    

    @Test func quotaIsOfAKeyAndARollingHour() throws {
        var quota = Quota()
        // At 3,600 the first of them is an hour old; the refused one counts too.
        let verdicts = (Array(0..<350) + [351, 3_600, 3_602]).map { quota.take(350, now: $0) }
        #expect(verdicts == Array(repeating: true, count: 350) + [false, false, true])
        let desk = try makeDesk { $0.quota = 3 }
        #expect((0..<5).map { _ in desk.find("2025-12-01", page: 1, limit: 1).status } == [200, 200, 200, 429, 429])
        let refused = desk.find("2025-12-01", page: 1, limit: 1)
        #expect(refused.fields.isEmpty)
        desk.service.faults.retryAfter = .seconds(17)
        #expect(desk.find("2025-12-01", page: 1, limit: 1).fields.map(\.value) == ["17"])
        let other = desk.get(Source.online.path, ["startDate": "2025-12-01", "endDate": "2025-12-01", "user_key": "other"])
        #expect(other.status == 200)
    }

    @Test func faultsAreSetAndShown() throws {
        let desk = try makeDesk()
        func put(_ json: String) -> Answer { desk.answer("PUT", Question(path: "/_sandbox/faults", query: []), body: Array(json.utf8)) }
        let some = #"{"emptyPageRate":0.5,"filter":"ignored","throttle":{"perHour":5,"retryAfter":3},"lostDays":["2025-12-02"]}"#
        #expect(put(some).status == 200)
        #expect(desk.service.faults.emptyPageRate == 0.5 && desk.service.faults.filter == .ignored)
        #expect(put(#"{"decimalComma":true}"#).status == 200)
        #expect(desk.service.faults.throttlePerHour == 5 && desk.service.faults.retryAfter == .seconds(3))
        for bad in [#"{"emptyPageRate":2}"#, #"{"nonsense":1}"#, "[]", #"{"filter":"x"}"#, #"{"latencyMs":-1}"#, #"{"lostDays":["x"]}"#] {
            let before = desk.service.faults
            #expect(put(bad).status == 400, "\(bad)")
            #expect(desk.service.faults == before)
        }
        let shown = desk.get("/_sandbox/faults", [:]).body
        let again = try faults(shown)
        #expect(again.json == shown)
    }

    /// What is shown can be put back.
    private func faults(_ json: [UInt8]) throws -> Sandbox.Faults {
        var faults = Sandbox.Faults()
        try faults.change(by: json)
        return faults
    }

    @Test func pagesGoWrongAsAsked() throws {
        let desk = try makeDesk()
        desk.service.faults.emptyPageRate = 1
        let hole = try desk.page("2025-12-01", page: 2, limit: 100)
        #expect(hole.data.isEmpty && hole.totalPages == nil && hole.page == 2)
        desk.service.faults = Sandbox.Faults()
        desk.service.faults.shortPageRate = 1
        #expect(try desk.page("2025-12-01", page: 2, limit: 100).data.count == 50)
        desk.service.faults = Sandbox.Faults()
        desk.service.faults.duplicateAndOmit = 0.5
        let rows = try desk.scan("2025-12-01", limit: 100)
        #expect(rows.count == 3_840 && Set(rows).count < 3_840)
        desk.service.faults = Sandbox.Faults()
        desk.service.faults.decimalComma = true
        let text = String(decoding: desk.find("2025-12-01", page: 1, limit: 1).body, as: UTF8.self)
        #expect(text.firstMatch(of: #/"cmg_usd_mwh_":"\d+,\d{1,5}"/#) != nil)
        desk.service.faults = Sandbox.Faults()
        desk.service.faults.error502Rate = 1
        #expect(desk.find("2025-12-01", page: 1, limit: 1).status == 502)
        desk.service.faults = Sandbox.Faults()
        desk.service.faults.lostDays = ["2025-12-01"]
        #expect(desk.find("2025-12-01", page: 1, limit: 1).status == 502)
        #expect(desk.find("2025-12-02", page: 1, limit: 1).status == 200)
    }

    @Test func filterGoesWrongAsAsked() throws {
        let desk = try makeDesk()
        desk.service.faults.filter = .ignored
        #expect(try Set(desk.page("2025-12-01", page: 1, limit: 500, bus: "PIDPID________110").data.map(\.barra_transf)).count > 5)
        desk.service.faults.filter = .refused
        #expect(desk.find("2025-12-01", page: 1, limit: 500, bus: "PIDPID________110").status == 429)
        desk.service.faults.filter = .broken
        #expect(desk.find("2025-12-01", page: 1, limit: 500, bus: "PIDPID________110").status == 500)
        #expect(desk.find("2025-12-01", page: 1, limit: 500).status == 200)
    }
}
