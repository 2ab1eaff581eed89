import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// How jobs end, are planned anew, and are taken out, as the store keeps it.
@Suite struct JobEndTests {
    private static func call(_ held: StoreUnderTest) -> StoredCall {
        StoredCall(shape: "s", seriesIDs: held.ids, periods: 0..<1, covers: 2, requests: 1, tokens: 0)
    }

    /// More tasks of a job, in the given status.
    private static func add(_ count: Int, _ status: String, to id: String, of held: StoreUnderTest) async throws {
        _ = try await held.store.pool.query("""
            insert into tasks (ingestion_id, ordinal, shape, series_ids, first_period, end_period, covers, requests_planned, status,
                finished_at)
            select \(id)::uuid, n, 's', '{1}', n, n + 1, 2, 1, \(status), case when \(status) <> 'available' then now() end
            from generate_series(1, \(count)) n
            """)
    }

    @Test func aCallThatWasPlannedAnewIsUnprovedNoMore() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            try await held.end(task, [], as: .unproved)
            try await store.settle(ingestion: id, of: held.dataset) { job, undone, _ in
                #expect(job.sums.unproved == 1 && undone.isEmpty)
                return .ended(.partial, error: "x")
            }
            _ = try await store.resume(ingestion: id, by: "ana")
            try await store.settle(ingestion: id, of: held.dataset) { job, undone, _ in
                #expect(job.isResumed && undone == [.init(seriesIDs: held.ids, periods: 0..<1)])
                return .more([Self.call(held)])
            }
            #expect(try await store.ingestion(id: id)?.sums.unproved == 0)
            let again = try #require(try await store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60))
            try await held.end(again, [])
            try await store.settle(ingestion: id, of: held.dataset) { job, undone, _ in
                #expect(job.sums.unproved == 0 && job.sums.slotsPlanned == 2 && undone.isEmpty)
                return .ended(.completed, error: nil)
            }
        }
    }

    @Test func anUnprovedCallStaysSoWhereOthersArePlannedAnew() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            try await Self.add(1, "available", to: id, of: held)
            let other = try #require(try await store.claimTask(worker: "w", datasets: ["editions"], leaseSeconds: 60))
            try await held.end(task, [], as: .unproved)
            try await held.end(other, [], as: .tooWide)
            try await store.settle(ingestion: id, of: held.dataset) { _, undone, _ in
                #expect(undone.map(\.periods) == [1..<2])
                return .more([Self.call(held)])
            }
            let job = try #require(try await store.ingestion(id: id))
            // Of the three the one that was too wide counts no more.
            #expect(job.sums.unproved == 1 && job.sums.tasks == 3 && job.sums.slotsPlanned == 4)
        }
    }

    @Test func whatIsBeingTakenOutIsNotResumed() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            try await Self.add(1500, "failed", to: id, of: held)
            try await held.end(task, [])
            try await store.settle(ingestion: id, of: held.dataset) { _, _, _ in .ended(.partial, error: "x") }
            _ = try await store.pool.query("update ingestions set finished_at = now() - interval '91 days'")
            #expect(try await store.sweepEnded(tasks: 90 * 86_400, receipts: nil, events: nil))
            #expect(try await store.ingestion(id: id)?.sums.tasks == 501)
            await #expect(throws: IllegalMove(status: .partial, action: "resume", cause: .isExpiring)) {
                _ = try await store.resume(ingestion: id, by: "ana")
            }
            while try await store.sweepEnded(tasks: 90 * 86_400, receipts: nil, events: nil) {}
            let gone = try await store.resume(ingestion: id, by: "ana")?.id
            #expect(gone == nil)
        }
    }

    /// Some tasks may be gone: the next one's number is behind those that are left.
    @Test func newCallsAreNumberedBehindTheLast() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            try await Self.add(3, "done", to: id, of: held)
            try await held.end(task, [])
            _ = try await store.pool.query("delete from tasks where ordinal < 2")
            try await store.settle(ingestion: id, of: held.dataset) { _, _, _ in .more([Self.call(held), Self.call(held)]) }
            #expect(try await store.tasks(of: id, after: -1, limit: 9).map(\.ordinal) == [2, 3, 4, 5])
        }
    }

    /// They are over at once for whoever asks, and ended one piece after the other.
    @Test func whatWaitsInACancelledJobIsOver() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            let id = task.ingestionID
            try await Self.add(2, "available", to: id, of: held)
            _ = try await store.pool.query("update tasks set status = 'parked', finished_at = now() where ordinal = 2")
            #expect(try await store.ingestion(id: id)?.sums.open == 2)
            let job = try #require(try await store.cancel(ingestion: id, by: "ana"))
            #expect(job.sums.open == 1 && job.sums.parked == 0 && job.sums.failed == 0)
            // What was never asked for is not settled.
            #expect(job.sums.slotsSettled == 0 && job.sums.requestsExpected == 1)
            #expect(try await store.tasks(of: id, after: -1, limit: 9).map(\.status) == ["running", "cancelled", "cancelled"])
            #expect(try await store.hasOpenTask(ingestion: id))
            #expect(try await store.releaseLapsed() == 2)
            #expect(try await store.releaseLapsed() == 0)
            try await store.release(task, requests: 1)
            #expect(try await !store.hasOpenTask(ingestion: id))
            #expect(try await store.ingestion(id: id)?.sums.slotsSettled == 0)
            let left = try await store.pool.query("select from tasks where status <> 'cancelled' or finished_at is null").count
            #expect(left == 0)
        }
    }

    private static func figures(_ held: StoreUnderTest) async throws -> [String] {
        try await held.store.figures(now: 0).tasks.map { "\($0.status) \($0.count) \($0.oldestSeconds < 3600 ? "young" : "old")" }
    }

    @Test func workThatIsPausedStandsForNobody() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            try await store.release(task, requests: 0)
            _ = try await store.pool.query("update tasks set next_at = now() - interval '5 hours'")
            #expect(try await Self.figures(held) == ["available 1 old"])
            _ = try await store.pause(ingestion: task.ingestionID, by: "ana")
            #expect(try await Self.figures(held) == [])
            _ = try await store.resume(ingestion: task.ingestionID, by: "ana")
            #expect(try await Self.figures(held) == ["available 1 young"])
        }
    }

    @Test func parkedTasksCountUntilTheSameIsFiledAnew() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await held.begin()
            var result = TaskResult(ended: .failed, reason: "begun 20 times without an end")
            result.parks = true
            _ = try await store.finish(task, with: result, dataset: held.dataset, now: 0)
            #expect(try await Self.figures(held) == ["parked 1 young"])
            try await store.settle(ingestion: task.ingestionID, of: held.dataset) { _, _, _ in .ended(.failed, error: "x") }
            #expect(try await Self.figures(held) == ["parked 1 young"])
            _ = try await store.pool.query("""
                insert into ingestions (dataset, status, selection, selection_digest, requested_by, gaps_detected, slots_detected,
                    lower_bound_requests, optimality, filed_at, lane)
                select dataset, 'pending', selection, selection_digest, 'other', 0, 0, 0, 'proven', now(), 'live' from ingestions
                """)
            #expect(try await Self.figures(held) == [])
        }
    }

    private final class Ears {
        let store: Store
        let bell: Waiter
        var told: [String?] = []

        init(_ store: Store, _ loop: Loop) {
            self.store = store
            bell = Waiter(loop)
        }

        func hear() async throws {
            try await store.hearTasks(while: { self.told.count < 2 }) { dataset in
                self.told.append(dataset)
                self.bell.wake()
            }
        }
    }

    @Test func workersHearOfWhatIsFiled() async throws {
        try await StoreUnderTest.with(editions()) { loop, held in
            let ears = Ears(held.store, loop)
            let kept = loop.keep(ears)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await kept.loop.enter { loop in try await loop[kept].hear() } }
                while ears.told.isEmpty { try await ears.bell.wait() }
                _ = try await held.begin()
                try await group.waitForAll()
            }
            #expect(ears.told == [nil, "editions"])
        }
    }
}
