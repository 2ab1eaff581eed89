import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct FaultTests {
    private func desk(_ faults: String, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) throws -> Desk {
        let desk = try makeDesk(change)
        try desk.service.faults.change(by: Array(faults.utf8))
        return desk
    }

    private func isPage(_ answer: Answer) -> Bool { (try? JSONDecoder().decode(Page.self, from: Data(answer.body))) != nil }

    @Test func everyFaultIsSetShownAndTakenBack() throws {
        let desk = try desk(#"""
            {"emptyLastPageRate":0.1,"omitTotalPagesRate":0.2,"totalPagesDrift":0.3,"garbageRate":0.4,"garbage":["bom","nul"],
            "timeoutRate":0.5,"dropFieldRate":0.6,"wrongTypeRate":0.7,"latencyPerThousandRowsMs":1,"latencyPerRecentCallMs":2,
            "extraLagMinutes":3,"mixedVersions":true,
            "windowDays":9,"parallelLimit":4,"filters":{"real":"500"},"pageBase":{"pid":"zero"},"limitCeiling":77,
            "throttle":{"perHour":8,"retryAfter":"date:30"},"burst502":{"everySeconds":60,"seconds":5},"downSources":["pcp"],
            "lostDays":["2025-10-01"],"emptyDays":["2025-10-02"],"lateDays":{"2025-10-03":2}}
            """#)
        let shown = desk.service.faults.json
        var again = Sandbox.Faults()
        try again.change(by: shown)
        #expect(again.json == shown)
        let text = String(decoding: shown, as: UTF8.self)
        for part in [
            #""filters":{"real":"500","online":"works""#, #""pageBase":{"real":"both","online":"both","pid":"zero","pcp":"one"}"#,
            #""limitCeiling":{"real":77,"online":77,"pid":77,"pcp":77}"#, #""throttle":{"perHour":8,"retryAfter":"date:30"}"#,
            #""burst502":{"everySeconds":60,"seconds":5}"#, #""garbage":["bom","nul"]"#, #""lateDays":{"2025-10-03":2}"#,
        ] { #expect(text.contains(part), "\(part)") }
        try again.change(by: Array(#"{"burst502":null,"pageBase":null,"windowDays":null,"throttle":null,"garbage":[]}"#.utf8))
        #expect(again.burst502 == nil && again.pageBases.isEmpty && again.windowDays == nil && again.garbage.count == 7)
        for bad in [
            #"{"garbage":["x"]}"#, #"{"filters":{"x":"works"}}"#, #"{"lateDays":{"x":1}}"#, #"{"burst502":{"everySeconds":0,"seconds":1}}"#,
            #"{"throttle":{"retryAfter":"a\r\nb"}}"#, #"{"downSources":"pid"}"#, #"{"parallelLimit":"2"}"#, #"{"pageBase":"two"}"#,
        ] { #expect(throws: Sandbox.Faults.Refused.self, "\(bad)") { try again.change(by: Array(bad.utf8)) } }
    }

    @Test func totalPagesLieAsAsked() throws {
        let lacking = try desk(#"{"omitTotalPagesRate":1}"#).page("2025-12-01", page: 2, limit: 100)
        #expect(lacking.totalPages == nil && lacking.data.count == 100)
        let drifting = try desk(#"{"totalPagesDrift":0.5}"#)
        let told = try (0..<200).map { _ in try drifting.page("2025-12-01", page: 2, limit: 100).totalPages ?? -1 }
        #expect(Set(told) == [36, 37, 38, 39, 40, 41, 42])
        let last = try desk(#"{"emptyLastPageRate":1}"#)
        #expect(try last.page("2025-12-01", page: 39, limit: 100).data.isEmpty)
        #expect(try last.page("2025-12-01", page: 39, limit: 100).totalPages == 39)
        #expect(try last.page("2025-12-01", page: 38, limit: 100).data.count == 100)
    }

    @Test func garbageIsNoAnswer() throws {
        for kind in Sandbox.Faults.Garbage.allCases {
            let desk = try desk(#"{"garbageRate":1,"garbage":["\#(kind.rawValue)"]}"#)
            let answer = desk.find("2025-12-01", page: 1, limit: 100)
            #expect(answer.status == 200)
            #expect((try? JSONValue(parsing: answer.body))?["data"]?.array == nil, "\(kind)")
        }
        let mixed = try desk(#"{"garbageRate":0.3}"#)
        let bad = (0..<200).count { _ in !isPage(mixed.find("2025-12-01", page: 1, limit: 10)) }
        #expect((40...80).contains(bad))
    }

    @Test func spoiledRecordsAreCountedExactly() throws {
        for (source, field) in [(Source.online, "cmg_usd_mwh_"), (.pcp, "cmg_usd_mwh")] {
            let desk = try desk(#"{"dropFieldRate":0.1,"wrongTypeRate":0.1}"#)
            let answer = desk.listing(source, "2025-12-01", page: 1, limit: 500)
            let records = try #require(try JSONValue(parsing: answer.body)["data"]?.array)
            let (node, time) = source == .online ? ("barra_transf", "fecha_minuto") : ("llave_cmg", "fecha_hora")
            let bad = records.count { record in
                let price = record[field]?.numberText.flatMap { Decimal($0) }
                let isStamp = record[time]?.string.map { $0.hasPrefix("2025-12-01") } ?? false
                return record[node]?.string == nil || !isStamp || price.map { $0 > Decimal(10_000) } ?? true
            }
            #expect(records.count == 500 && bad == answer.spoiled && (60...140).contains(bad), "\(source) \(bad) \(answer.spoiled)")
            let log = String(decoding: desk.get("/_sandbox/calls", [:]).body, as: UTF8.self)
            #expect(log.contains(#""spoiled":\#(bad)"#))
        }
    }

    @Test func daysAreLostEmptyOrLate() throws {
        let lost = try desk(#"{"lostDays":["2025-12-01"]}"#)
        #expect(lost.find("2025-11-30", page: 1, limit: 10, to: "2025-12-02").status == 502)
        let empty = try desk(#"{"emptyDays":["2025-12-01"]}"#).page("2025-12-01", page: 1, limit: 100)
        #expect(empty.data.isEmpty && empty.totalPages == 0)
        // A day of its clock a second; asked for at 0, 1.99 and 2 days.
        let late = try makeDesk()
        try late.service.faults.change(by: Array(#"{"lateDays":{"2025-12-01":2}}"#.utf8))
        #expect(try late.page("2025-12-01", page: 1, limit: 100).data.isEmpty)
        try late.service.faults.change(by: Array(#"{"lateDays":{"2025-12-01":0}}"#.utf8))
        #expect(try late.page("2025-12-01", page: 1, limit: 100).data.count == 100)
        let soon = try makeDesk { $0.clockSpeed = 86_400_000 }
        try soon.service.faults.change(by: Array(#"{"lateDays":{"2025-12-01":2}}"#.utf8))
        #expect(try soon.page("2025-12-01", page: 1, limit: 100).totalPages == 0)
        while try soon.page("2025-12-01", page: 1, limit: 100).totalPages == 0 {}
        #expect(try soon.page("2025-12-01", page: 1, limit: 100).data.count == 100)
    }

    @Test func sourcesGoDownAndBurstsBegin() throws {
        let down = try desk(#"{"downSources":["pid","real"]}"#)
        let statuses = Source.allCases.map { down.listing($0, "2025-10-01", page: 1, limit: 10).status }
        #expect(statuses == [502, 200, 502, 200])
        #expect(try desk(#"{"burst502":{"everySeconds":1000,"seconds":1000}}"#).find("2025-12-01", page: 1, limit: 1).status == 502)
        #expect(try desk(#"{"burst502":{"everySeconds":1000,"seconds":0}}"#).find("2025-12-01", page: 1, limit: 1).status == 200)
    }

    @Test func sourcesHaveTheirOwnFiltersBasesAndCeilings() throws {
        let desk = try desk(#"{"filters":{"real":"ignored","online":"429"},"pageBase":{"online":"zero"},"limitCeiling":{"real":50}}"#)
        let real = desk.listing(.real, "2025-10-01", page: 1, limit: 50, more: ["bar_transf": "PIDPID________110"])
        #expect(try JSONDecoder().decode(Page.self, from: Data(real.body)).totalPages == 77)
        #expect(desk.listing(.real, "2025-10-01", page: 1, limit: 51).status == 502)
        #expect(desk.find("2025-12-01", page: 1, limit: 51, bus: "PIDPID________110").status == 429)
        #expect(try desk.page("2025-12-01", page: 0, limit: 50).data != desk.page("2025-12-01", page: 1, limit: 50).data)
    }

    @Test func busesComeAndGo() throws {
        let desk = try desk(#"{"changingBuses":true,"deepestPage":500}"#) { $0.buses = 200 }
        func nodes(_ date: String) throws -> Set<String> {
            let rows = try desk.scan(date, limit: 9_600)
            let truth = desk.get("/_sandbox/truth", ["from": date, "to": try #require(LocalDate(date)).advanced(by: 1).description])
            #expect(truth.body.split(separator: 10).count == rows.count)
            return Set(rows.map(\.barra_transf))
        }
        let (early, late) = (try nodes("2024-08-01"), try nodes("2025-12-01"))
        #expect(late.subtracting(early).count > 5 && early.subtracting(late).count > 1 && late.count > 180)
        #expect(desk.find("2025-12-01", page: 501, limit: 1).status == 502)
        desk.service.faults.changingBuses = false
        #expect(try nodes("2024-08-01").count == 200)
    }

    @Test func refusalsSayWhenAsTold() throws {
        for (after, said) in [("17", "17"), (#""date:30""#, HTTPDate.text(noon + 30)), (#""never""#, "never")] {
            let desk = try desk(#"{"throttle":{"perHour":0,"retryAfter":\#(after)}}"#)
            #expect(desk.find("2025-12-01", page: 1, limit: 1).fields.map(\.value) == [said])
        }
    }

    @Test func anotherOrderKeepsTheCount() throws {
        let desk = try desk(#"{"duplicateAndOmit":1}"#)
        let rows = try desk.scan("2025-12-01", limit: 100)
        #expect(rows.count == 3840 && Set(rows).count < 3000)
        // One page that holds everything has each row once, whatever its order.
        #expect(Set(try desk.page("2025-12-01", page: 1, limit: 4_000).data).count == 3840)
    }

    @Test func onlineCanBeLater() throws {
        let desk = try makeDesk()
        let before = try desk.scan("2025-12-03", limit: 4_000)
        try desk.service.faults.change(by: Array(#"{"extraLagMinutes":150}"#.utf8))
        let after = try desk.scan("2025-12-03", limit: 4_000)
        #expect(after.count + 40 * 8 < before.count && Set(after).isSubset(of: Set(before)))
        let truth = try desk.truth("PIDPID________110", "2025-12-03", "2025-12-04")
        #expect(truth.count { $0.fate == "served" } == after.count { $0.barra_transf == "PIDPID________110" })
    }

    @Test func sameSeedAndOrderSameFaults() throws {
        let faults = #"{"emptyPageRate":0.2,"garbageRate":0.2,"error502Rate":0.1,"duplicateAndOmit":0.3,"dropFieldRate":0.1}"#
        let (one, two) = (try desk(faults), try desk(faults))
        for page in 1...60 {
            let (first, second) = (one.find("2025-12-01", page: page, limit: 50), two.find("2025-12-01", page: page, limit: 50))
            #expect(first.status == second.status && first.body == second.body)
        }
    }

    @Test func theLogStaysCheapAndNamesNoKey() throws {
        var log = CallLog()
        for number in 0..<100_000 {
            let status = number % 10 == 0 ? 429 : 200
            log.add(.init(
                time: noon, key: number % 2 + 1, path: "/a", query: "page=\(number)", status: status, rows: 1, spoiled: 0, upstream: .sip))
        }
        let json = try JSONValue(parsing: log.json(since: 99_998), limit: 1_000_000)
        #expect(json["calls"]?.array?.count == 2 && json["calls"]?.array?.first?["number"]?.int == 99_998)
        #expect(json["total"]?.int == 100_000 && json["refused"]?.int == 10_000)
        #expect(json["keys"]?.array?.map { $0["paths"]?["/a"]?.int } == [50_000, 50_000])
        #expect(log.json(since: 0).count > 100_000 * 100)
        #expect(try JSONValue(parsing: log.json(since: 200_000))["calls"]?.array?.isEmpty == true)
    }
}
