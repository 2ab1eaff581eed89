import Bytes
@testable import Ingest
import Series
@testable import Store
import Testing

/// Waves of a dataset whose calls bring one series over any stretch, or all series of one slot.
@Suite struct SweepWaveTests {
    private static func dataset() -> Dataset {
        func shape(_ name: String, _ kind: CallShape.Kind) -> CallShape {
            CallShape(name: name, kind: kind, fixed: Cost(requests: 1), secondsPerRequest: 1)
        }
        return Dataset(
            name: "table", title: "Rows and columns", keys: ["name"], unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: 1, anchor: 0))), dueLag: { _ in 0 }, horizonDays: 1,
            shapes: [shape("row", .window(periods: 1000)), shape("column", .sweep)], periods: .every(seconds: 1, anchor: 0),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [],
            followed: ["a", "b", "c", "d"].map { SeriesKey([$0]) },
            continuity: Continuity(restated: { _, _ in false }, breaks: { _, _ in false }))
    }

    private static func plan(_ missing: [String: SlotSet], made: [Store.MadeCall]) -> [String] {
        let dataset = dataset()
        let series = dataset.followed.enumerated().map { place, key in
            StoredSeries(id: place, ledger: Ledger(key: key, held: SlotSet(0..<20).subtracting(missing[key.values[0]] ?? SlotSet())))
        }
        var ground = WayGround()
        ground.made = made
        let plan = Planning.plan(
            Selection(dataset: "table", from: 0, to: 20), of: dataset, series: series, findings: [:], now: 20, ground: ground)
        return plan.calls.map { "\($0.shape) \($0.seriesIDs) \($0.periods)" }.sorted()
    }

    /// A sweep that named two series brought neither: it would be the cheaper call still, and brings them no more than before.
    @Test func whatASweepDidNotBringIsAskedForByName() {
        let missing = ["a": SlotSet(5..<6), "b": SlotSet(5..<6)]
        #expect(Self.plan(missing, made: []) == ["column [0, 1] 5..<6"])
        let made = [Store.MadeCall(shape: "column", seriesIDs: [0, 1, 2, 3], periods: 5..<6, covers: 4)]
        #expect(Self.plan(missing, made: made) == ["row [0] 5..<6", "row [1] 5..<6"])
        // Of slots that it did not bring it says nothing; what is asked by name takes all that is lacking with it.
        let more = ["a": SlotSet(ranges: [5..<6, 7..<8]), "b": SlotSet(5..<6), "c": SlotSet(7..<8), "d": SlotSet(7..<8)]
        #expect(Self.plan(more, made: made) == ["column [2, 3] 7..<8", "row [0] 5..<8", "row [1] 5..<6"])
        let asked = made + [Store.MadeCall(shape: "row", seriesIDs: [0], periods: 5..<6, covers: 1)]
        #expect(Self.plan(missing, made: asked) == ["row [1] 5..<6"], "and no call is made twice")
    }
}
