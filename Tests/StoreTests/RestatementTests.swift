import Bytes
import EventLoop
import Foundation
import Postgres
import Series
@testable import Store
import Testing

/// Days that close at noon and fall due four hours later; a price that is halved has been restated.
private enum Halved {
    static let day: Int64 = 86_400
    static let schema = RowSchema(
        table: "halved_rows", columns: [.init("price", .integer)],
        migrations: [
            .init(name: "0001 halved", sql: """
                create table halved_rows (
                    series_id int not null references series, time timestamptz not null, price bigint not null, task_id bigint,
                    primary key (series_id, time));
                """)
        ])

    static func price(_ values: [Value]) -> Int64 { if case .integer(let price) = values[0] { price } else { 0 } }

    /// Every seventh day has no slot.
    static func dataset() -> Dataset {
        let sessions = SlotSet(ranges: stride(from: 0, to: 700, by: 7).map { $0..<$0 + 6 })
        let calendar = Calendar(ruler: .every(seconds: Int(day), anchor: 0), existing: .sessions(sessions))
        return Dataset(
            name: "halved", title: "Halved", keys: ["name"], unit: "1", zone: .utc, calendars: .alike(calendar), dueLag: { _ in 4 * 3600 },
            horizonDays: 30, shapes: [], periods: .every(seconds: Int(day), anchor: 0), upstream: .nowhere,
            exchange: { _ in preconditionFailure("this dataset makes no calls") }, schema: schema, slotFields: [], partFields: [],
            followed: [SeriesKey(["a"]), SeriesKey(["b"])], absenceWords: .always("nothing"),
            dueFrom: .close { Int64($0) * day + 12 * 3600 },
            continuity: Continuity(
                restated: { price($0) == 2 * price($1) }, breaks: { price($0) >= 2 * price($1) }))
    }
}

extension StoreUnderTest {
    /// A call of the first series (or of both) over some days that brought these prices by day.
    fileprivate func call(
        _ prices: [Int: Int64], over days: Range<Int>, at now: Int64, series: Int = 0, proved: Bool = true
    ) async throws -> RowCounts {
        _ = try await store.insertIngestion(
            Store.NewIngestion(
                dataset: dataset.name, selection: "{}", selectionDigest: UUID().uuidString, planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 1, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
                calls: [StoredCall(shape: "s", seriesIDs: [ids[series]], periods: days, covers: 1, requests: 1, tokens: 0)], filedAt: 0))
        let task = try #require(try await claim())
        var result = TaskResult(ended: proved ? .proved : .unproved, reason: "")
        result.askedAt = now
        result.rows = prices.sorted { $0.key < $1.key }.map { day, price in
            StoredRow(seriesID: ids[series], time: Int64(day) * Halved.day, values: [.integer(price)])
        }
        return try await store.finish(task, with: result, dataset: dataset, now: now)
    }

    /// Held for good, and for now.
    fileprivate func judgedLedger(_ series: Int = 0) async throws -> Ledger {
        let key = dataset.followed[series]
        let all = try await store.ledgers(of: dataset, now: 0)
        let own = all.first { $0.key == key }
        return try #require(own).ledger
    }

    fileprivate func reason(of day: Int, at now: Int64) async throws -> String? {
        let span = Int64(day) * Halved.day..<Int64(day + 1) * Halved.day
        let one = try #require(try await store.snapshot(of: dataset, choose: { [$0[0].id] }, notes: span, span: { _ in nil }).series.first)
        let calendar = dataset.calendar(of: one.key)
        let gaps = one.ledger.gaps(
            in: day..<day + 1, calendar: calendar, dueBefore: dataset.dueBefore(one.key, now: now), notes: one.notes.runs)
        return gaps.first.map { gap in "\(gap.state) \(gap.note.map { gap.state == .missing ? one.notes.remarks[$0] : "" } ?? "")" }
    }
}

@Suite("Rows that do not stand yet") struct RestatementTests {
    private static let day = Halved.day

    @Test func aSlotIsDueFourHoursAfterItsClose() {
        let dataset = Halved.dataset()
        let key = dataset.followed[0]
        for (now, before) in [(0, 0), (16 * 3600 - 1, 0), (16 * 3600, 1), (Self.day + 16 * 3600 - 1, 1), (Self.day + 16 * 3600, 2)] {
            #expect(dataset.dueBefore(key, now: now) == before, "\(now)")
            #expect(dataset.due(before, of: key) > now && (before == 0 || dataset.due(before - 1, of: key) <= now))
        }
    }

    /// A bar of a session that is not over is there to be seen, and is asked for again.
    @Test func whatCameTooEarlyIsMissingOnceItIsDue() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            let noon = 9 * Self.day + 12 * 3600
            _ = try await held.call([8: 100, 9: 101], over: 8..<10, at: noon)
            var ledger = try await held.judgedLedger()
            #expect(ledger.held == SlotSet(8..<9) && ledger.provisional == SlotSet(9..<10))
            #expect(try await held.held().count == 2, "both rows are shown")
            #expect(try await held.reason(of: 9, at: noon) == "pending ")
            #expect(try await held.reason(of: 9, at: noon + Self.day) == "missing provisional")
            #expect(held.dataset.lacking(ledger, from: 0, to: 20 * Self.day, now: noon + Self.day).missing.contains(9))
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            // Later, and still not due; then the day as it ended, which is the same this time.
            _ = try await held.call([9: 102], over: 9..<10, at: noon + 3600)
            #expect(try await held.judgedLedger().provisional == SlotSet(9..<10))
            let counts = try await held.call([9: 102], over: 9..<10, at: noon + Self.day)
            #expect(counts.unchanged == 1)
            ledger = try await held.judgedLedger()
            #expect(ledger.held == SlotSet(8..<10) && ledger.provisional.isEmpty)
            #expect(try await held.revisions().map { Halved.price($0.old) } == [101])
            // What is known for good is not unsettled by a bar that was asked for earlier.
            _ = try await held.call([9: 102], over: 9..<10, at: noon)
            #expect(try await held.judgedLedger().provisional.isEmpty)
        }
    }

    /// A held value comes back halved: all before it is by the old measure.
    @Test func aRestatedValueUnsettlesWhatIsOlder() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            _ = try await held.call(Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, 100) }), over: 0..<6, at: 20 * Self.day)
            _ = try await held.call(Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, 100) }), over: 0..<6, at: 20 * Self.day, series: 1)
            _ = try await held.call([7: 98], over: 7..<8, at: 20 * Self.day)
            _ = try await held.call([7: 49], over: 7..<8, at: 20 * Self.day)
            let ledger = try await held.judgedLedger()
            #expect(ledger.held == SlotSet(7..<8) && ledger.provisional == SlotSet(0..<6))
            #expect(try await held.judgedLedger(1).provisional.isEmpty, "each series by itself")
            let again = Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, Int64(50)) })
            let counts = try await held.call(again, over: 0..<6, at: 21 * Self.day)
            #expect(counts.revised == 6)
            #expect(try await held.judgedLedger().provisional.isEmpty)
            #expect(try await held.judgedLedger().held == SlotSet(ranges: [0..<6, 7..<8]))
            #expect(try await held.revisions().count == 7)
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
        }
    }

    /// The next slot, past a day without one, lies a halving lower.
    @Test func aFallFromOneSlotToTheNextUnsettlesWhatIsOlder() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            let old = Dictionary(uniqueKeysWithValues: (1..<6).map { ($0, Int64(100)) })
            _ = try await held.call(old, over: 0..<6, at: 20 * Self.day)
            _ = try await held.call([7: 48], over: 7..<8, at: 20 * Self.day)
            #expect(try await held.judgedLedger().provisional == SlotSet(1..<6))
            // It fell indeed: the same comes again, stands, and unsettles nothing any more.
            let counts = try await held.call(old, over: 0..<6, at: 21 * Self.day)
            #expect(counts.unchanged == 5)
            #expect(try await held.judgedLedger().provisional.isEmpty)
            _ = try await held.call([7: 48], over: 7..<8, at: 21 * Self.day)
            #expect(try await held.judgedLedger().provisional.isEmpty)
        }
    }

    /// Nothing was told of the slot at which it fell, or of the one before.
    @Test func aFallAcrossSlotsWithoutARowUnsettlesWhatIsOlder() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            _ = try await held.call([1: 100, 2: 100], over: 1..<4, at: 20 * Self.day)
            #expect(try await held.judgedLedger().absent == SlotSet(3..<4))
            _ = try await held.call([4: 48], over: 4..<5, at: 20 * Self.day)
            #expect(try await held.judgedLedger().provisional == SlotSet(1..<3))
        }
    }

    /// Two calls of one ingestion, one after the other over a halving: the later one tells nothing of what the earlier has just brought. Of
    /// what it brought long ago, before it was resumed, it does.
    @Test(arguments: [("1 minute", SlotSet(0..<2)), ("3 days", SlotSet(0..<3))])
    func whatCameBesideItIsByTheSameMeasure(apart: String, provisional: SlotSet) async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            _ = try await held.call([0: 100, 1: 100], over: 0..<2, at: 20 * Self.day)
            _ = try await held.store.insertIngestion(
                Store.NewIngestion(
                    dataset: held.dataset.name, selection: "{}", selectionDigest: UUID().uuidString, planID: nil, requestedBy: "test",
                    figures: PlanFigures(
                        gaps: 1, slots: 1, cost: Cost(requests: 2), lowerBound: Cost(requests: 2), optimality: .proven,
                        estimatedSeconds: 1),
                    calls: (2..<4).map { day in
                        StoredCall(shape: "s", seriesIDs: [held.ids[0]], periods: day..<day + 1, covers: 1, requests: 1, tokens: 0)
                    }, filedAt: 0))
            for (day, price) in [(2, Int64(90)), (3, 45)] {
                let task = try #require(try await held.claim())
                var result = TaskResult(ended: .proved, reason: "")
                result.askedAt = 20 * Self.day
                result.rows = [StoredRow(seriesID: held.ids[0], time: Int64(day) * Self.day, values: [.integer(price)])]
                _ = try await held.store.finish(task, with: result, dataset: held.dataset, now: 20 * Self.day)
                _ = try await held.store.pool.query("""
                    update tasks set begun_at = begun_at - \(apart)::interval where id = \(task.id)
                    """)
            }
            #expect(try await held.judgedLedger().provisional == provisional)
        }
    }

    @Test func whatLiesFartherApartTellsNothing() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            _ = try await held.call([1: 100, 2: 100], over: 1..<3, at: 40 * Self.day)
            _ = try await held.call([17: 48], over: 17..<18, at: 40 * Self.day)
            #expect(try await held.judgedLedger().provisional.isEmpty, "a fortnight lies between them")
            // A call that brings both halves of a fall tells of the slot before its own first one only.
            _ = try await held.call([21: 48, 22: 20], over: 21..<23, at: 40 * Self.day)
            #expect(try await held.judgedLedger().provisional.isEmpty)
        }
    }

    /// The upstream has nothing there any more: the slot is absent, and its row stays what it was.
    @Test func silenceOnAProvisionalSlotIsAbsence() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { _, held in
            _ = try await held.call([1: 100, 2: 100], over: 1..<3, at: 20 * Self.day)
            _ = try await held.call([3: 50], over: 3..<4, at: 20 * Self.day)
            #expect(try await held.judgedLedger().provisional == SlotSet(1..<3))
            _ = try await held.call([2: 50], over: 1..<3, at: 20 * Self.day)
            let ledger = try await held.judgedLedger()
            #expect(ledger.absent == SlotSet(1..<2) && ledger.held == SlotSet(2..<4) && ledger.provisional == SlotSet(1..<2))
            #expect(try await held.reason(of: 1, at: 21 * Self.day) == "absent ")
            #expect(try await held.held().count == 3)
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
        }
    }

    @Test func aRepairKeepsWhatIsProvisional() async throws {
        try await StoreUnderTest.with(Halved.dataset()) { loop, held in
            _ = try await held.call([1: 100, 2: 100, 3: 100], over: 1..<4, at: 20 * Self.day)
            _ = try await held.call([4: 50], over: 4..<5, at: 20 * Self.day)
            _ = try await held.store.pool.query("update coverage set held = held - '{[2,3)}' where series_id = \(Int32(held.ids[0]))")
            #expect(try await held.store.repairCoverage(of: held.ids[0], held.dataset, now: 0))
            let ledger = try await held.judgedLedger()
            #expect(ledger.held == SlotSet(4..<5) && ledger.provisional == SlotSet(1..<4))
        }
    }
}
