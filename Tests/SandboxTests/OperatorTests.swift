import Bytes
import Foundation
import Testing

@testable import Sandbox

/// One served record.
struct Record: Decodable, Hashable {
    let id_info: Int?
    let barra_info, barra_transf, fecha: String
    let hra, min: Int
    let cmg_clp_kwh_, cmg_usd_mwh_: Double
    let version, fecha_hora, fecha_minuto: String
}

struct Page: Decodable {
    let data: [Record]
    let totalPages: Int?
    let page, limit: Int
}

struct TruthLine: Decodable {
    let node: String
    let instant: Int64
    let usd: Double
    let fate: String
}

/// 2025-12-03 12:00 in Santiago.
let noon: Int64 = 1_764_774_000

func makeDesk(_ change: (inout Sandbox.Configuration) -> Void = { _ in }) throws -> Desk {
    var configuration = Sandbox.Configuration()
    configuration.clockStart = noon
    configuration.clockSpeed = 0
    configuration.quota = 1_000_000
    change(&configuration)
    return try Desk(configuration)
}

extension Desk {
    func get(_ path: String, _ query: KeyValuePairs<String, String>) -> Answer {
        answer("GET", Question(path: path, query: query.map { (name: $0.key, value: $0.value) }))
    }

    func find(_ date: String, page: Int, limit: Int, bus: String = "", to: String? = nil) -> Answer {
        get(Source.online.path, [
            "startDate": date, "endDate": to ?? date, "page": "\(page)", "limit": "\(limit)", "bar_transf": bus, "user_key": "k",
        ])
    }

    func page(_ date: String, page: Int, limit: Int, bus: String = "", to: String? = nil) throws -> Page {
        let answer = find(date, page: page, limit: limit, bus: bus, to: to)
        try #require(answer.status == 200)
        return try JSONDecoder().decode(Page.self, from: Data(answer.body))
    }

    /// All rows by pages from 1, as `totalPages` says.
    func scan(_ date: String, limit: Int = 500) throws -> [Record] {
        let first = try page(date, page: 1, limit: limit)
        let pages = try #require(first.totalPages)
        return try first.data + (pages < 2 ? [] : (2...pages).flatMap { try page(date, page: $0, limit: limit).data })
    }

    func truth(_ node: String, _ from: String, _ to: String, source: String = "online") throws -> [TruthLine] {
        let answer = get("/_sandbox/truth", ["node": node, "from": from, "to": to, "source": source])
        try #require(answer.status == 200)
        return try answer.body.split(separator: 10).map { try JSONDecoder().decode(TruthLine.self, from: Data($0)) }
    }
}

@Suite struct OperatorTests {
    @Test func closedDayIsWholeHoweverItIsPaged() throws {
        let desk = try makeDesk()
        for limit in [7, 500, 4_000] {
            let rows = try desk.scan("2025-12-01", limit: limit)
            #expect(rows.count == 40 * 96)
            #expect(Set(rows.map { "\($0.barra_transf) \($0.fecha_minuto)" }).count == 40 * 96)
            #expect(Set(rows.map(\.fecha)) == ["2025-12-01"])
        }
        #expect(try desk.page("2025-12-01", page: 0, limit: 50).data == desk.page("2025-12-01", page: 1, limit: 50).data)
        let past = try desk.page("2025-12-01", page: 99_999, limit: 500)
        #expect(past.data.isEmpty && past.totalPages == 8 && past.page == 99_999 && past.limit == 500)
        #expect(try desk.page("2025-12-01", page: Int.max, limit: 500).data.isEmpty)
    }

    @Test func recordsLookLikeTheOperators() throws {
        let desk = try makeDesk()
        let answer = desk.find("2025-12-01", page: 0, limit: 1, bus: "QUELLON_______013")
        let text = String(decoding: answer.body, as: UTF8.self)
        let value = #/\d+\.\d{1,5}/#
        let shape = try Regex(
            #"^\{"data":\[\{"id_info":null,"barra_info":"nan","barra_transf":"QUELLON_______013","fecha":"2025-12-01","hra":0,"min":0,"#
                + #""cmg_clp_kwh_":\d+\.\d{1,5},"cmg_usd_mwh_":\d+\.\d{1,5},"version":"EN LINEA","fecha_hora":"2025-12-01 00:00","#
                + #""fecha_minuto":"2025-12-01 00:00"\}\],"totalPages":96,"page":0,"limit":1\}$"#)
        #expect(text.firstMatch(of: shape) != nil, "\(text)")
        #expect(text.firstMatch(of: value) != nil)
        let rows = try desk.scan("2025-12-01")
        #expect(rows.allSatisfy { $0.barra_transf.count == 17 })
        for node in ["CHILOE________220", "NVA_P.MONTT___220", "PEÑABLANCA____013", "PENABLANCA____013", "DALCAHUE______023"] {
            #expect(rows.contains { $0.barra_transf == node }, "\(node)")
        }
        #expect(rows.contains { $0.barra_info.hasSuffix(" [NO_MOSTRAR]") })
        let rates = Set(rows.filter { $0.cmg_usd_mwh_ > 10 }.map { ($0.cmg_clp_kwh_ / $0.cmg_usd_mwh_ * 10_000).rounded() })
        #expect(rates.count == 1)
    }

    @Test func pricesHaveTheRightCharacter() throws {
        let market = GeneratedMarket(seed: 7, buses: 40, zone: try Zone.load("America/Santiago"))
        var night: [Double] = [], day: [Double] = [], near = 0.0, far = 0.0, count = 0.0, highest = 0.0
        for hour in 0..<(24 * 200) {
            let quarter = 1_750_000_000 / 900 * 900 + Int64(hour) * 3600
            let values = market.buses.indices.map { Double(market.dollars(bus: $0, quarter: quarter, .online)?.units ?? -1) / 1e5 }
            #expect(values.allSatisfy { (0...900).contains($0) })
            highest = max(highest, values.max() ?? 0)
            let local = market.zone.local(at: quarter).hour
            if local < 6 { night += values } else if (8...17).contains(local) { day += values }
            near += abs(values[0] - values[8])
            far += abs(values[0] - values[10])
            count += 1
        }
        let zeros = { (values: [Double]) in Double(values.count { $0 == 0 }) / Double(values.count) }
        #expect((0.02...0.09).contains(zeros(night)))
        #expect((0.32...0.43).contains(zeros(day)))
        #expect(near * 3 < far)
        #expect(highest > 600)
    }

    @Test func sameSeedSameWorld() throws {
        let (one, two) = (try makeDesk(), try makeDesk())
        #expect(try one.scan("2025-11-30") == two.scan("2025-11-30"))
        let other = try makeDesk { $0.seed = 2 }
        #expect(try one.scan("2025-11-30") != other.scan("2025-11-30"))
    }

    @Test func filterIsZeroBased() throws {
        let desk = try makeDesk()
        let node = "CHILOE________110"
        let all = try desk.page("2025-12-01", page: 0, limit: 96, bus: node)
        #expect(all.data.count == 96 && all.totalPages == 1 && all.data.allSatisfy { $0.barra_transf == node })
        #expect(try desk.page("2025-12-01", page: 1, limit: 96, bus: node).data.isEmpty)
        #expect(try Set(all.data) == Set(desk.scan("2025-12-01").filter { $0.barra_transf == node }))
        #expect(try desk.page("2025-12-01", page: 0, limit: 96, bus: "NO_SUCH_BUS___110").data.isEmpty)
        let truth = try desk.truth(node, "2025-12-01", "2025-12-02")
        #expect(truth.map(\.usd) == all.data.sorted { $0.fecha_minuto < $1.fecha_minuto }.map(\.cmg_usd_mwh_))
        #expect(truth.allSatisfy { $0.fate == "served" })
    }

    @Test func dayOf25HoursComesAs96Rows() throws {
        let desk = try makeDesk()
        let rows = try desk.page("2025-04-05", page: 0, limit: 200, bus: "PIDPID________110").data
        #expect(rows.count == 96 && Set(rows.map(\.fecha_minuto)).count == 96)
        let truth = try desk.truth("PIDPID________110", "2025-04-05", "2025-04-06")
        #expect(truth.count == 100)
        // 03:00 UTC is the second 23:00.
        #expect(rows.filter { $0.hra == 23 }.map(\.cmg_usd_mwh_) == truth.suffix(4).map(\.usd))
        #expect(truth.suffix(8).map(\.fate) == Array(repeating: "never", count: 4) + Array(repeating: "served", count: 4))
        let foreign = truth.filter { $0.fate == "foreign" }
        #expect(foreign.count == 4)
        #expect(zip(rows.filter { $0.hra == 22 }, foreign).allSatisfy { $0.cmg_usd_mwh_ != $1.usd })
    }

    @Test func dayOf23HoursComesWithFourZeros() throws {
        let desk = try makeDesk()
        let rows = try desk.page("2025-09-07", page: 0, limit: 200, bus: "PIDPID________110").data
        #expect(rows.count == 96)
        #expect(rows.filter { $0.hra == 0 }.map(\.cmg_usd_mwh_) == [0, 0, 0, 0])
        let truth = try desk.truth("PIDPID________110", "2025-09-07", "2025-09-08")
        #expect(truth.count == 92 && truth.allSatisfy { $0.fate == "served" })
        #expect(rows.filter { $0.hra > 0 }.map(\.cmg_usd_mwh_) == truth.map(\.usd))
    }

    @Test func todayGrowsBehindTheClock() throws {
        var counts: [Int] = []
        for minutes in stride(from: 0, through: 240, by: 5) {
            let desk = try makeDesk { $0.clockStart = noon + Int64(minutes) * 60 }
            let rows = try desk.scan("2025-12-03", limit: 4_000)
            counts.append(rows.count)
            let newest = try #require(rows.map { $0.hra * 60 + $0.min }.max())
            #expect((90...160).contains(720 + minutes - newest))
            let whole = Dictionary(grouping: rows, by: \.fecha_minuto).filter { $0.value.count == 40 }
            // At most an hour of quarters opens at one moment.
            #expect(whole.count >= newest / 15 - 4)
        }
        #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 <= $1 } && counts[0] < counts[48])
        #expect(counts.contains { $0 % 40 != 0 })
        let desk = try makeDesk()
        let tomorrow = try desk.page("2025-12-04", page: 1, limit: 10)
        #expect(tomorrow.data.isEmpty && tomorrow.totalPages == 0)
        #expect(try desk.truth("PIDPID________110", "2025-12-03", "2025-12-04").contains { $0.fate == "later" })
    }

    @Test func windowRolls() throws {
        let desk = try makeDesk { $0.faults.windowDays = 10 }
        #expect(try desk.scan("2025-11-22").isEmpty)
        #expect(try desk.scan("2025-11-23").count == 3_840)
        #expect(try desk.truth("PIDPID________110", "2025-11-22", "2025-11-23").allSatisfy { $0.fate == "never" })
    }

    @Test func ranges() throws {
        let desk = try makeDesk()
        let rows = try desk.page("2025-11-01", page: 0, limit: 10_000, bus: "PIDPID________110", to: "2025-12-01").data
        #expect(rows.count == 31 * 96)
        #expect(desk.find("2025-11-01", page: 1, limit: 10, to: "2025-12-02").status == 502)
        #expect(desk.find("2025-12-02", page: 1, limit: 10, to: "2025-12-01").status == 400)
    }

    @Test func fullModeHasTheOperatorsSize() throws {
        let desk = try makeDesk { $0.buses = Sandbox.Configuration.allBuses }
        let first = try desk.page("2025-12-01", page: 1, limit: 4_000)
        #expect(first.data.count == 4_000 && first.totalPages == 38)
        let last = try desk.page("2025-12-01", page: 38, limit: 4_000)
        #expect(last.data.count == 151_584 - 37 * 4_000)
        #expect(Set(desk.service.market.buses.map(\.node)).count == 1_579)
        #expect(desk.service.market.buses.allSatisfy { $0.node.count == 17 })
    }
}
