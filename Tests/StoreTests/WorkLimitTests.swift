import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// What an ingestion may take, and what it has taken.
@Suite struct WorkLimitTests {
    private static let limits = ["editions": 3600]

    private static func claim(_ held: StoreUnderTest) async throws -> ClaimedTask? {
        try await held.store.claimTask(worker: "w", datasets: ["editions"], limits: limits, leaseSeconds: 60)
    }

    /// One call under way, and so many more that wait.
    private static func begin(_ waiting: Int, _ held: StoreUnderTest) async throws -> ClaimedTask {
        try await held.file()
        let task = try #require(try await claim(held))
        for _ in 0..<waiting {
            _ = try await held.store.pool.query("""
                insert into tasks (ingestion_id, ordinal, shape, series_ids, first_period, end_period, covers, requests_planned)
                select \(task.ingestionID)::uuid, max(ordinal) + 1, 's', \(held.ids.map { Int32($0) }), 0, 1, 2, 1 from tasks
                """)
        }
        return task
    }

    private static func age(_ seconds: Int, _ held: StoreUnderTest) async throws {
        _ = try await held.store.pool.query(
            "update ingestions set working_since = working_since - make_interval(secs => \(Double(seconds)))")
    }

    private static func overdue(_ held: StoreUnderTest) async throws -> [String] {
        try await held.store.overdueIngestions(limits: limits).map(\.id)
    }

    @Test func onePastItsTimeBeginsNothingAndGoesOnWhenResumed() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let first = try await Self.begin(2, held)
            let id = first.ingestionID
            let second = try #require(try await Self.claim(held))
            try await held.end(second, [])
            try await Self.age(3599, held)
            let early = try await Self.overdue(held)
            #expect(early == [])
            try await Self.age(1, held)
            // Of two that wait neither is begun; where nobody sets a limit one would be.
            let late = try await Self.claim(held)
            #expect(late == nil)
            // Nothing is broken off.
            let (during, stopped) = (try await Self.overdue(held), try await store.stop(ingestion: id) { "\($0)" })
            #expect(during == [] && stopped == nil)
            try await held.end(first, [held.edition("1", 1)])
            let after = try await Self.overdue(held)
            #expect(after == [id])
            let error = try await store.stop(ingestion: id) { "\($0) left" }
            #expect(error == "1 left")
            let again = try await store.stop(ingestion: id) { "\($0) left" }
            #expect(again == nil)
            let job = try #require(try await store.ingestion(id: id))
            #expect(job.status == .partial && job.error == "1 left" && job.finishedAt != nil)
            #expect(try #require(job.performance.seconds) >= 3600)
            let unclaimed = try await held.claim()
            #expect(unclaimed == nil)

            let resumed = try #require(try await store.resume(ingestion: id, by: "ana"))
            #expect(resumed.status == .pending && resumed.error == nil)
            let last = try #require(try await Self.claim(held), "it has its time anew")
            #expect(last.attempts == 1 && ![first.id, second.id].contains(last.id))
            let fresh = try await Self.overdue(held)
            #expect(fresh == [])
            try await held.end(last, [])
            try await store.settle(ingestion: id, of: held.dataset) { _, _, _ in .ended(.completed, error: nil) }
            let ended = try #require(try await store.ingestion(id: id))
            #expect(ended.performance.callsDone == 3 && ended.sums.written == 1 && ended.performance.success == 1)
            // Both spans of work, and nothing of the rest between them.
            let worked = try #require(ended.performance.seconds)
            #expect(worked >= (try #require(job.performance.seconds)))
        }
    }

    @Test func whatIsPausedIsNotWorked() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let task = try await Self.begin(1, held)
            try await Self.age(4000, held)
            _ = try await store.pause(ingestion: task.ingestionID, by: "ana")
            try await store.release(task, requests: 0)
            let paused = try await Self.overdue(held)
            let stopped = try await store.stop(ingestion: task.ingestionID) { "\($0)" }
            #expect(paused == [] && stopped == nil)
            _ = try await store.resume(ingestion: task.ingestionID, by: "ana")
            let next = try await Self.claim(held)
            #expect(next != nil)
            let rest = try await store.pool.query("select working_since > now() - interval '1 hour', worked_seconds from ingestions").only()
            #expect(try rest.bool(0) && rest.double(1) >= 4000)
        }
    }

    @Test func onlyWhatNobodyCouldTakeUpIsDeserted() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            func deserted() async throws -> [String] { try await store.desertedIngestions(of: ["editions"]).map(\.id) }
            try await held.file()
            let waiting = try await deserted()
            #expect(waiting.count == 1)
            let others = try await store.desertedIngestions(of: ["other"])
            #expect(others.isEmpty)
            _ = try await store.pool.query("update tasks set next_at = now() + interval '1 hour'")
            let later = try await deserted()
            #expect(later == [])
            _ = try await store.pool.query("update tasks set next_at = now()")
            // Another worker is at work, be it at something else: it may take up this one too.
            try await held.file()
            let task = try #require(try await held.claim())
            let beside = try await deserted()
            #expect(beside == [])
            _ = try await store.pool.query("update tasks set lease_until = now() where id = \(task.id)")
            let alone = try await deserted()
            #expect(alone.count == 1 && alone != [task.ingestionID])
        }
    }

    @Test func figuresAreSummedOverAttemptsAndCalls() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let first = try await Self.begin(1, held)
            let none = try #require(try await store.ingestion(id: first.ingestionID)).performance
            #expect(none.callSecondsMean == nil && none.requestSecondsMean == nil && none.storeSecondsMean == nil)
            #expect(none.memoryPeakBytes == nil && none.success == nil && none.seconds != nil)

            var result = TaskResult(ended: .failed, reason: "x")
            (result.performance.fetches, result.performance.fetchSeconds, result.performance.fetchSecondsMax) = (2, 5, 4)
            result.performance.memoryPeak = 1 << 50
            try await store.postpone(first, with: result, seconds: 0)
            let again = try #require(try await Self.claim(held))
            #expect(again.id == first.id)
            result = TaskResult(ended: .proved, reason: "")
            (result.performance.fetches, result.performance.fetchSeconds, result.performance.fetchSecondsMax) = (2, 3, 2)
            (result.performance.memoryPeak, result.performance.storeBegunAt) = (1, .now)
            _ = try await store.finish(again, with: result, dataset: held.dataset, now: 0)
            let other = try #require(try await Self.claim(held))
            try await held.end(other, [], as: .failed)

            let taken = try #require(try await store.ingestion(id: first.ingestionID)).performance
            #expect(taken.requestSecondsMean == 2 && taken.requestSecondsMax == 4 && taken.memoryPeakBytes == 1 << 50)
            #expect(taken.callsDone == 1 && taken.callsFailed == 1 && taken.success == 0.5)
            // What the store was not told of the second call's end is no figure of it.
            let stores = try await store.pool.query("select stores from tasks order by ordinal").map { try $0.int(0) }
            #expect(stores == [1, 0] && taken.storeSecondsMean != nil)
            let (mean, most) = (try #require(taken.callSecondsMean), try #require(taken.callSecondsMax))
            #expect(mean <= most && mean > 0)
        }
    }
}
