import Bytes
import Foundation
import Series
import Testing

@testable import Datasets

/// What was recorded of the upstream, where the machine has it (`GAPLESS_REAL_DATA`).
@Suite("Recordings")
struct RecordedTests {
    let bench: Bench
    let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"].map { $0 + "/cmg/" }

    init() throws { bench = try Bench() }

    private func data(_ path: String) throws -> [UInt8]? {
        guard let root else {
            print("SKIPPED: \(path) is not read, GAPLESS_REAL_DATA is not set")
            return nil
        }
        return Array(try Data(contentsOf: URL(filePath: root + path)))
    }

    /// A stored scan in which some rows came twice and others never, in the order in which they came. Its minutes were not recorded.
    private func scanned() throws -> [FakeRecord]? {
        guard let bytes = try data("pudidi/originals/cmg_historical_latest@68a5c20a4.json") else { return nil }
        struct File: Decodable {
            struct Row: Decodable {
                let date: String, hour: Int, node: String, cmg_usd: Double
            }
            let data: [Row]
        }
        let rows = try JSONDecoder().decode(File.self, from: Data(bytes)).data
        #expect(rows.count == 500)
        var values: [String: [Double]] = [:]
        return rows.map { row in
            var known = values["\(row.date) \(row.hour) \(row.node)", default: []]
            // On the closed days equal values are different quarters; on the running one they are rows that came again.
            var quarter = known.firstIndex(of: row.cmg_usd)
            if row.date != "2025-09-01" || quarter == nil {
                quarter = known.count
                known.append(row.cmg_usd)
                values["\(row.date) \(row.hour) \(row.node)"] = known
            }
            return FakeRecord(bus: row.node, date: row.date, hour: row.hour, minute: quarter! * 15, usd: "\(row.cmg_usd)")
        }
    }

    @Test func theDoubledScanIsNotTakenForWhole() throws {
        guard let scanned = try scanned() else { return }
        let buses = ["DALCAHUE______110", "NVA_P.MONTT___220", "PIDPID________110"]
        let closed = FakeListing(records: scanned.filter { $0.date == "2025-08-31" }, base: 1, limitMax: 50)
        let whole = try carryOut(bench.scan("2025-08-31", buses: buses), serve: closed.answer)
        #expect(whole.isProved)
        #expect(whole.rows.count == 288)
        let day = scanned.filter { $0.date == "2025-09-01" }
        #expect(day.count == 166)
        #expect(Set(day).count < day.count)
        let running = try carryOut(
            bench.scan("2025-09-01", buses: buses), serve: FakeListing(records: day, base: 1, limitMax: 50).answer)
        #expect(running.isUnproved, "\(String(describing: running.end))")
        #expect(running.rows.count >= 166)
        #expect(Set(running.rows.map { "\($0.series) \($0.time)" }).count == Set(day).count)
        let second = bench.zone.instants(LocalDate("2025-09-01")!, hour: 2, minute: 0)[0]
        let quarters = { (series: Int, from: Int64) in
            Set(running.rows.filter { $0.series == series && (from..<from + 3600).contains($0.time) }.map(\.time)).count
        }
        #expect(quarters(0, second) == 4, "all four came, twice")
        #expect(quarters(0, second + 3600) == 3)
        #expect(quarters(1, second + 3600) == 1)
    }

    /// A programme's export as the listing would serve it: hours of bus and price.
    private func programme(_ bytes: [UInt8], key: Int, time: Int = 0, price: Int) throws -> [(time: String, key: String, price: String)] {
        var reader = try CSVReader(bytes)
        _ = try reader.nextRow()
        var rows: [(String, String, String)] = []
        while try reader.nextRow() { rows.append((String(reader.text(time).prefix(19)), reader.text(key), reader.text(price))) }
        return rows
    }

    private func json(_ row: (time: String, key: String, price: String), issue: String, hour: Int) -> String {
        #"{"nmb_barra_info": "BA S/E", "llave_cmg": "\#(row.key)", "cmg_usd_mwh": \#(row.price), "fecha_hora": "\#(row.time)", "#
            + #""fecha_programa": "\#(issue)", "hora_programa": \#(hour), "zona": "Sur", "region": "Los Lagos"}"#
    }

    private var trunk: [String: String] {
        var nodes: [String: String] = [:]
        for node in ["ATACAMA_______220", "CARDONES______220", "CHARRUA_______220", "CRUCERO_______220", "P.AZUCAR______220",
            "P.MONTT_______220", "QUILLOTA______220", "TARAPACA______220"] {
            nodes[ProgrammeNodes.builtIn[node]!] = node
        }
        return nodes
    }

    /// 141 exports of 72 hours and eight buses: each day of each, digit for digit.
    @Test func theRecordedProgrammesAreReadAsTheyStand() throws {
        guard let root else { return }
        let folder = root + "portal_programado/"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".csv") }.sorted()
        #expect(files.count == 141)
        let nodes = trunk
        let buses = nodes.values.sorted()
        var rows = 0
        for file in files {
            let hours = try programme(Array(try Data(contentsOf: URL(filePath: folder + file))), key: 1, price: 2)
            let first = String(hours[0].time.prefix(10))
            for (date, day) in Dictionary(grouping: hours, by: { String($0.time.prefix(10)) }) {
                let body = day.map { json($0, issue: first, hour: 4) }.joined(separator: ", ")
                let outcome = try carryOut(
                    bench.exchange("pcp-scan", date, buses: buses), serve: FakeListing.onePage(body, count: day.count, from: 1))
                #expect(outcome.isProved, "\(file) \(date): \(String(describing: outcome.end))")
                rows += outcome.rows.count
                let issued = bench.zone.instants(LocalDate(first)!, hour: 4, minute: 0)[0]
                let expected = Set(day.map { hour in
                    let stamp = LocalStamp(Array(hour.time.utf8)[...])!
                    let instant = bench.zone.instants(LocalDate(date)!, hour: stamp.hour, minute: 0)[0]
                    return "\(nodes[hour.key]!) \(instant) \(Decimal(hour.price)!) \(issued)"
                })
                let found = Set(outcome.rows.map { row -> String in
                    guard case .decimal(let usd) = row.values[0], case .integer(let issued) = row.values[3] else { return "?" }
                    #expect(row.values[1] == .null && row.values[2] == .text("PCP"))
                    return "\(buses[row.series]) \(row.time) \(usd) \(issued)"
                })
                #expect(found == expected, "\(file) \(date)")
            }
        }
        #expect(rows == 81_216)
    }

    @Test func theRecordedIntradayProgrammeKeepsItsDigits() throws {
        guard let bytes = try data("pid_api/cmg_programado@528678d.csv") else { return }
        let hours = try programme(bytes, key: 1, price: 3)
        #expect(hours.count == 960)
        let keys = Set(hours.map(\.key)).sorted()
        #expect(keys.count == 8)
        let table = "node,programme_key\n" + keys.map { "N_\($0),\($0)\n" }.joined()
        let nodes = try ProgrammeNodes.builtIn.extended(byCSV: Array(table.utf8))
        let dataset = cmg(zone: bench.zone, following: CMG.Following(programmeNodes: nodes), rate: CMG.rate)
        var prices: [String] = []
        for (date, day) in Dictionary(grouping: hours, by: { String($0.time.prefix(10)) }) {
            let period = bench.day(date)
            let order = CallOrder(shape: "pid-scan", series: keys.map { SeriesKey(["N_\($0)", "pid"]) }, periods: period..<period + 1)
            let body = day.map { json($0, issue: "2026-02-17", hour: 0) }.joined(separator: ", ")
            let outcome = try carryOut(dataset.exchange(order), serve: FakeListing.onePage(body, count: day.count, from: 1))
            #expect(outcome.isProved)
            #expect(outcome.rows.count == day.count)
            for row in outcome.rows { if case .decimal(let usd) = row.values[0] { prices.append(usd.description) } }
        }
        #expect(prices.sorted() == hours.map { Decimal($0.price)!.description }.sorted())
        #expect(prices.contains("66.3493904428098"), "thirteen digits after the point")
    }
}
