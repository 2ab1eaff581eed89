import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// What people do to jobs, as the store keeps it.
@Suite struct JobMoveTests {
    private static func status(_ store: Store, _ id: String) async throws -> IngestionStatus? {
        try await store.ingestion(id: id)?.status
    }

    private static func mark(_ store: Store, _ id: String) async throws -> [Int64]? {
        try await store.pool.transaction { connection in try await Store.endOfWork(of: id, on: connection) }
    }

    @Test func aPausedJobIsNotClaimedAndAResumedOneIs() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            #expect(try await store.pause(ingestion: id, by: "ana")?.status == .paused)
            #expect(try await store.pause(ingestion: id, by: "ana")?.status == .paused)
            #expect(try await store.renewLease(of: task, leaseSeconds: 60) == .halted)
            try await store.release(task, requests: 0)
            let claimed = try await store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60)?.id
            #expect(claimed == nil)
            #expect(try await store.unsettledIngestions(datasets: ["editions"]).isEmpty)
            #expect(try await store.resume(ingestion: id, by: "ana")?.status == .pending)
            let again = try #require(try await store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60))
            #expect(again.id == task.id && again.attempts == 1)
        }
    }

    @Test func aCancelledJobKeepsNoOpenTaskAndFreesItsSelection() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let cancelled = try #require(try await store.cancel(ingestion: task.ingestionID, by: "ana"))
            #expect(cancelled.status == .cancelled && cancelled.finishedAt != nil)
            #expect(try await store.renewLease(of: task, leaseSeconds: 60) == .halted)
            try await store.release(task, requests: 1)
            #expect(try await store.tasks(of: task.ingestionID, after: -1, limit: 9).map(\.status) == ["cancelled"])
            try await store.settle(ingestion: task.ingestionID, of: held.dataset) { _, _, _ in .ended(.completed, error: nil) }
            #expect(try await Self.status(store, task.ingestionID) == .cancelled)
            await #expect(throws: IllegalMove(status: .cancelled, action: "resume", cause: .status)) {
                _ = try await store.resume(ingestion: task.ingestionID, by: "ana")
            }
        }
    }

    @Test func whatAWorkerLeftBehindIsPutDown() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let (kept, left) = (try await held.begin(), try await held.begin())
            _ = try await store.cancel(ingestion: left.ingestionID, by: "ana")
            _ = try await store.pool.query("update tasks set lease_until = now() - interval '31 seconds'")
            #expect(try await store.releaseLapsed() == 2)
            #expect(try await store.tasks(of: kept.ingestionID, after: -1, limit: 9).map(\.status) == ["available"])
            #expect(try await store.tasks(of: kept.ingestionID, after: -1, limit: 9).map(\.attempts) == [1])
            #expect(try await store.tasks(of: left.ingestionID, after: -1, limit: 9).map(\.status) == ["cancelled"])
            #expect(try await store.releaseLapsed() == 0)
        }
    }

    @Test func aJobThatFailedIsBegunAnewAndOneThatIsOpenAgainIsNot() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            var result = TaskResult(ended: .failed, reason: "begun 20 times without an end")
            result.parks = true
            _ = try await store.finish(task, with: result, dataset: held.dataset, now: 0)
            #expect(try await store.ingestion(id: task.ingestionID)?.sums.parked == 1)
            try await store.settle(ingestion: task.ingestionID, of: held.dataset) { _, _, _ in .ended(.failed, error: "x") }
            await #expect(throws: IllegalMove(status: .failed, action: "pause", cause: .status)) {
                _ = try await store.pause(ingestion: task.ingestionID, by: "ana")
            }
            _ = try await store.pool.query("""
                insert into ingestions (dataset, status, selection, selection_digest, requested_by, gaps_detected, slots_detected,
                    lower_bound_requests, optimality, filed_at, lane)
                select dataset, 'pending', selection, selection_digest, 'other', 0, 0, 0, 'proven', now(), 'live' from ingestions
                """)
            await #expect(throws: IllegalMove(status: .failed, action: "resume", cause: .equalIsOpen)) {
                _ = try await store.resume(ingestion: task.ingestionID, by: "ana")
            }
            _ = try await store.pool.query("delete from ingestions where requested_by = 'other'")
            let resumed = try #require(try await store.resume(ingestion: task.ingestionID, by: "ana"))
            #expect(resumed.status == .pending && resumed.isResumed && resumed.error == nil && resumed.finishedAt == nil)
            let again = try #require(try await store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60))
            #expect(again.id == task.id && again.attempts == 1)
        }
    }

    @Test func whatWasDecidedBeforeAPauseIsNotWrittenAfterIt() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            try await held.end(task, [])
            let id = task.ingestionID
            let before = try await Self.mark(store, id)
            #expect(before != nil)
            _ = try await store.pause(ingestion: id, by: "ana")
            let paused = try await Self.mark(store, id)
            #expect(paused == nil)
            _ = try await store.resume(ingestion: id, by: "ana")
            let after = try await Self.mark(store, id)
            #expect(after != nil && after != before)
        }
    }

    @Test func nothingIsDoneToAJobThatIsNotThere() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let none = try await held.store.pause(ingestion: "6f1c1c1e-0000-4000-8000-000000000000", by: "ana")?.id
            let malformed = try await held.store.cancel(ingestion: "no uuid", by: "ana")?.id
            #expect(none == nil && malformed == nil)
        }
    }

    @Test func whatHasBeenOverForLongGoesWithAllThatHangsOnIt() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            var ids: [String] = []
            for age in ["91 days", "1 day"] {
                let task = try await held.begin()
                try await held.end(task, [held.edition("1", 1, time: 0)])
                try await store.settle(ingestion: task.ingestionID, of: held.dataset) { _, _, _ in .ended(.completed, error: nil) }
                _ = try await store.pool.query("""
                    update ingestions set finished_at = now() - \(age)::interval where id = \(task.ingestionID)::uuid
                    """)
                ids.append(task.ingestionID)
            }
            let open = try await held.begin().ingestionID
            let rows = try await held.held()
            let kept = try await store.sweepEnded(tasks: nil, receipts: nil, events: nil)
            #expect(!kept)
            while try await store.sweepEnded(tasks: 90 * 86_400, receipts: 90 * 86_400, events: 7 * 86_400) {}
            let left = try await store.ingestions(dataset: nil, status: nil, after: nil, limit: 9).map(\.id)
            #expect(Set(left) == [ids[1], open])
            let gone = try await store.events(of: ids[0], after: 0, limit: 9)
            let stay = try await store.events(of: ids[1], after: 0, limit: 9).map(\.kind)
            #expect(gone.isEmpty && stay == ["filed", "started", "task", "ended"])
            #expect(try await held.held() == rows)
            _ = try await store.pool.query("update receipts set recorded_at = now() - interval '100 days'")
            _ = try await store.pool.query("update ingestion_events set at = now() - interval '8 days'")
            while try await store.sweepEnded(tasks: 90 * 86_400, receipts: 90 * 86_400, events: 7 * 86_400) {}
            let receipts = try await store.pool.query("select from receipts").count
            let events = try await store.pool.query("select from ingestion_events").count
            #expect(receipts == 0 && events == 0)
        }
    }

    /// Events of one ingestion become visible in the order of their ids, however many tasks end at once.
    @Test func whoHasSeenAnEventHasMissedNoneBeforeIt() async throws {
        try await StoreUnderTest.with(editions()) { loop, held in
            let store = held.store
            let first = try await held.begin()
            _ = try await store.pool.query("""
                insert into tasks (ingestion_id, ordinal, shape, series_ids, first_period, end_period, covers, requests_planned)
                select \(first.ingestionID)::uuid, n, 's', '{1}', n, n + 1, 2, 1 from generate_series(1, 60) n
                """)
            let keep = loop.keep(held)
            let seen = try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        try await keep.loop.enter { loop in
                            let held = loop[keep]
                            while let task = try await held.store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60) {
                                try await held.end(task, [])
                            }
                        }
                    }
                }
                var seen: [Int64] = []
                while seen.count < 62 {
                    seen += try await store.events(of: first.ingestionID, after: seen.last ?? 0, limit: 100).map(\.id)
                }
                try await group.waitForAll()
                return seen
            }
            let all = try await store.events(of: first.ingestionID, after: 0, limit: 1000).map(\.id)
            #expect(seen == all && all.count == 62)
        }
    }
}
