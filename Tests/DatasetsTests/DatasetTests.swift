import Bytes
import Foundation
import Series
import Testing

@testable import Datasets

@Suite("The dataset cmg")
struct DatasetTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    @Test func theCatalogHoldsIt() throws {
        let all = Catalog.all(santiago: bench.zone, utc: try Zone.load("Etc/UTC"), newYork: try Zone.load("America/New_York"))
        #expect(Catalog.names == all.map(\.name))
        #expect(all.map(\.name) == ["cmg", "kraken", "accounts", "equities", "keepa"])
        #expect(all[0].followed.count == 9 * 2 + 2 * 2, "two of the nine are in the programmes")
        #expect(all[0].followed.allSatisfy { $0.values.count == all[0].keys.count && $0.values[0].count == 17 })
        #expect(Set(all[0].followed).count == all[0].followed.count)
        #expect(Set(all[0].shapes.map(\.channel)) == Set(all[0].followed.map { all[0].channel($0) }), "every channel has its shapes")
        let few = CMG.Following(nodes: [Bench.bus, "P.MONTT_______220", Bench.bus], sources: [.online, .pcp])
        #expect(few.series.map(\.description) == ["CHILOE________220/online", "P.MONTT_______220/online", "P.MONTT_______220/pcp"])
    }

    @Test func slotsAndPartsGoThereAndBack() throws {
        let calendar = bench.dataset.calendar(of: bench.dataset.followed[0])
        for day in [bench.day("2025-04-05"), bench.day("2025-09-07"), bench.day("2025-12-01")] {
            let instants = bench.dataset.periods.instants(of: day..<day + 1)
            let slots = calendar.ruler.slots(from: instants.lowerBound, to: instants.upperBound)
            #expect(calendar.ruler.instants(of: slots) == instants, "days are whole slots")
            for slot in slots {
                #expect(calendar.ruler.slot(containing: calendar.ruler.start(of: slot)) == slot)
                #expect(calendar.ruler.slot(containing: calendar.ruler.end(of: slot) - 1) == slot)
                #expect(bench.dataset.periods.slot(containing: calendar.ruler.start(of: slot)) == day)
                #expect(calendar.partRuler.start(of: slot * 4) == calendar.ruler.start(of: slot))
            }
        }
        let odd = { (date: String) in
            let instants = bench.dataset.periods.instants(of: bench.day(date)..<bench.day(date) + 1)
            return calendar.expected(in: calendar.ruler.slots(from: instants.lowerBound, to: instants.upperBound)).count
        }
        #expect(odd("2025-04-05") == 25)
        #expect(odd("2025-09-07") == 23)
    }

    /// Until the second 23:00 is sure to have come, what the upstream shows under 23:00 may still be the first one's.
    @Test func theDoubledHourIsTakenOnlyOnceItIsSettled() throws {
        let day = bench.day("2025-04-05")
        let second = try Timestamp.parse("2025-04-05T23:00:00-04:00")
        let days = { (now: Int64) in CMGDays(day..<day + 1, source: .online, zone: bench.zone, now: now) }
        #expect(days(second + 12 * 3600 - 1).hour(23, day: day) == .unsettled)
        #expect(days(second + 12 * 3600).hour(23, day: day) == .at(second))
        #expect(days(second + 4 * 3600 - 1).unsettled == nil, "it is not due")
        #expect(days(second + 4 * 3600).unsettled != nil)
        #expect(days(second + 12 * 3600).unsettled == nil)
        let records = FakeRecord.day("2025-04-05", bus: Bench.bus)
        let outcome = try carryOut(
            bench.exchange("online-node", "2025-04-05", now: second + 5 * 3600), serve: FakeListing(records: records).answer)
        #expect(outcome.isUnproved)
        #expect(outcome.rows.count == 88)
    }

    @Test func aSlotIsDueThreeHoursAfterItsEnd() {
        let key = SeriesKey([Bench.bus, "online"])
        let end = bench.dataset.calendar(of: bench.dataset.followed[0]).ruler.end(of: 490_000)
        #expect(bench.dataset.dueBefore(key, now: end + 3 * 3600) == 490_001)
        #expect(bench.dataset.dueBefore(key, now: end + 3 * 3600 - 1) == 490_000)
    }

    /// Whoever sleeps until then finds one slot more due, and not a second before.
    @Test(arguments: ["real", "online", "pid", "pcp"])
    func theNextSlotFallsDueWhenItIsSaidTo(source: String) {
        let key = SeriesKey([Bench.bus, source])
        let hour = bench.dataset.calendar(of: bench.dataset.followed[0]).ruler.start(of: 490_000)
        for now in [hour, hour + 1, hour + 1800, hour + 3599] {
            let next = bench.dataset.nextDue(key, now: now)
            #expect(next > now && next <= now + 3600)
            #expect(bench.dataset.dueBefore(key, now: next - 1) == bench.dataset.dueBefore(key, now: now))
            #expect(bench.dataset.dueBefore(key, now: next) == bench.dataset.dueBefore(key, now: now) + 1)
        }
    }

    @Test func callsAreDeterministic() throws {
        let listing = FakeListing(records: FakeRecord.day("2025-12-01", bus: Bench.bus).dropLast(), limitMax: 20)
        let calls = try (0..<2).map { _ in
            try ["online-node", "online-scan"].map { try carryOut(bench.exchange($0, "2025-12-01"), serve: listing.answer).requests }
        }
        #expect(calls[0] == calls[1])
        for requests in calls[0] {
            #expect(Set(requests).count == requests.count)
            #expect(requests.allSatisfy { !$0.query.contains { $0.name == "user_key" } }, "the secret is the caller's")
        }
    }

    @Test func costsFollowThePlannersRules() throws {
        let shapes = bench.dataset.shapes
        #expect(shapes.map(\.name) == ["real-node", "real-scan", "online-node", "online-scan", "pid-scan", "pcp-scan"])
        #expect(shapes[0].cost(periods: 31, series: 1) == Cost(requests: 1))
        #expect(shapes[1].cost(periods: 1, series: 9) == Cost(requests: 41))
    }

    @Test func fieldsPointAtColumns() throws {
        let schema = bench.dataset.table.schema
        #expect(schema.columns.map(\.name) == ["usd", "clp", "version", "issued"])
        #expect(schema.index(of: "usd") == CMG.Column.usd)
        #expect(schema.rank == schema.index(of: "issued"))
        #expect(schema.index(of: "clp") == CMG.Column.clp)
        #expect(bench.dataset.table.slotFields.map(\.name) == ["datetime", "hour", "node", "source", "cmg_value", "cmg_clp", "quarters"])
        #expect(bench.dataset.table.partFields.map(\.name) == ["datetime", "hour", "node", "source", "cmg_value", "cmg_clp"])
        #expect(Set(schema.migrations.map(\.name)).count == schema.migrations.count)
        #expect(schema.migrations[1].sql.contains("at time zone 'America/Santiago'"))
    }

    /// Bodies as the API gave them, where the machine has them.
    @Test func recordedBodiesAreRead() throws {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: recorded bodies are not read, GAPLESS_REAL_DATA is not set")
            return
        }
        func recorded(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(filePath: "\(root)/cmg/raw_api/\(name)")), as: UTF8.self)
        }
        // Four of the hour before the doubled one, four of the hour that never was.
        for (date, dropped) in [("2025-04-05", 4), ("2025-09-07", 4)] {
            let bus = "A.BLANCAS_____013"
            let data = try recorded("api_\(bus)_\(date).json")
            let records = String(data[data.firstIndex(of: "{")!...data.lastIndex(of: "}")!])
            let outcome = try carryOut(bench.exchange("real-node", date, buses: [bus]), serve: FakeListing.onePage(records, count: 96))
            #expect(outcome.isProved)
            #expect(outcome.rows.count == 92)
            #expect(outcome.dropped == dropped)
            #expect(outcome.quarantined.isEmpty)
        }
        let page = try recorded("cmg_online_page.json")
        let scan = try carryOut(bench.scan("2025-12-01", buses: ["D.AMIGOS______110", "DEGAN_________013"])) { _ in page }
        #expect(scan.rows.map(\.series) == [0, 1])
        #expect(scan.rows[0].values == [.decimal(Decimal("46.1206")!), .decimal(Decimal("42.85249")!), .text("EN LINEA"), .null])
        let empty = try recorded("cmg_real_empty_page.json")
        #expect(try carryOut(bench.scan("2025-12-01")) { _ in empty }.isUnproved)
    }
}
