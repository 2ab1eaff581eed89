import Bytes
import Foundation
import Testing

@testable import Sandbox

/// One served record of a programme.
struct ProgrammeRecord: Decodable, Hashable {
    let nmb_barra_info, llave_cmg: String
    let cmg_usd_mwh: Double
    let fecha_hora, fecha_programa: String
    let hora_programa: Int
    let zona, region: String
    let hra: Int

    var hour: String { fecha_hora.replacingOccurrences(of: "T", with: " ") }
}

struct ProgrammePage: Decodable {
    let data: [ProgrammeRecord]
    let totalPages: Int?
}

struct ProgrammeTruth: Decodable {
    let node: String
    let instant: Int64
    let usd: Double?
    let fate: String
    let issued: Int64?
    let name: String
    let bus: String?
}

extension Desk {
    func listing(_ source: Source, _ date: String, page: Int, limit: Int, more: KeyValuePairs<String, String> = [:]) -> Answer {
        let query = [("startDate", date), ("endDate", date), ("page", "\(page)"), ("limit", "\(limit)"), ("user_key", "k")]
        let all = (query + more.map { ($0.key, $0.value) }).map { (name: $0.0, value: $0.1) }
        return answer("GET", Question(path: source.path, query: all))
    }

    func programme(_ source: Source, _ date: String) throws -> [ProgrammeRecord] {
        var rows: [ProgrammeRecord] = []
        var page = 1, pages = 1
        while page <= pages {
            let answer = listing(source, date, page: page, limit: 500)
            try #require(answer.status == 200)
            let body = try JSONDecoder().decode(ProgrammePage.self, from: Data(answer.body))
            rows += body.data
            pages = try #require(body.totalPages)
            page += 1
        }
        return rows
    }

    func truth(programme source: Source, _ query: [(String, String)]) throws -> [ProgrammeTruth] {
        let asked = [("source", source.rawValue)] + query
        let answer = answer("GET", Question(path: "/_sandbox/truth", query: asked.map { (name: $0.0, value: $0.1) }))
        try #require(answer.status == 200)
        return try answer.body.split(separator: 10).map { try JSONDecoder().decode(ProgrammeTruth.self, from: Data($0)) }
    }
}

@Suite struct ProgrammeTests {
    @Test func recordsLookLikeTheProgrammes() throws {
        let desk = try makeDesk()
        let text = String(decoding: desk.listing(.pcp, "2025-12-01", page: 1, limit: 1).body, as: UTF8.self)
        let shape = try Regex(
            #"^\{"data":\[\{"nmb_barra_info":"[^"]+","llave_cmg":"[^"_]+","cmg_usd_mwh":\d+\.\d+,"fecha_hora":"2025-12-01[ T]\d\d:00:00","#
                + #""fecha_programa":"2025-\d\d-\d\d","hora_programa":4,"zona":"[^"]+","region":"[^"]+","hra":\d+\}\],"#
                + #""totalPages":\d+,"page":1,"limit":1\}$"#)
        #expect(text.firstMatch(of: shape) != nil, "\(text)")
        let rows = try desk.programme(.pcp, "2025-12-01")
        let decimals = String(decoding: desk.listing(.pcp, "2025-12-01", page: 1, limit: 500).body, as: UTF8.self)
        #expect(decimals.contains(#/"cmg_usd_mwh":\d+\.\d{12,13},/#))
        let letters = rows.count { $0.fecha_hora.contains("T") }
        #expect(letters > rows.count / 25 && letters < rows.count / 5)
        let names = Dictionary(rows.map { ($0.llave_cmg, $0.nmb_barra_info) }, uniquingKeysWith: { first, _ in first })
        #expect(names["Chiloe110"] == "BA S/E CHILOE 110KV BP1" && names["Chonchi110"] == "BA S/E CHONCHI 110KV BP1")
        #expect(names["PMontt220"] == "BA S/E PUERTO MONTT 220KV BP1")
        #expect((10...20).contains(names.count))
        #expect(desk.listing(.pid, "2025-12-01", page: 0, limit: 10).status == 502)
        #expect(desk.listing(.pid, "2025-12-01", page: 1, limit: 5_001).status == 502)
        let filtered = desk.listing(.pid, "2025-12-01", page: 1, limit: 10, more: ["bar_transf": "CHILOE________110"])
        #expect(filtered.body == desk.listing(.pid, "2025-12-01", page: 1, limit: 10).body)
    }

    @Test func anHourStandsInSeveralIssues() throws {
        let desk = try makeDesk()
        for (source, issues, hours) in [(Source.pcp, 3, 24), (.pid, 4, 24)] {
            let rows = try desk.programme(source, "2025-12-01").filter { $0.llave_cmg == "PMontt220" }
            let byHour = Dictionary(grouping: rows, by: \.hour)
            #expect(byHour.count == hours && byHour.values.allSatisfy { $0.count == issues }, "\(source)")
            #expect(Set(rows.map { "\($0.hour) \($0.fecha_programa) \($0.hora_programa)" }).count == rows.count)
            let spread = byHour.values.map { ($0.map(\.cmg_usd_mwh).max() ?? 0) - ($0.map(\.cmg_usd_mwh).min() ?? 0) }
            #expect(spread.contains { $0 > 15 })
            let truth = try desk.truth(programme: source, [("node", "PMontt220"), ("from", "2025-12-01"), ("to", "2025-12-02")])
            #expect(truth.count == 24 && truth.allSatisfy { $0.fate == "served" && $0.bus == "P.MONTT_______220" })
            let newest = byHour.mapValues { $0.max { ($0.fecha_programa, $0.hora_programa) < ($1.fecha_programa, $1.hora_programa) } }
            #expect(truth.map(\.usd) == newest.sorted { $0.key < $1.key }.map { $0.value?.cmg_usd_mwh })
            let all = try desk.truth(programme: source, [
                ("node", "P.MONTT_______220"), ("from", "2025-12-01"), ("to", "2025-12-02"), ("all", "issues"),
            ])
            #expect(all.count == rows.count && Set(all.compactMap(\.usd)) == Set(rows.map(\.cmg_usd_mwh)))
        }
    }

    @Test func anIssueIsServedFromItsPublicationOn() throws {
        // 2025-12-03 in Santiago, from midnight on.
        let midnight = noon - 12 * 3600
        var counts: [Source: [Int]] = [:]
        for minutes in stride(from: 0, through: 23 * 60, by: 20) {
            let desk = try makeDesk { $0.clockStart = midnight + Int64(minutes) * 60 }
            for source in [Source.pcp, .pid] {
                counts[source, default: []].append(try desk.programme(source, "2025-12-03").filter { $0.llave_cmg == "Chiloe110" }.count)
                let truth = try desk.truth(programme: source, [("node", "Chiloe110"), ("from", "2025-12-03"), ("to", "2025-12-04")])
                #expect(truth.allSatisfy { ($0.fate == "served") == (($0.issued ?? .max) <= desk.service.clock.now && $0.fate != "later") })
            }
        }
        let pcp = try #require(counts[.pcp]), pid = try #require(counts[.pid])
        #expect(pcp.first == 48 && pcp.last == 72 && Set(pcp) == [48, 72])
        #expect(zip(pid, pid.dropFirst()).allSatisfy { $0 <= $1 } && Set(pid).count == 5)
        #expect((12...14).contains(pcp.firstIndex(of: 72) ?? 0))
        let late = try makeDesk { $0.clockStart = midnight }
        let ahead = try late.truth(programme: .pcp, [("node", "Chiloe110"), ("from", "2025-12-06"), ("to", "2025-12-07")])
        #expect(ahead.count == 24 && ahead.allSatisfy { $0.fate == "later" })
    }

    @Test func oddDays() throws {
        let desk = try makeDesk()
        let long = try desk.truth(programme: .pcp, [("node", "Chiloe110"), ("from", "2025-04-05"), ("to", "2025-04-06")])
        #expect(long.count == 25 && long.map(\.fate).suffix(3) == ["served", "never", "served"])
        let rows = try desk.programme(.pcp, "2025-04-05").filter { $0.llave_cmg == "Chiloe110" && $0.hra == 23 }
        #expect(rows.map(\.cmg_usd_mwh).contains(try #require(long[24].usd)) && rows.count == 3)
        #expect(try desk.truth(programme: .pcp, [("node", "Chiloe110"), ("from", "2025-09-07"), ("to", "2025-09-08")]).count == 23)
        let skipped = try desk.programme(.pcp, "2025-09-07").filter { $0.llave_cmg == "Chiloe110" && $0.hra == 0 }
        #expect(skipped.count == 3 && skipped.allSatisfy { $0.cmg_usd_mwh == 0 })
    }

    @Test func fullGridHasProgrammesForAPart() throws {
        let desk = try makeDesk { $0.buses = Sandbox.Configuration.allBuses }
        let buses = desk.service.programmes.buses
        #expect((215...260).contains(buses.count), "\(buses.count)")
        #expect(Set(buses.map(\.key)).count == buses.count && !buses.contains { $0.node == "NVA_P.MONTT___220" })
        let answer = desk.listing(.pid, "2025-12-01", page: 1, limit: 5_000)
        #expect(answer.rows == 5_000)
    }
}
