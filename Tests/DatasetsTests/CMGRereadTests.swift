import Bytes
import Series
import Testing

@testable import Datasets

@Suite("CMG records read again")
struct CMGRereadTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private static let key = SeriesKey([Bench.bus, "online"])

    private func record(_ price: String) -> String {
        FakeRecord(bus: Bench.bus, date: "2025-12-01", hour: 13, minute: 45).json.split(separator: "57.18").joined(separator: price)
    }

    private func refused(_ records: [String]) throws -> [QuarantinedRecord] {
        let page = FakeListing.onePage(records.joined(separator: ", "), count: records.count)
        return try carryOut(bench.node("2025-12-01"), serve: page).quarantined
    }

    private func read(_ kept: QuarantinedRecord, _ leniently: Bool, of key: SeriesKey = key) -> Result<Row, RereadRefusal> {
        CMG.reread(zone: bench.zone, nodes: .builtIn)(
            key, KeptRecord(record: kept.record, time: kept.time, shape: "online-node", place: kept.place), leniently)
    }

    @Test func aRefusedPriceNamesItsSeriesItsQuarterAndItsPlace() throws {
        let quarantined = try refused([record("57.18"), record("10000.01"), record("null")])
        let time = bench.zone.instants(LocalDate("2025-12-01")!, hour: 13, minute: 45)[0]
        #expect(quarantined.map(\.series) == [0, 0] && quarantined.map(\.time) == [time, time])
        #expect(quarantined.map(\.place) == ["page 0 data[1]", "page 0 data[2]"])
        #expect(quarantined.map(\.reason) == ["cmg_usd_mwh_ is beyond 10,000 USD/MWh", "cmg_usd_mwh_ is not a number"])
        // Which quarter a record is of whose clocks disagree cannot be told.
        let odd = record("57.18").split(separator: "\"hra\": 13").joined(separator: "\"hra\": 14")
        #expect(try refused([odd]).map(\.time) == [nil])
    }

    @Test func onAPersonsWordAPriceMayBeBeyondTheRuleButMustBeOne() throws {
        let quarantined = try refused([record("10000.01"), record("null")])
        let row = try read(quarantined[0], true).get()
        #expect(row.series == 0 && row.time == quarantined[0].time && row.values[0] == .decimal(Decimal("10000.01")!))
        #expect(read(quarantined[0], false) == .failure(RereadRefusal("cmg_usd_mwh_ is beyond 10,000 USD/MWh")))
        #expect(read(quarantined[1], true) == .failure(RereadRefusal("cmg_usd_mwh_ is not a number")))
        // What passes the rules is a row by them, too.
        let good = QuarantinedRecord(reason: "an old rule", record: record("57.18"), series: 0, time: quarantined[0].time)
        #expect(try read(good, false).get().values[0] == .decimal(Decimal("57.18")!))
    }

    @Test func whatIsNoRecordOfTheSeriesIsNone() throws {
        let time = try refused([record("null")])[0].time
        func kept(_ text: String, time: Int64?) -> QuarantinedRecord { QuarantinedRecord(reason: "", record: text, series: 0, time: time) }
        let one = record("1")
        for text in ["", "[]", "null", "{", "\(one), \(one)", "\(one)]}", String(one.dropLast(9)) + "\u{2026}"] {
            #expect(throws: RereadRefusal.self, "\(text)") { try read(kept(text, time: time), true).get() }
        }
        #expect(throws: RereadRefusal("it does not say which hour it is of")) { try read(kept(record("1"), time: nil), true).get() }
        let other = SeriesKey(["QUELLON_______110", "online"])
        #expect(throws: RereadRefusal.self) { try read(kept(record("1"), time: time), true, of: other).get() }
        // Of another day than it was kept for.
        let day = record("1").split(separator: "2025-12-01").joined(separator: "2025-12-02")
        #expect(throws: RereadRefusal.self) { try read(kept(day, time: time), true).get() }
    }
}
