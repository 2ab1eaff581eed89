import Bytes
import EventLoop
import Foundation
import Series
@testable import Store
import Testing
import TestSupport

/// Hours that come in editions: `issued` ranks them. Series of the kind `whole` have one row an hour.
func editions() -> Dataset {
    .hours(
        "editions", keys: ["name", "kind"], of: [["a", "half"], ["b", "whole"]], in: "edition_rows",
        [.init("price", .decimal), .init("issued", .integer), .init("note", .text)],
        sql: "price numeric not null, issued bigint, note text", rank: 1, partsPerRow: { $0.values[1] == "whole" ? 2 : 1 })
}

/// A migrated database with a dataset's series, on a loop of its own.
final class StoreUnderTest {
    let store: Store
    let dataset: Dataset
    let ids: [Int]

    static func with<T: Sendable>(
        _ dataset: Dataset, _ body: @escaping @Sendable (isolated Loop, StoreUnderTest) async throws -> T
    ) async throws -> T {
        try await TestServers.withDatabase("store test") { connection in
            _ = try await Store.migrate(connection, datasets: [dataset])
        } _: { loop, pool in
            let store = Store(pool: pool)
            let ids = try await store.ensureSeries(dataset.followed, of: dataset.name, now: 0)
            return try await body(loop, StoreUnderTest(store, dataset, ids))
        }
    }

    private init(_ store: Store, _ dataset: Dataset, _ ids: [Int]) {
        self.store = store
        self.dataset = dataset
        self.ids = ids
    }

    /// A call under way.
    func begin() async throws -> ClaimedTask {
        try await file()
        // Beside another writer the claim may meet that one's hand on this call, and not see the other's yet.
        for _ in 0..<100 {
            if let task = try await claim() { return task }
        }
        return try #require(try await claim(), "nothing was there to claim")
    }

    func claim() async throws -> ClaimedTask? {
        try await store.claimTask(worker: "w", datasets: [dataset.name], leaseSeconds: 60)
    }

    /// A call that waits.
    func file() async throws {
        _ = try await store.insertIngestion(
            Store.NewIngestion(
                dataset: dataset.name, selection: "{}", selectionDigest: UUID().uuidString, planID: nil, requestedBy: "test",
                figures: PlanFigures(
                    gaps: 1, slots: 2, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven,
                    estimatedSeconds: 1),
                calls: [StoredCall(shape: "s", seriesIDs: ids, periods: 0..<1, covers: 2, requests: 1, tokens: 0)], filedAt: 0))
    }

    @discardableResult
    func end(
        _ task: ClaimedTask, _ rows: [StoredRow], now: Int64 = 0, as ended: TaskResult.Ended = .proved, begunAt: Deadline? = nil,
        isBeginning: Bool = false
    ) async throws -> RowCounts {
        var result = TaskResult(ended: ended, reason: "")
        result.rows = rows
        result.isBeginning = isBeginning
        result.begunAt = begunAt
        return try await store.finish(task, with: result, dataset: dataset, now: now)
    }

    @discardableResult
    func call(_ rows: [StoredRow], now: Int64 = 0, isBeginning: Bool = false) async throws -> RowCounts {
        try await end(try await begin(), rows, now: now, isBeginning: isBeginning)
    }

    /// Oldest first.
    func revisions() async throws -> [Revision] {
        try await store.revisions(
            of: dataset, choose: { $0.map(\.id) }, in: -1_000_000..<4_000_000_000, behind: nil, limit: 1_000_000
        ).revisions.reversed()
    }

    /// Values by series and time.
    func held() async throws -> [[Int64]: [Value]] {
        let snapshot = try await store.snapshot(of: dataset, choose: { $0.map(\.id) }, span: { _ in -1_000_000..<4_000_000_000 })
        var held: [[Int64]: [Value]] = [:]
        for row in 0..<snapshot.rows.count {
            held[[Int64(snapshot.rows.seriesIDs[row]), snapshot.rows.times[row]]] = dataset.table.schema.columns.indices.map {
                snapshot.rows.value($0, of: row)
            }
        }
        return held
    }

    func coverage() async throws -> [[Range<Int>]] { try await store.ledgers(of: dataset.name).map { $0.ledger.held.ranges } }

    func version() async throws -> Int64? { try await store.versions()[dataset.name]?.number }

    /// An edition of the row that begins at `time` in the first series.
    func edition(_ price: String, _ issued: Int64?, time: Int64 = 0, series: Int = 0) -> StoredRow {
        StoredRow(
            seriesID: ids[series], time: time,
            values: [.decimal(Bytes.Decimal(price)!), issued.map { .integer($0) } ?? .null, .text("n")])
    }

    /// A row of `halves()`.
    func half(_ price: String, time: Int64 = 0) -> StoredRow {
        StoredRow(seriesID: ids[0], time: time, values: [.decimal(Bytes.Decimal(price)!), .null])
    }
}

extension Revision {
    /// Prices, as text.
    var change: String { "\(price(old))->\(price(new))" }

    private func price(_ values: [Value]) -> String { if case .decimal(let price) = values[0] { price.description } else { "null" } }
}
