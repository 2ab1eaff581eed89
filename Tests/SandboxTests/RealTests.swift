import Bytes
import Foundation
import Testing

@testable import Sandbox

@Suite struct RealTests {
    private func scan(_ desk: Desk, _ date: String, _ more: String = "") throws -> [Record] {
        var rows: [Record] = []
        var page = 1, pages = 1
        while page <= pages {
            let answer = desk.listing(.real, date, page: page, limit: 1000, more: ["type": more])
            try #require(answer.status == 200)
            let body = try JSONDecoder().decode(Page.self, from: Data(answer.body))
            rows += body.data
            pages = try #require(body.totalPages)
            page += 1
        }
        return rows
    }

    private func values(_ rows: [Record]) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: rows.map { ("\($0.barra_transf) \($0.fecha_minuto)", $0.cmg_usd_mwh_) })
    }

    @Test func envelopeIsOfReal() throws {
        let desk = try makeDesk()
        let text = String(decoding: desk.listing(.real, "2025-10-01", page: 99, limit: 3840).body, as: UTF8.self)
        #expect(text == #"{"data":[],"type":"REAL-DEF","totalPages":1,"page":99,"limit":3840}"#)
    }

    @Test func aDaySettlesInSteps() throws {
        let date = "2025-10-01"
        let start = try #require(LocalDate(date))
        var states: [[Record]] = []
        var ages: [Int] = []
        for age in 0...60 {
            let now = (start.daysSince1970 + age) * 86_400 + 22 * 3600
            let desk = try makeDesk { $0.clockStart = Int64(now) }
            let rows = try scan(desk, date)
            let truth = try desk.truth("PIDPID________110", date, "2025-10-02", source: "real")
            #expect(truth.count == 96 && truth.allSatisfy { $0.fate == (rows.isEmpty ? "later" : "served") })
            let mine = rows.filter { $0.barra_transf == "PIDPID________110" }
            #expect(rows.isEmpty || mine.map(\.cmg_usd_mwh_) == truth.map(\.usd))
            if Set(rows) != Set(states.last ?? []) {
                states.append(rows)
                ages.append(age)
            }
        }
        #expect(states.count == 3 && (8...10).contains(ages[0]) && (4...9).contains(ages[1] - ages[0]) && ages[2] - ages[1] >= 14)
        #expect(states.map(\.count) == [3840, 3840, 3840])
        #expect(states.map { Set($0.map(\.version)) } == [["REAL-PRE"], ["REAL-DEF"], ["REAL-DEF"]])
        let prices = states.map(values)
        let changes = (1...2).map { step in prices[step].filter { prices[step - 1][$0.key] != $0.value }.count }
        #expect((60...180).contains(changes[0]) && (15...70).contains(changes[1]), "\(changes)")
    }

    @Test func nothingBeforeTheFirstDay() throws {
        let desk = try makeDesk()
        #expect(try scan(desk, "2024-07-14").isEmpty && scan(desk, "2024-07-15").count == 3840)
        #expect(try desk.truth("PIDPID________110", "2024-07-14", "2024-07-15", source: "real").allSatisfy { $0.fate == "never" })
    }

    @Test func versionsMixAndAreAskedForByType() throws {
        let desk = try makeDesk()
        #expect(try scan(desk, "2025-10-01", "REAL-PRE").isEmpty)
        #expect(try scan(desk, "2025-10-01", "REAL-DEF").count == 3840)
        desk.service.faults.mixedVersions = true
        let rows = try scan(desk, "2025-10-01")
        #expect(rows.count == 7680 && Set(rows).count == 7680)
        #expect(Dictionary(grouping: rows, by: \.version).mapValues(\.count) == ["REAL-PRE": 3840, "REAL-DEF": 3840])
        #expect(try scan(desk, "2025-10-01", "REAL-PRE").count == 3840)
    }

    @Test func busesComeOneBehindTheOther() throws {
        let rows = try scan(try makeDesk(), "2025-10-01")
        for block in stride(from: 0, to: 3840, by: 96) {
            #expect(Set(rows[block..<block + 96].map(\.barra_transf)).count == 1)
        }
    }

    @Test func oddDaysHaveTheirTruth() throws {
        let desk = try makeDesk()
        let long = try desk.truth("PIDPID________110", "2025-04-05", "2025-04-06", source: "real")
        #expect(long.count == 100 && long.count { $0.fate == "foreign" } == 4 && long.count { $0.fate == "never" } == 4)
        let short = try desk.truth("PIDPID________110", "2025-09-07", "2025-09-08", source: "real")
        #expect(short.count == 92 && short.allSatisfy { $0.fate == "served" })
    }
}
