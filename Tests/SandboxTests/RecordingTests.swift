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
}
