import Bytes
import EventLoop
import Series
import Store
import Testing

/// Hours in two halves of a series with a reach, and one without: what gap memory is tried on.
enum Memory {
    static let dueLag: Int64 = 7200
    /// The day from which on the upstream serves `b`.
    static let firstDay = 20_001

    static func dataset() -> Dataset {
        .hours(
            "memory", of: [["a"], ["b"], ["c"]], in: "memory_rows", [.init("price", .decimal)], sql: "price numeric not null",
            dueLag: Int(dueLag),
            reach: { key, _ in
                guard key.values == ["b"] else { return nil }
                return Reach(from: Int64(firstDay) * 86_400, reason: "before_first_day", action: "None.")
            },
            absenceWords: .bySlot { _, start in reason(start) }, lostReasons: ["overwritten"], emptyReasons: ["no_trade"])
    }

    static let finalReasons: Set = ["no_trade", "overwritten"]

    /// The first hour of a day is known to be empty for good.
    static func reason(_ start: Int64) -> String { start % 86_400 == 0 ? "no_trade" : start % 21_600 == 0 ? "overwritten" : "no_record" }

    /// A migrated database with the dataset's series, on a loop of its own.
    static func with<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Store, Dataset, [Int]) async throws -> T) async throws -> T {
        try await StoreUnderTest.with(dataset()) { loop, held in try await body(loop, held.store, held.dataset, held.ids) }
    }

    /// Files one call and claims it. Returns the ingestion too.
    static func claim(_ store: Store, _ ids: [Int], _ periods: Range<Int>) async throws -> (task: ClaimedTask, ingestion: String) {
        let filed = try await store.insertIngestion(
            Store.NewIngestion(
                dataset: "memory", selection: "{}", selectionDigest: "\(UInt64.random(in: 0 ... .max))", planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 1, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
                calls: [StoredCall(shape: "s", seriesIDs: ids, periods: periods, covers: 1, requests: 1, tokens: 0)], filedAt: 0))
        return (try #require(try await store.claimTask(worker: "w", datasets: ["memory"], leaseSeconds: 60)), filed.id)
    }

    static func exclude(_ store: Store, _ id: Int, _ slots: Range<Int>, now: Int64) async throws -> StoredExclusion {
        try await store.exclude(
            Store.NewExclusion(
                dataset: "memory", keys: "{}", seriesIDs: [id], from: Int64(slots.lowerBound) * 3600, to: Int64(slots.upperBound) * 3600,
                slots: slots, note: "out of service", madeBy: "test"),
            now: now)
    }

    static func row(_ id: Int, _ part: Int) -> StoredRow {
        StoredRow(seriesID: id, time: Int64(part) * 1800, values: [.decimal(Decimal(part))])
    }

    /// All series with their notes.
    static func series(_ store: Store, _ dataset: Dataset) async throws -> [StoredSeries] {
        try await store.snapshot(of: dataset, choose: { $0.map(\.id) }, notes: 0..<4_000_000_000, span: { _ in nil }).series
    }
}
