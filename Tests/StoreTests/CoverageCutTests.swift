import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

/// Ledgers of a stretch of time beside the whole ones.
@Suite struct CoverageCutTests {
    private static let now: Int64 = 20_000 * 86_400
    /// What is known lies in these days.
    private static let known = now - 40 * 86_400..<now + 10 * 86_400

    /// Fills coverage and absences with anything.
    private static func fill(_ held: StoreUnderTest, doubt: String, _ random: inout Seeded) async throws {
        for one in try await held.store.entries(of: held.dataset.name).sorted(by: { $0.id < $1.id }) {
            let calendar = held.dataset.calendar(of: one.key)
            let slots = calendar.ruler.slots(from: known.lowerBound, to: known.upperBound)
            let parts = slots.lowerBound * calendar.parts..<slots.upperBound * calendar.parts
            func some(in span: Range<Int>) -> SlotSet { SlotSet(ranges: random.ranges(12, in: span, longest: max(1, span.count / 8))) }
            let absent = some(in: slots)
            try await held.store.pool.query("""
                update coverage set held = \(.ranges(some(in: parts).ranges)), absent = \(.ranges(absent.ranges)),
                    excluded = \(.ranges(some(in: slots).ranges)), unfillable = \(.ranges(some(in: slots).ranges)),
                    quarantined = \(.ranges(some(in: slots).ranges))
                where series_id = \(one.id)
                """)
            if random.chance(30) {
                let middle = slots.lowerBound + random.below(slots.count)
                try await held.store.pool.query("update series set lifetime = int8range(\(middle), null) where id = \(one.id)")
            }
            for run in absent.ranges {
                let isDoubt = random.chance(40)
                let next: Int64? = isDoubt || random.chance(50) ? now + Int64(random.below(2000) - 1000) : nil
                try await held.store.pool.query("""
                    insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, next_at, task_id)
                    values (\(one.id), \(run.lowerBound), \(run.upperBound), \(isDoubt ? doubt : "no_record"), now(), now(), 1, 1,
                        \(.instant(next)), 1)
                    """)
            }
        }
    }

    /// What is cut off is what the whole has there, and what follows from it is the same.
    private static func compare(_ held: StoreUnderTest, in span: Range<Int64>, _ place: String) async throws {
        let dataset = held.dataset
        let whole = try await held.store.ledgers(of: dataset, now: now)
        let cut = try await held.store.ledgers(of: dataset, in: span, now: now)
        #expect(cut.map(\.id) == whole.map(\.id), "\(place)")
        for (one, all) in zip(cut.map(\.ledger), whole.map(\.ledger)) {
            let calendar = dataset.calendar(of: one.key)
            let slots = CoverageCut(dataset: dataset, span: span).slots(of: one.key)
            #expect(SlotSet(slots).isSuperset(of: SlotSet(dataset.slots(of: one.key, from: span.lowerBound, to: span.upperBound))))
            let parts = slots.lowerBound * calendar.parts..<slots.upperBound * calendar.parts
            let place = "\(place) \(span) \(one.key)"
            #expect(one.key == all.key && one.lifetime == all.lifetime, "\(place)")
            #expect(one.held == all.held.intersection(parts), "\(place)")
            for set in [\Ledger.absent, \.excluded, \.unfillable, \.quarantined, \.recheck, \.resting] {
                #expect(one[keyPath: set] == all[keyPath: set].intersection(slots), "\(place) \(set)")
            }
            for set in [\Ledger.unexpected, \.untold] {
                #expect(one[keyPath: set].intersection(slots) == all[keyPath: set].intersection(slots), "\(place) \(set)")
            }
            let due = dataset.dueBefore(one.key, now: now)
            func states(_ ledger: Ledger) -> [String] {
                ledger.states(in: slots, calendar: calendar, dueBefore: due).map { "\($0.state) \($0.slots.ranges)" }
            }
            #expect(states(one) == states(all), "\(place)")
            #expect(
                one.missing(in: slots, calendar: calendar, dueBefore: due) == all.missing(in: slots, calendar: calendar, dueBefore: due),
                "\(place)")
        }
    }

    private static func look(_ held: StoreUnderTest, doubt: String, _ seed: UInt64) async throws {
        var random = Seeded(seed)
        try await fill(held, doubt: doubt, &random)
        for round in 0..<25 {
            let from = known.lowerBound - 86_400 + Int64(random.below(known.count))
            let length = [0, 1, 1800, 90_000, 86_400 * 9, 86_400 * 70][random.below(6)]
            try await compare(held, in: from..<from + Int64(length), "seed \(seed) round \(round)")
        }
        // Whole days.
        try await compare(held, in: now - 7 * 86_400..<now, "seed \(seed)")
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func ofSlotsWithPartsTheyAreTheWholeOnesThere(_ seed: UInt64) async throws {
        try await StoreUnderTest.with(halves()) { _, held in try await Self.look(held, doubt: "no_record", seed) }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func ofSeveralLengthsTheyAreTheWholeOnesThere(_ seed: UInt64) async throws {
        try await StoreUnderTest.with(Candles.dataset(["A"], [15, 1440, 10_080])) { _, held in
            try await Self.look(held, doubt: "no_record", seed)
        }
    }

    @Test(arguments: [31, 32, 33, 34] as [UInt64])
    func whereARosterTellsTheyAreTheWholeOnesThere(_ seed: UInt64) async throws {
        try await Counted.with(["a", "b", "c"]) { _, held in try await Self.look(held, doubt: "counts_differ", seed) }
    }
}
