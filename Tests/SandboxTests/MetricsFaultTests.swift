import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct MetricsFaultTests {
    private let day: KeyValuePairs = ["dates": "20250604", "limit": "1000", "include-total": "1"]

    @Test func documentIsTakenAndShown() throws {
        let desk = try makeMetrics()
        desk.setMetrics("""
            {"failRate":0.25,"maxAccountIds":25,"retryAfter":null,"poison":[100004,"100013"],"rateLimit":{"perSecond":2.0,"burst":5},
            "lateHours":{"rate":0.5,"until":"2025-06-12"},"revised":{"rate":0.125,"hoursAfter":30},
            "withheld":{"hours":226,"from":"2025-06-01","to":"2025-06-08","until":1749772800}}
            """)
        let shown = String(decoding: desk.get("/_sandbox/faults", [:]).body, as: UTF8.self)
        for part in [
            #""failRate":0.25"#, #""maxAccountIds":25"#, #""retryAfter":null"#, #""poison":["100004","100013"]"#,
            #""rateLimit":{"perSecond":2.0,"burst":5}"#, #""lateHours":{"rate":0.5,"until":"2025-06-12T00:00:00Z"}"#,
            #""revised":{"rate":0.125,"hoursAfter":30}"#,
            #""withheld":{"hours":226,"from":"2025-06-01","to":"2025-06-08","until":"2025-06-13T00:00:00Z"}"#,
        ] {
            #expect(shown.contains(part), "\(part)")
        }
        // What is shown can be put.
        let document = try #require(try JSONValue(parsing: Array(shown.utf8))["metrics"])
        let before = desk.metrics.faults
        #expect(desk.putFaults(#"{"metrics":\#(String(decoding: document.bytes, as: UTF8.self))}"#) == 200)
        #expect(desk.metrics.faults == before)
        for bad in [
            #"{"failRate":2}"#, #"{"x":1}"#, "[]", #"{"lateHours":{"rate":1,"untill":0}}"#, #"{"lateHours":{}}"#,
            #"{"withheld":{"hours":1,"from":"2025-06-08","to":"2025-06-08"}}"#, #"{"poison":[null]}"#,
            #"{"withheld":{"hours":1,"from":"2025-06-08","to":"9999-06-08"}}"#,
        ] {
            #expect(desk.putFaults(#"{"metrics":\#(bad)}"#) == 400, "\(bad)")
        }
        #expect(desk.metrics.faults == before)
        _ = desk.answer("DELETE", Question(path: "/_sandbox/faults", query: []))
        #expect(desk.metrics.faults == metricsConfiguration(1).faults.metrics)
    }

    @Test func errorsComeInTheirWays() throws {
        let desk = try makeMetrics()
        for (name, status) in [("failRate", 200), ("errorRate", 200), ("http429Rate", 429), ("http500Rate", 500)] {
            desk.setMetrics(#"{"\#(name)":1}"#)
            #expect(try desk.metricsError("daily", day).status == status)
            desk.setMetrics(#"{"\#(name)":0}"#)
        }
        desk.setMetrics(#"{"http429Rate":1,"retryAfter":7}"#)
        let refused = desk.get("/v2/metrics/daily", day)
        #expect(refused.fields.first { $0.name == "Retry-After" }?.value == "7")
        for (name, status) in [("http502Rate", 502), ("http503Rate", 503)] {
            desk.setMetrics(#"{"http429Rate":0,"\#(name)":1}"#)
            #expect(desk.get("/v2/metrics/daily", day).status == status)
            desk.setMetrics(#"{"\#(name)":0}"#)
        }
        desk.setMetrics(#"{"resetRate":1}"#)
        #expect(desk.get("/v2/metrics/daily", day).isBroken)
        desk.setMetrics(#"{"resetRate":0,"stallRate":1,"stallMs":700,"cutBodyRate":1}"#)
        let answer = desk.get("/v2/metrics/daily", day)
        #expect(answer.pause == 700 && answer.isCut && answer.rows > 20)
        desk.setMetrics(#"{"stallRate":0,"cutBodyRate":0,"garbageRate":1,"garbage":["shape"]}"#)
        let garbage = String(decoding: desk.get("/v2/metrics/daily", day).body, as: UTF8.self)
        #expect(garbage == #"{"Status":"ok","Data":{"data":{"rows":null}}}"#)
    }

    @Test func bodiesHaveThreeShapes() throws {
        let desk = try makeMetrics()
        let plain = try desk.metrics("daily", day)
        desk.setMetrics(#"{"bareListRate":1}"#)
        let bare = try desk.metrics("daily", day)
        #expect(bare.body.map(\.0) == ["Status", "Data"] && bare.body[1].1.array != nil && bare.rows == plain.rows && bare.total == nil)
        desk.setMetrics(#"{"lowerCaseRate":1}"#)
        let lower = try desk.metrics("daily", day)
        #expect(lower.body.map(\.0) == ["status", "data"] && lower.rows == plain.rows)
        desk.setMetrics(#"{"lowerCaseRate":0.4,"bareListRate":0.5}"#)
        let shapes = try Set((0..<40).map { _ in
            let page = try desk.metrics("daily", day)
            return "\(page.body[1].0) \(page.body[1].1.array != nil)"
        })
        #expect(shapes == ["data true", "Data true", "Data false"])
    }

    @Test func recordsAreWrittenInOddWays() throws {
        let desk = try makeMetrics()
        let plain = try desk.metrics("daily", day).rows
        desk.setMetrics(#"{"compactDateRate":0.5,"textIdRate":0.5,"floatWholeRate":0.5}"#)
        let answer = desk.get("/v2/metrics/daily", day)
        let rows = try MetricsPage(answer).rows, text = String(decoding: answer.body, as: UTF8.self)
        #expect(rows.map(\.slot) == plain.map(\.slot))
        let compact = rows.count { $0["date"] == "20250604" }, long = rows.count { $0["date"] == "2025-06-04T00:00:00.000Z" }
        #expect(compact > 5 && long > 5 && compact + long == rows.count)
        #expect(text.contains(#""accountId":""#) && text.contains(#""accountId":1"#))
        #expect(text.firstMatch(of: /"status":"\d\.0"/) != nil && text.firstMatch(of: /"status":\d\.0,/) != nil)
        for (row, old) in zip(rows, plain) {
            #expect(Double(row["numTrades"]!) == Double(old["numTrades"]!) && row["netProfit"] == old["netProfit"])
        }
        #expect(try MetricsPage(desk.get("/v2/metrics/daily", day)).rows == rows)
    }

    @Test func ratiosExplode() throws {
        let desk = try makeMetrics()
        func body() -> String { String(decoding: desk.get("/v2/metrics/daily", day).body, as: UTF8.self) }
        desk.setMetrics(#"{"hugeRatioRate":1}"#)
        #expect(body().contains(":1.797e308") && body().contains(":-1.797e308"))
        desk.setMetrics(#"{"hugeRatioRate":0,"textNaNRate":1}"#)
        #expect(body().contains(#":"NaN""#) && body().contains(#":"Infinity""#) && body().contains(#":"-Infinity""#))
        let odd = try desk.metricsTruth("days", "2025-06-04", "2025-06-05")
        let rows = Dictionary(uniqueKeysWithValues: try desk.metrics("daily", day).rows.map { ($0.slot, $0) })
        for line in odd {
            let name = try #require(line.odd)
            #expect(["NaN", "Infinity", "-Infinity"].contains(rows[line.slot]?[name]) && line.metrics?[name] == rows[line.slot]?[name])
        }
        desk.setMetrics(#"{"textNaNRate":0,"bareNaNRate":1}"#)
        #expect(body().contains(":NaN") && body().contains(":Infinity") && body().contains(":-Infinity"))
        #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array(body().utf8)) }
    }

    @Test func bigRequestsAreRefused() throws {
        let desk = try makeMetrics { $0.metrics.isSteady = true }
        let ids = desk.metrics.books.accounts.map { "\($0.id)" }
        let query: KeyValuePairs = ["dates": "20250604,20250605", "accountIds": ids.joined(separator: ",")]
        desk.setMetrics(#"{"maxAccountIds":25}"#)
        #expect(try desk.metricsError("daily", query).status == 400)
        _ = try desk.metrics("daily", ["dates": "20250604", "accountIds": ids.prefix(25).joined(separator: ",")])
        desk.setMetrics(#"{"maxAccountIds":null,"maxHourlyDates":1}"#)
        #expect(try desk.metricsError("hourly", query).status == 400)
        _ = try desk.metrics("daily", query)
        desk.setMetrics(#"{"maxHourlyDates":null,"poison":["\#(ids[3])"]}"#)
        #expect(try desk.metricsError("hourly", query).text.contains(ids[3]))
        _ = try desk.metrics("hourly", ["dates": "20250604", "accountIds": ids.filter { $0 != ids[3] }.joined(separator: ",")])
        #expect(try desk.metrics("daily", ["dates": "20250604"]).rows.contains { $0.account == ids[3] })
    }

    @Test func moreComesThanWasAskedFor() throws {
        let desk = try makeMetrics { $0.metrics.isDense = true }
        let id = try #require(try desk.metrics("hourly", ["dates": "20250604"]).rows.first?.account)
        let query: KeyValuePairs = ["dates": "20250604", "accountIds": id, "hours": "3,4", "include-total": "1"]
        #expect(try desk.metrics("hourly", query).rows.count == 2)
        desk.setMetrics(#"{"hoursIgnored":true}"#)
        #expect(try desk.metrics("hourly", query).rows.count == 24)
        desk.setMetrics(#"{"hoursIgnored":false,"unaskedRate":1}"#)
        let page = try desk.metrics("hourly", query)
        #expect(page.rows.count == 5 && page.total == 5 && page.rows.count { $0.account == id } == 2)
        #expect(try desk.metrics("daily", day).rows.count == desk.metricsTruth("days", "2025-06-04", "2025-06-05").count)
        let calls = String(decoding: desk.get("/_sandbox/calls", ["since": "3"]).body, as: UTF8.self)
        #expect(calls.contains(#""rows":5,"spoiled":3,"upstream":"metrics""#))
    }

    @Test func pagesDrift() throws {
        let desk = try makeMetrics(60)
        let whole = try desk.metrics("daily", day).rows.map(\.account)
        desk.setMetrics(#"{"driftRate":1}"#)
        #expect(try desk.metrics("daily", day).rows.map(\.account) == whole)
        var (lacks, doubles, totals): (Int, Int, Set<Int>) = (0, 0, [])
        for _ in 0..<20 {
            let page = try desk.metrics("daily", ["dates": "20250604", "limit": "10", "skip": "10", "include-total": "1"])
            lacks += page.rows.first?.account == whole[11] ? 1 : 0
            doubles += page.rows.first?.account == whole[9] ? 1 : 0
            totals.insert(try #require(page.total))
        }
        #expect(lacks > 2 && doubles > 2 && lacks + doubles == 20)
        #expect(totals == [whole.count - 1, whole.count + 1])
    }

    @Test func aPaceIsKept() throws {
        let desk = try makeMetrics { $0.faults.metrics.rateLimit = .init(perSecond: 0.001, burst: 2) }
        _ = try desk.metrics("daily", day)
        _ = try desk.metrics("daily", day)
        let refused = desk.get("/v2/metrics/daily", day)
        #expect(refused.status == 429 && refused.fields.first { $0.name == "Retry-After" }?.value == "1")
        var other = Question(path: "/v2/metrics/daily", query: day.map { ($0.key, $0.value) })
        other.key = "another"
        #expect(desk.answer("GET", other).status == 200)
        #expect(Sandbox.MetricsFaults().rateLimit == Sandbox.RateLimit(perSecond: 10, burst: 20))
    }
}
