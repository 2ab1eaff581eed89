import Bytes
import Foundation
import Testing

@testable import Sandbox

/// The folder of recorded prices (`pudidi/`, `raw_api/`); its tests are skipped, loudly, where it is not given.
private let recorded: String? = {
    if let path = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"], !path.isEmpty { return path + "/cmg" }
    print("SKIPPED: GAPLESS_REAL_DATA names no folder of recorded prices; the recording's tests did not run")
    return nil
}()

@Suite struct RecordingTests {
    private struct Line: Decodable, Hashable {
        let date: String
        let hour: Int
        let node: String
        let cmg_usd: Double
        let data_points: Int?
    }

    private struct Hour: Hashable {
        let node, date: String
        let hour: Int
    }

    /// A folder of its own with these lines.
    private func folder(_ lines: [String]) throws -> String {
        let path = NSTemporaryDirectory() + "gapless-recording-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path + "/pudidi", withIntermediateDirectories: true)
        try lines.joined(separator: "\n").write(toFile: path + "/pudidi/one.jsonl", atomically: true, encoding: .utf8)
        return path
    }

    @Test func hourlyValueFillsItsQuartersAndSaysSo() throws {
        func line(_ stamp: String, _ date: String, _ hour: Int, _ clp: String, _ usd: String, _ more: String = "") -> String {
            #"{"datetime":"\#(stamp)","date":"\#(date)","hour":\#(hour),"node":"A_____________110","#
                + #""cmg_real":\#(clp),"cmg_usd":\#(usd)\#(more)}"#
        }
        let path = try folder([
            line("2025-10-01 00:00", "2025-10-01", 0, "68815.6875", "71.29091500000001", #","data_points":4"#),
            line("2025-10-01T00:00:00", "2025-10-01", 0, "50000", "51.5"),
            line("2025-10-01 01:00", "2025-10-01", 1, "60000", "60.123456", #","data_points":8"#),
            line("2025-09-07 00:00", "2025-09-07", 0, "0", "0"),
            line("2025-09-07 01:00", "2025-09-07", 1, "9000", "9.5"),
            "",
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let desk = try makeDesk { $0.recording = path }
        let answer = desk.find("2025-10-01", page: 0, limit: 100, bus: "A_____________110")
        #expect(answer.fields.map { "\($0.name): \($0.value)" } == ["Gapless-Sandbox: hourly-value-for-four-quarters"])
        let rows = try JSONDecoder().decode(Page.self, from: Data(answer.body)).data
        #expect(rows.map(\.cmg_usd_mwh_) == [51.5, 51.5, 51.5, 51.5, 60.12346, 60.12346, 60.12346, 60.12346])
        #expect(rows.map(\.cmg_clp_kwh_).prefix(5) == [50, 50, 50, 50, 60])
        #expect(rows.map(\.min) == [0, 15, 30, 45, 0, 15, 30, 45])
        #expect(rows.allSatisfy { $0.barra_info == "nan" && $0.id_info == nil })
        let short = try desk.page("2025-09-07", page: 0, limit: 100, bus: "A_____________110").data
        #expect(short.map(\.hra) == [0, 0, 0, 0, 1, 1, 1, 1] && short.map(\.cmg_usd_mwh_) == [0, 0, 0, 0, 9.5, 9.5, 9.5, 9.5])
        #expect(try desk.truth("A_____________110", "2025-09-07", "2025-09-08").count == 4)
        #expect(desk.service.market.buses.map(\.node) == ["A_____________110"])
    }

    @Test func folderWithoutARecordingIsRefused() {
        #expect(throws: Recording.Failure.self) { try makeDesk { $0.recording = "/nonexistent" } }
    }

    @Test(.enabled(if: recorded != nil)) func everyRecordedHourIsServedAndNoOther() throws {
        let path = try #require(recorded)
        var hours: [Hour: Line] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path + "/pudidi").sorted() where name.hasSuffix(".jsonl") {
            for text in try String(contentsOfFile: path + "/pudidi/" + name, encoding: .utf8).split(separator: "\n") {
                let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
                let hour = Hour(node: line.node, date: line.date, hour: line.hour)
                if let old = hours[hour], old.data_points == nil || line.data_points != nil { continue }
                hours[hour] = line
            }
        }
        let nodes = Set(hours.keys.map(\.node))
        #expect(nodes.count == 3)
        let desk = try makeDesk {
            $0.recording = path
            $0.clockStart = 1_775_000_000
        }
        var served: [Hour: [Double]] = [:]
        let first = try #require(LocalDate("2025-08-20")), last = try #require(LocalDate("2026-03-20"))
        for node in nodes {
            for date in first...last {
                for row in try desk.page(date.description, page: 0, limit: 200, bus: node).data {
                    served[Hour(node: node, date: row.fecha, hour: row.hra), default: []].append(row.cmg_usd_mwh_)
                }
            }
        }
        #expect(Set(served.keys) == Set(hours.keys))
        for (hour, line) in hours {
            let values = served[hour] ?? []
            #expect(values.count == 4 && values.allSatisfy { abs($0 - line.cmg_usd) < 0.000_005_1 }, "\(hour)")
        }
        let phantom = nodes.map { served[Hour(node: $0, date: "2025-09-07", hour: 0)] }
        #expect(phantom.allSatisfy { $0 == [0, 0, 0, 0] })
    }

    private struct RawAnswer: Decodable {
        let data: [Record]
    }

    @Test(.enabled(if: recorded != nil)) func recordedBusDaysAreServedRowByRow() throws {
        let path = try #require(recorded)
        let desk = try makeDesk {
            $0.recording = path
            $0.clockStart = 1_775_000_000
        }
        let node = "A.BLANCAS_____013"
        for date in ["2025-04-05", "2025-09-07"] {
            let file = try Data(contentsOf: URL(fileURLWithPath: path + "/raw_api/api_\(node)_\(date).json"))
            let expected = try JSONDecoder().decode([Record].self, from: file)
            let answer = desk.listing(.real, date, page: 0, limit: 200, more: ["bar_transf": node])
            #expect(try JSONDecoder().decode(RawAnswer.self, from: Data(answer.body)).data == expected && expected.count == 96)
            #expect(answer.fields.isEmpty)
            let next = try #require(LocalDate(date)).advanced(by: 1).description
            let told = desk.get("/_sandbox/truth", ["node": node, "from": date, "to": next, "source": "real"])
            let truth = try told.body.split(separator: 10).map { try JSONValue(parsing: Array($0)) }
            let fates = Dictionary(grouping: truth.compactMap { $0["fate"]?.string }, by: { $0 }).mapValues(\.count)
            #expect(fates == (date == "2025-04-05" ? ["served": 92, "foreign": 4, "never": 4] : ["served": 92]))
        }
        let page = desk.listing(.online, "2025-12-01", page: 0, limit: 100, more: ["bar_transf": "D.AMIGOS______110"])
        #expect(try JSONDecoder().decode(RawAnswer.self, from: Data(page.body)).data.map(\.cmg_usd_mwh_) == [46.1206])
        let real = desk.listing(.real, "2025-12-01", page: 0, limit: 100)
        #expect(String(decoding: real.body, as: UTF8.self).hasPrefix(
            #"{"data":[{"id_info":991,"barra_info":"BA S/E ALTO MELIPILLA 220KV BP1 [NO_MOSTRAR]","barra_transf":"A.MELIP_______220","#))
        #expect(real.rows == 3)
    }

    @Test(.enabled(if: recorded != nil)) func recordedProgrammesAreServedAsIssues() throws {
        let path = try #require(recorded)
        let desk = try makeDesk {
            $0.recording = path
            $0.clockStart = 1_775_000_000
        }
        let folder = path + "/portal_programado"
        var expected: [String: [String: String]] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".csv") }
        for name in names {
            for line in try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst() {
                let parts = line.split(separator: ",")
                expected["\(parts[0].prefix(19)) \(parts[1])", default: [:]][name] = String(parts[2])
            }
        }
        #expect(names.count == 141)
        var rows = 0
        for date in try #require(LocalDate("2025-10-14"))...(try #require(LocalDate("2026-03-09"))) {
            let served = try Dictionary(grouping: desk.programme(.pcp, date.description)) { "\($0.hour) \($0.llave_cmg)" }
            for (hour, records) in served {
                rows += records.count
                let values = try #require(expected[hour]).values.compactMap { Double($0) }.sorted()
                #expect(records.map(\.cmg_usd_mwh).sorted() == values)
                #expect(Set(records.map { "\($0.fecha_programa) \($0.hora_programa)" }).count == records.count)
            }
        }
        #expect(rows == 81_216)
        let pid = try (17...21).flatMap { try desk.programme(.pid, "2026-02-\($0)") }
        #expect(pid.count == 960 && Set(pid.map(\.llave_cmg)).count == 8 && pid.contains { $0.region == "Biobío" })
        let truth = try desk.truth(programme: .pid, [("node", "PMontt220"), ("from", "2026-02-17"), ("to", "2026-02-18")])
        #expect(truth.count == 24 && truth[0].usd.map { abs($0 - 64.838294972) < 1e-6 } == true)
    }

    @Test(.enabled(if: recorded != nil)) func aStoredScanIsServedAsItCame() throws {
        struct Stored: Decodable {
            let data: [Line]
        }
        let file = try #require(recorded) + "/pudidi/originals/cmg_historical_latest@68a5c20a4.json"
        let stored = try JSONDecoder().decode(Stored.self, from: Data(contentsOf: URL(fileURLWithPath: file))).data
        let desk = try makeDesk { $0.scan = file }
        var rows: [Record] = []
        for date in ["2025-08-30", "2025-08-31", "2025-09-01"] { rows += try desk.scan(date, limit: 37) }
        #expect(rows.count == 500)
        #expect(rows.map { "\($0.fecha) \($0.hra) \($0.barra_transf) \($0.cmg_usd_mwh_)" }
            == stored.map { "\($0.date) \($0.hour) \($0.node) \($0.cmg_usd)" })
        // All four values twice; three of four twice; one of four.
        func minutes(_ node: String, _ hour: Int) -> [Int] {
            rows.filter { $0.barra_transf == node && $0.fecha == "2025-09-01" && $0.hra == hour }.map(\.min)
        }
        #expect(minutes("DALCAHUE______110", 2) == [0, 15, 30, 45, 0, 15, 30, 45])
        #expect(minutes("DALCAHUE______110", 3) == [0, 15, 30, 0, 15, 30])
        #expect(minutes("NVA_P.MONTT___220", 3) == [0])
        let truth = try desk.truth("DALCAHUE______110", "2025-09-01", "2025-09-02")
        let held = rows.filter { $0.barra_transf == "DALCAHUE______110" && $0.fecha == "2025-09-01" }
        #expect(truth.count == Set(held).count && truth.allSatisfy { $0.fate == "served" })
        #expect(desk.listing(.real, "2025-08-31", page: 0, limit: 10).rows == 0)
    }
}
