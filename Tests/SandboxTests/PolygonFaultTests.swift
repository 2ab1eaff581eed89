import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct PolygonFaultTests {
    private let path = "/v2/aggs/ticker/AAPL/range/1/day/2025-05-01/2025-06-10"

    @Test func everyRequestCountsForTheMinute() throws {
        let desk = try makePolygon { $0.faults.polygon.requestsPerMinute = 5 }
        let targets = [path, "/v2/aggs/ticker/AAPL/prev", "/v1/marketstatus/now", "/v2/aggs/nothing", path + "?limit=0"]
        #expect(targets.map { desk.polygonAnswer($0).status } == [200, 200, 200, 404, 400])
        let refused = desk.polygonAnswer(path)
        #expect(refused.status == 429 && refused.fields.isEmpty)
        let body = try JSONValue(parsing: refused.body)
        #expect(body["status"]?.string == "ERROR")
        #expect(body["error"]?.string?.hasPrefix("You've exceeded the maximum requests per minute") == true)
        desk.setPolygon(#"{"empty_429":true}"#)
        #expect(desk.polygonAnswer(path).status == 429 && desk.polygonAnswer(path).body.isEmpty)
        #expect(desk.polygonAnswer(path + "?apiKey=another").status == 200)
        // A refused one counts as any other: who asks on is refused on.
        var quota = Quota(window: 60)
        let taken = [0, 10, 20, 30, 40, 55, 61, 112].map { quota.take(5, now: $0) }
        #expect(taken == [true, true, true, true, true, false, false, true])
    }

    @Test func todayComesFourHoursAfterTheClose() throws {
        for (now, count) in [("2025-06-10T23:59:59Z", 0), ("2025-06-11T00:00:00Z", 1)] {
            let desk = try makePolygon(try instant(now))
            #expect(try desk.range("AAPL", "2025-06-10", "2025-06-10").rows.count == count)
            #expect(try desk.grouped("2025-06-10").rows.isEmpty == (count == 0))
            #expect(try desk.polygonTruth("AAPL", "2025-06-10", "2025-06-11").map(\.fate) == [count == 0 ? "open" : "served"])
        }
        var volumes: [Bytes.Decimal] = []
        for now in ["13:30:00Z", "13:40:00Z", "16:00:00Z", "19:59:00Z", "20:30:00Z", "23:59:59Z"] {
            let desk = try makePolygon(try instant("2025-06-10T" + now)) { $0.faults.polygon.partialToday = true }
            let rows = try desk.range("AAPL", "2025-06-09", "2025-06-10").rows
            #expect(rows.allSatisfy { $0.isSound })
            if rows.count == 2 { volumes.append(try #require(rows[1].decimal("v"))) }
        }
        let end = try #require(try makePolygon().range("AAPL", "2025-06-10", "2025-06-10").rows[0].decimal("v"))
        #expect(volumes.count == 5 && volumes == volumes.sorted() && volumes[2] < volumes[3])
        #expect(volumes[3] == volumes[4] && volumes[4] < end)
        let early = try makePolygon(try instant("2025-06-10T12:00:00Z")) { $0.faults.polygon.todayForbidden = true }
        #expect(early.polygonAnswer("/v2/aggs/grouped/locale/us/market/stocks/2025-06-10").status == 403)
    }

    @Test func lastSessionIsCorrectedInTheMorning() throws {
        let before = try makePolygon(try instant("2025-06-11T11:59:59Z")) { $0.faults.polygon.lateCorrections = true }
        let after = try makePolygon(try instant("2025-06-11T12:00:00Z")) { $0.faults.polygon.lateCorrections = true }
        let early = try before.grouped("2025-06-10").rows, late = try after.grouped("2025-06-10").rows
        #expect(early.map { $0["T"] } == late.map { $0["T"] } && early.allSatisfy { $0.isSound })
        let volumes = zip(early, late).count { $0.decimal("v") != $1.decimal("v") }
        let closes = zip(early, late).count { $0["c"] != $1["c"] }
        #expect(volumes == early.count && (early.count / 8...early.count / 3).contains(closes))
        #expect(try before.grouped("2025-06-09").rows == after.grouped("2025-06-09").rows)
        #expect(try before.polygonTruth("AAPL", "2025-06-09", "2025-06-11").map(\.uncorrected) == [false, true])
    }

    @Test func splitRestatesWhatIsAdjusted() throws {
        func fault(_ configuration: inout Sandbox.Configuration) {
            let day = LocalDate("2025-06-11")?.daysSince1970 ?? 0
            configuration.faults.polygon.splits = [Sandbox.PolygonFaults.Split(ticker: "AAPL", day: day, ratio: 4)]
        }
        let before = try makePolygon(try instant("2025-06-11T03:59:59Z"), fault)
        let after = try makePolygon(try instant("2025-06-11T04:00:00Z"), fault)
        let end = try makePolygon(try instant("2025-06-12T00:00:00Z"), fault)
        let old = try before.range("AAPL", "2024-01-01", "2025-06-10").rows, new = try after.range("AAPL", "2024-01-01", "2025-06-10").rows
        #expect(try makePolygon().range("AAPL", "2024-01-01", "2025-06-10").rows == old)
        #expect(old.count == new.count)
        for (old, new) in zip(old, new) {
            for cell in ["o", "h", "l", "c"] {
                let (was, now) = (Double(old[cell] ?? "") ?? 0, Double(new[cell] ?? "") ?? 0)
                #expect(abs(was / 4 - now) <= 0.000_051)
            }
            #expect(abs((Double(old["v"] ?? "") ?? 0) * 4 - (Double(new["v"] ?? "") ?? 0)) < 0.01)
        }
        #expect(try after.range("AAPL", "2024-01-01", "2025-06-10", "?adjusted=false").rows == old)
        #expect(try after.range("MSFT", "2025-06-02", "2025-06-10").rows == before.range("MSFT", "2025-06-02", "2025-06-10").rows)
        #expect(try after.grouped("2025-06-09").rows.first { $0["T"] == "AAPL" }?["c"] == new[new.count - 2]["c"])
        // The day's own bar fits what was restated, and what was not differs by the ratio.
        let adjusted = try end.range("AAPL", "2025-06-10", "2025-06-11").rows.compactMap { Double($0["c"] ?? "") }
        let raw = try end.range("AAPL", "2025-06-10", "2025-06-11", "?adjusted=false").rows.compactMap { Double($0["c"] ?? "") }
        #expect(abs(adjusted[1] / adjusted[0] - 1) < 0.2 && raw[1] == adjusted[1] && raw[0] > 3 * raw[1])
        #expect(try after.polygonTruth("AAPL", "2025-06-10", "2025-06-11").map(\.split) == [4])
    }

    @Test func sessionsAreSpoiledByTheSeed() throws {
        let desk = try makePolygon()
        let plain = try desk.range("KO", "2023-01-01", "2025-06-10").rows
        desk.setPolygon(#"{"lost_session_rate":0.05,"contradictory_rate":0.05,"empty_cell_rate":0.05}"#)
        desk.setPolygon(#"{"duplicate_rate":0.03,"conflicting_rate":0.03}"#)
        let spoiled = try desk.range("KO", "2023-01-01", "2025-06-10").rows, again = try desk.range("KO", "2023-01-01", "2025-06-10").rows
        #expect(spoiled == again)
        let truth = try desk.polygonTruth("KO", "2023-01-01", "2025-06-11")
        #expect(truth.count == plain.count)
        let told = truth.filter { $0.fate == "served" || $0.fate == "refused" }
        #expect(Set(told.map { $0.time * 1_000 }) == Set(spoiled.map(\.time)))
        #expect(spoiled.count == told.count + told.count { $0.twice != nil } && told.count { $0.twice == "conflicting" } > 5)
        let bad = Set(spoiled.filter { !$0.isSound }.map(\.time))
        #expect(bad == Set(truth.filter { $0.fate == "refused" }.map { $0.time * 1_000 }) && bad.count > 30)
        #expect(truth.count { $0.fate == "lost" } > 15)
        let empty = spoiled.filter { row in ["o", "h", "l"].contains { row[$0] == nil } }
        #expect(empty.contains { $0.texts.count == 8 } && empty.contains { $0.texts.count < 8 }, "null and absent")
        desk.setPolygon(#"{"lost_session_rate":0,"contradictory_rate":0,"empty_cell_rate":0,"duplicate_rate":0,"conflicting_rate":0}"#)
        #expect(try desk.range("KO", "2023-01-01", "2025-06-10").rows == plain)
        desk.setPolygon(#"{"lost":{"KO":["2025-06-03","2025-06-04"]}}"#)
        #expect(try desk.range("KO", "2025-06-02", "2025-06-06").rows.count == 3)
    }

    @Test func answersGoWrong() throws {
        let desk = try makePolygon()
        let plain = try PolygonPage(desk.polygonAnswer(path)).rows
        for (fault, status) in [("http_429_rate", 429), ("http_500_rate", 500), ("http_503_rate", 503), ("timeout_rate", 0)] {
            desk.setPolygon(#"{"\#(fault)":1}"#)
            #expect(desk.polygonAnswer(path).status == status)
            desk.setPolygon(#"{"\#(fault)":0}"#)
        }
        desk.setPolygon(#"{"reset_rate":1}"#)
        #expect(desk.polygonAnswer(path).isBroken)
        desk.setPolygon(#"{"reset_rate":0,"truncated_rate":1,"stall_rate":1,"stall_ms":700}"#)
        #expect(desk.polygonAnswer(path).isCut && desk.polygonAnswer(path).pause == 700)
        desk.setPolygon(#"{"truncated_rate":0,"stall_rate":0,"garbage_rate":1,"garbage":["html"]}"#)
        let garbage = desk.polygonAnswer(path)
        #expect(garbage.status == 200 && garbage.type == "text/html")
        desk.setPolygon(#"{"garbage_rate":0,"wrong_ticker_rate":1,"wrong_counts_rate":1,"delayed":true}"#)
        let wrong = try PolygonPage(desk.polygonAnswer(path))
        #expect(wrong.body["ticker"]?.string != "AAPL" && wrong.body["resultsCount"]?.int == Int64(plain.count + 1) && wrong.rows == plain)
        #expect(wrong.body["status"]?.string == "DELAYED")
        desk.setPolygon(#"{"wrong_ticker_rate":0,"wrong_counts_rate":0,"stranger_rate":1,"off_midnight_rate":1}"#)
        let strange = try PolygonPage(desk.polygonAnswer(path)).rows
        #expect(strange.count == plain.count + 1 && strange.last?.time == 1_745_985_600_000)
        #expect(Set(strange.map(\.time)).subtracting(plain.map(\.time)).count == 2)
        let times = Set(try desk.grouped("2025-06-10").rows.map(\.time))
        #expect(times.isSuperset(of: [1_749_585_600_000, 1_749_499_200_000]) && times.count >= 2)
    }

    @Test func pagesGoWrong() throws {
        let desk = try makePolygon()
        desk.setPolygon(#"{"page_size":10,"repeated_bar_rate":1}"#)
        let seams = try desk.allPages("AAPL", "2025-05-01", "2025-06-10", "")
        let plain = try makePolygon().range("AAPL", "2025-05-01", "2025-06-10").rows
        #expect(seams.urls.count == 2 && seams.rows.count == plain.count + 2 && seams.rows[9] == seams.rows[10])
        desk.setPolygon(#"{"repeated_bar_rate":0,"looping_cursor_rate":1,"next_url_base":"https://api.massive.com"}"#)
        let first = try PolygonPage(desk.polygonAnswer(path))
        let next = try #require(first.next)
        #expect(next.hasPrefix("https://api.massive.com/v2/aggs/ticker/AAPL/range/1/day/1746072000000/2025-06-10?cursor="))
        let second = try PolygonPage(desk.polygonAnswer(String(next.dropFirst(23))))
        #expect(second.rows == first.rows && second.next == next)
    }

    @Test func plansEnd() throws {
        let desk = try makePolygon()
        desk.setPolygon(#"{"history_days":730,"grouped_lacking":7}"#)
        let old = desk.polygonAnswer("/v2/aggs/ticker/AAPL/range/1/day/2023-06-11/2025-06-10")
        #expect(old.status == 403 && String(decoding: old.body, as: UTF8.self).hasPrefix(#"{"status":"NOT_AUTHORIZED","request_id":""#))
        #expect(try desk.range("AAPL", "2023-06-12", "2025-06-10").rows.count == 501)
        #expect(desk.polygonAnswer("/v2/aggs/grouped/locale/us/market/stocks/2023-06-09").status == 403)
        let lacking = Set(try makePolygon().grouped("2025-06-10").rows.map { $0["T"] })
            .subtracting(try desk.grouped("2025-06-10").rows.map { $0["T"] }).compactMap(\.self)
        #expect(lacking.count == 7 && !lacking.contains { $0.hasPrefix("YAA") })
        for name in lacking {
            #expect(try desk.range(name, "2025-06-10", "2025-06-10").rows.count == 1)
            #expect(try desk.polygonTruth(name, "2025-06-10", "2025-06-11").map(\.grouped) == [false])
        }
        desk.setPolygon(#"{"grouped_forbidden":true}"#)
        #expect(desk.polygonAnswer("/v2/aggs/grouped/locale/us/market/stocks/2025-06-10").status == 403)
        #expect(desk.polygonAnswer(path).status == 200)
    }

    @Test func documentIsReadAsItIsWritten() throws {
        let desk = try makePolygon()
        desk.setPolygon(#"{"splits":[{"ticker":"AAPL","date":"2025-06-10","ratio":0.1}],"lost":{"KO":["2025-06-03"]},"page_size":9}"#)
        let told = try JSONValue(parsing: desk.get("/_sandbox/faults", [:]).body)
        let polygon = try #require(told["polygon"])
        #expect(desk.putFaults(#"{"polygon":\#(String(decoding: polygon.bytes, as: UTF8.self))}"#) == 200)
        #expect(try JSONValue(parsing: desk.get("/_sandbox/faults", [:]).body)["polygon"] == polygon)
        for bad in [
            #"{"page_size":0}"#, #"{"splits":[{"ticker":"A","date":"2025-06-10"}]}"#, #"{"http_500_rate":2}"#, #"{"unknown":1}"#,
            #"{"lost":{"KO":["x"]}}"#, #"{"next_url_base":5}"#,
        ] { #expect(desk.putFaults(#"{"polygon":\#(bad)}"#) == 400, "\(bad)") }
    }
}
