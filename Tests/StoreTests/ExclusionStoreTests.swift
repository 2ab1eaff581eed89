import Bytes
import EventLoop
import Series
@testable import Store
import Testing

/// An exclusion over series of one length beside those of other lengths.
@Suite struct ExclusionStoreTests {
    @Test(arguments: [1, 60, 1440])
    func slotsAreTheNumbersOfTheirSeries(_ interval: Int) async throws {
        let dataset = Candles.dataset(["A", "B"], [1, 60, 1440])
        try await StoreUnderTest.with(dataset) { _, test in
            let from: Int64 = 20_000 * 86_400
            let to = from + 10 * 86_400
            let meant = dataset.followed.filter { $0.values[1] == String(interval) }
            let ids = zip(dataset.followed, test.ids).filter { meant.contains($0.0) }.map(\.1)
            let slots = dataset.slots(of: meant[0], from: from, to: to)
            let made = try await test.store.exclude(
                Store.NewExclusion(
                    dataset: "candles", keys: "{}", seriesIDs: ids, from: from, to: to, slots: slots, note: "halted", madeBy: "test"),
                now: to)
            #expect(made.slots == 14_400 / interval && made.series == 2 && made.from == from && made.to == to)
            func look() async throws -> [StoredSeries] {
                // A look that begins on the last excluded day sees what has begun before.
                try await test.store.snapshot(of: dataset, choose: { $0.map(\.id) }, notes: to - 86_400..<to, span: { _ in nil }).series
            }
            for one in try await look() {
                let excluded = meant.contains(one.key) ? slots : nil
                #expect(one.ledger.excluded == excluded.map { SlotSet($0) } ?? SlotSet(), "\(one.key)")
                #expect((one.notes.runs[.excluded] ?? []).map(\.slots) == (excluded.map { [$0] } ?? []), "\(one.key)")
                let tally = one.ledger.tally(
                    in: dataset.slots(of: one.key, from: from, to: to + 86_400), calendar: dataset.calendar(of: one.key),
                    dueBefore: dataset.dueBefore(one.key, now: to + 86_400))
                #expect(tally.excluded == excluded?.count ?? 0)
            }
            #expect(try await test.store.verify(dataset).findings.isEmpty)
            #expect(try await test.store.lift(exclusion: made.id, of: "candles", by: "test", now: to))
            #expect(try await look().allSatisfy { $0.ledger.excluded.isEmpty && $0.notes.exclusions.isEmpty })
        }
    }
}
