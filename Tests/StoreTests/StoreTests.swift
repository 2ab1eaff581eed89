import Bytes
import EventLoop
import Postgres
import Series
import Store
import Testing

/// Hours with a note.
func halves() -> Dataset {
    .hours(
        "halves", of: [["a"], ["b"]], in: "half_rows", [.init("price", .decimal), .init("note", .text)],
        sql: "price numeric not null, note text")
}

@Suite struct StoreTests {
    private let dataset = halves()

    /// A migrated database with the dataset's series, on a loop of its own.
    func withStore<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Store, [Int]) async throws -> T) async throws -> T {
        try await StoreUnderTest.with(dataset) { loop, held in try await body(loop, held.store, held.ids) }
    }

    private static let figures = PlanFigures(
        gaps: 1, slots: 2, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1)

    private static func file(_ store: Store, _ ids: [Int], digest: String = "d", calls: Int = 1) async throws -> String {
        let calls = (0..<calls).map { StoredCall(shape: "s", seriesIDs: ids, periods: $0..<($0 + 1), covers: 2, requests: 1, tokens: 0) }
        return try await store.insertIngestion(
            Store.NewIngestion(
                dataset: "halves", selection: "{}", selectionDigest: digest, planID: nil, requestedBy: "test", figures: figures,
                calls: calls, filedAt: 0)
        ).id
    }

    private static func row(_ id: Int, _ time: Int64, _ price: String, note: String? = nil) -> StoredRow {
        StoredRow(seriesID: id, time: time, values: [.decimal(Decimal(price)!), note.map { .text($0) } ?? .null])
    }

    private static func claim(_ store: Store, lease: Int = 60) async throws -> ClaimedTask? {
        try await store.claimTask(worker: "w", datasets: ["halves"], leaseSeconds: lease)
    }

    @Test func anEqualSelectionIsFiledOnceWhileItIsOpen() async throws {
        try await withStore { _, store, ids in
            let first = try await Self.file(store, ids)
            #expect(try await Self.file(store, ids) == first)
            #expect(try await Self.file(store, ids, digest: "other") != first)
            #expect(try await store.ingestions(dataset: nil, status: nil, after: nil, limit: 10).count == 2)
        }
    }

    @Test func rowsCoverageReceiptAndTaskAreOneTransaction() async throws {
        let dataset = dataset
        try await withStore { _, store, ids in
            let ingestion = try await Self.file(store, ids)
            let task = try #require(try await Self.claim(store))
            var result = TaskResult(ended: .proved, reason: "one page")
            result.rows = [Self.row(ids[0], 0, "1.50"), Self.row(ids[0], 1800, "2"), Self.row(ids[1], 0, "3", note: "x")]
            result.requests = 1
            let version = try await store.versions()["halves"]
            let counts = try await store.finish(task, with: result, dataset: dataset, now: 7200)
            #expect(counts.written == 3 && counts.unchanged == 0 && counts.revised == 0)
            let ledgers = try await store.ledgers(of: "halves")
            #expect(ledgers.map { $0.ledger.held.ranges } == [[0..<2], [0..<1]])
            #expect(try await store.versions()["halves"]?.number == (version?.number ?? 0) + 1)
            let job = try #require(try await store.ingestion(id: ingestion))
            #expect(job.sums.filled == 1 && job.sums.open == 0 && job.sums.requests == 1)
            let tasks = try await store.tasks(of: ingestion, after: -1, limit: 10)
            #expect(tasks.map(\.status) == ["done"] && tasks.map(\.ended) == ["proved"] && tasks.map(\.reason) == ["one page"])
        }
    }

    @Test func equalRowsAreLeftAloneAndChangedOnesCounted() async throws {
        let dataset = dataset
        try await withStore { _, store, ids in
            _ = try await Self.file(store, ids, calls: 2)
            for (price, expected) in [("1.5", (2, 0, 0)), ("1.50", (0, 1, 1))] {
                let task = try #require(try await Self.claim(store))
                var result = TaskResult(ended: .unproved, reason: "")
                // The last of two equal keys wins, and both count once.
                result.rows = [Self.row(ids[0], 0, "9"), Self.row(ids[0], 0, price), Self.row(ids[0], 1800, price == "1.5" ? "2" : "2.25")]
                let counts = try await store.finish(task, with: result, dataset: dataset, now: 0)
                #expect((counts.written, counts.unchanged, counts.revised) == expected)
            }
        }
    }

    @Test func aLateWorkerIsRefusedAndWritesNothing() async throws {
        let dataset = dataset
        try await withStore { _, store, ids in
            _ = try await Self.file(store, ids)
            let late = try #require(try await Self.claim(store, lease: 0))
            let second = try #require(try await Self.claim(store))
            #expect(second.id == late.id && second.attempts == 2 && second.fence == late.fence + 1)
            var result = TaskResult(ended: .proved, reason: "late")
            result.rows = [Self.row(ids[0], 0, "1")]
            await #expect(throws: StoreError.leaseLost(task: late.id)) {
                _ = try await store.finish(late, with: result, dataset: dataset, now: 0)
            }
            #expect(try await store.renewLease(of: late, leaseSeconds: 60) == .lost)
            #expect(try await store.ledgers(of: "halves").allSatisfy { $0.ledger.held.isEmpty })
            #expect(try await store.renewLease(of: second, leaseSeconds: 60) == .held)
        }
    }

    @Test func aTaskUnderLeaseIsNotClaimedTwice() async throws {
        try await withStore { _, store, ids in
            _ = try await Self.file(store, ids, calls: 3)
            var seen: Set<Int64> = []
            while let task = try await Self.claim(store) { #expect(seen.insert(task.id).inserted) }
            #expect(seen.count == 3)
        }
    }

    @Test func aReleasedTaskKeepsItsAttempts() async throws {
        try await withStore { _, store, ids in
            _ = try await Self.file(store, ids)
            try await store.release(try #require(try await Self.claim(store)), requests: 1)
            #expect(try await Self.claim(store)?.attempts == 1)
        }
    }

    @Test func anIngestionIsSettledOnceAndOnlyWhenItsTasksHaveEnded() async throws {
        let dataset = dataset
        try await withStore { _, store, ids in
            let id = try await Self.file(store, ids)
            let asked = Asked()
            try await store.settle(ingestion: id, of: halves()) { _, _, _ in asked.times += 1; return .ended(.completed, error: nil) }
            #expect(asked.times == 0)
            let task = try #require(try await Self.claim(store))
            _ = try await store.finish(task, with: TaskResult(ended: .proved, reason: ""), dataset: dataset, now: 0)
            #expect(try await store.unsettledIngestions(datasets: ["halves"]).map(\.id) == [id])
            for _ in 0..<2 {
                try await store.settle(ingestion: id, of: halves()) { _, _, _ in asked.times += 1; return .ended(.completed, error: nil) }
            }
            #expect(asked.times == 1)
            #expect(try await store.ingestion(id: id)?.status == .completed)
            #expect(try await store.unsettledIngestions(datasets: ["halves"]).isEmpty)
        }
    }

    /// Two calls turn out dearer, and what may still be spent pays for half of their slots: the other half is planned no more.
    @Test func whatAReplanLeavesOutIsNotPlanned() async throws {
        let dataset = dataset
        try await withStore { _, store, ids in
            let id = try await Self.file(store, ids, calls: 2)
            func finish(_ ended: TaskResult.Ended) async throws {
                let task = try #require(try await Self.claim(store))
                _ = try await store.finish(task, with: TaskResult(ended: ended, reason: ""), dataset: dataset, now: 0)
            }
            func slots() async throws -> [Int] {
                let sums = try #require(try await store.ingestion(id: id)).sums
                return [sums.slotsSettled, sums.slotsPlanned]
            }
            try await finish(.costlier)
            #expect(try await slots() == [2, 4])
            try await finish(.costlier)
            try await store.settle(ingestion: id, of: halves()) { _, undone, _ in
                #expect(undone.map(\.periods) == [0..<1, 1..<2])
                return .more([StoredCall(shape: "t", seriesIDs: ids, periods: 0..<1, covers: 2, requests: 3, tokens: 0)])
            }
            #expect(try await slots() == [0, 2])
            try await finish(.proved)
            #expect(try await slots() == [2, 2])
            // A refresh ends as completed only where all that was detected is still planned (`Settling.decide`).
            try await store.settle(ingestion: id, of: halves()) { ingestion, undone, _ in
                #expect(undone.isEmpty && ingestion.sums.slotsPlanned == 2 && ingestion.sums.tasks == 3)
                return .ended(.partial, error: nil)
            }
        }
    }

    final class Asked { var times = 0 }

    @Test func anotherUpstreamAddressIsRefused() async throws {
        try await withStore { _, store, _ in
            try await store.claimOrigin(dataset: "halves", baseURL: "http://a")
            // Nothing came from a mistyped address: it binds nobody.
            try await store.claimOrigin(dataset: "halves", baseURL: "http://mistyped")
            try await store.claimOrigin(dataset: "halves", baseURL: "http://a")
            try await store.pool.query("update coverage set held = '{[0,1)}'")
            await #expect(throws: StoreError.otherOrigin(dataset: "halves", stored: "http://a", given: "http://b")) {
                try await store.claimOrigin(dataset: "halves", baseURL: "http://b")
            }
        }
    }

    @Test func theFirstStartDecidesTheClock() async throws {
        try await withStore { _, store, _ in
            let first = Store.StoredClock(realAt: 1000, shownAt: 50, speed: 2)
            let stored = try await store.clock(proposed: first)
            let later = try await store.clock(proposed: .init(realAt: 2000, shownAt: 0, speed: 1))
            #expect(stored == first && later == first)
            #expect(first.shown(real: 1010) == 70)
        }
    }
}
