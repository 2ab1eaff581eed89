import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

@Suite struct RevisionTests {
    @Test func aChangedValueKeepsTheOldOneWithItsCalls() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            let first = try await held.begin()
            try await held.end(first, [held.half("1.50"), held.half("2", time: 1800)], now: 100)
            let second = try await held.begin()
            let version = try await held.version()
            let counts = try await held.end(second, [held.half("1.25000000000001"), held.half("2", time: 1800)], now: 200)
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (0, 1, 1, 1))
            #expect(try await held.version() == version.map { $0 + 1 })
            let revision = try #require(try await held.revisions().first)
            #expect(try await held.revisions().count == 1)
            #expect(revision.time == 0 && revision.changedAt == 200 && revision.seriesID == held.ids[0])
            #expect(revision.old == [.decimal(Decimal("1.5")!), .null])
            #expect(revision.new == [.decimal(Decimal("1.25000000000001")!), .null])
            #expect(revision.oldCall == .init(task: first.id, ingestionID: first.ingestionID, ordinal: 0))
            #expect(revision.newCall == .init(task: second.id, ingestionID: second.ingestionID, ordinal: 0))
        }
    }

    @Test func equalRowsChangeNothing() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            try await held.call([held.half("1.5")])
            let version = try await held.version()
            let counts = try await held.call([held.half("1.500")])
            #expect(counts == { var counts = RowCounts(); counts.unchanged = 1; return counts }())
            #expect(try await held.version() == version)
        }
    }

    @Test func backAndForthKeepsEachChange() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            for price in ["1", "2", "1", "2"] { try await held.call([held.half(price)]) }
            #expect(try await held.revisions().map(\.change) == ["1->2", "2->1", "1->2"])
        }
    }

    @Test func ofSeveralEditionsTheHighestIsHeldAndTheOthersAreRevisions() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let day = [held.edition("30", 3), held.edition("10", nil), held.edition("20", 2)]
            let counts = try await held.call(day)
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (1, 0, 0, 2))
            #expect(try await held.held().values.map { $0[0] } == [.decimal(Decimal(30))])
            #expect(try await held.revisions().map(\.change) == ["10->20", "20->30"])
            // The same day once more, whole or in part, adds nothing.
            for again in [day, [held.edition("10", nil)], [held.edition("20", 2), held.edition("10", nil)]] {
                let version = try await held.version()
                let counts = try await held.call(again)
                #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (0, 1, 0, 0))
                #expect(try await held.version() == version)
            }
            #expect(try await held.revisions().count == 2)
        }
    }

    @Test func aLowerEditionThatComesLaterNeverReplaces() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await held.call([held.edition("30", 3)])
            let version = try await held.version()
            let counts = try await held.call([held.edition("10", 1), held.edition("20", 2)])
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (0, 1, 0, 2))
            // The list of revisions is an answer too: whoever holds it must ask anew.
            #expect(try await held.version() == version.map { $0 + 1 })
            #expect(try await held.revisions().map(\.change) == ["10->20", "20->30"])
            // Of one rank, the later answer wins.
            #expect(try await held.call([held.edition("31", 3)]).revised == 1)
            // Below, on and above what is held, in one answer.
            #expect(try await held.call([held.edition("40", 4), held.edition("32", 3), held.edition("21", 2)]).revised == 1)
            #expect(
                try await held.revisions().map(\.change) == ["10->20", "20->30", "30->31", "21->31", "31->32", "32->40"])
            #expect(try await held.held().values.map { $0[0] } == [.decimal(Decimal(40))])
        }
    }

    @Test func anOlderCallThatEndsLaterDoesNotUndoTheNewerValue() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            try await held.call([held.half("1")])
            let older = try await held.begin()
            let newer = try await held.begin()
            try await held.end(newer, [held.half("3")])
            let counts = try await held.end(older, [held.half("2"), held.half("9", time: 1800)])
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (1, 1, 0, 1))
            #expect(try await held.held()[[Int64(held.ids[0]), 0]]?[0] == .decimal(Decimal(3)))
            #expect(try await held.revisions().map(\.change) == ["1->3", "2->3"])
            // A call that begins after both may say so.
            try await held.call([held.half("2")])
            #expect(try await held.revisions().map(\.change) == ["1->3", "2->3", "3->2"])
        }
    }

    /// It was claimed first, but waited for the quota: what it asked later is the newer answer.
    @Test func theCallThatAskedLaterHasTheNewerValueWhicheverWasClaimedFirst() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            let patient = try await held.begin()
            let quick = try await held.begin()
            let asked = Deadline(nanoseconds: Deadline.now.nanoseconds - 60_000_000_000)
            try await held.end(patient, [held.half("2")], begunAt: .now)
            try await held.end(quick, [held.half("1"), held.half("1", time: 1800)], begunAt: asked)
            #expect(try await held.held()[[Int64(held.ids[0]), 0]]?[0] == .decimal(Decimal(2)))
            #expect(try await held.revisions().map(\.change) == ["1->2"])
            // Claimed anew by its own worker while it was under way: it asked before all the same.
            let old = try await held.begin()
            try await held.call([held.half("4")])
            try await held.store.pool.query("update tasks set lease_until = now() - interval '1 second' where id = \(old.id)")
            let anew = try #require(try await held.store.claimTask(worker: "w", datasets: [held.dataset.name], leaseSeconds: 60))
            #expect(anew.id == old.id && anew.fence > old.fence)
            try await held.end(anew, [held.half("3")], begunAt: asked)
            #expect(try await held.held()[[Int64(held.ids[0]), 0]]?[0] == .decimal(Decimal(4)))
        }
    }

    @Test func twoCallsWithTheSameRowsAtOnceWaitInLine() async throws {
        try await StoreUnderTest.with(halves()) { loop, held in
            try await held.call((0..<400).filter { $0 % 3 == 0 }.map { held.half("1", time: $0 * 1800) })
            let token = loop.keep(held)
            let tasks = [try await held.begin(), try await held.begin(), try await held.begin()]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (n, task) in tasks.enumerated() {
                    group.addTask {
                        try await loop.enter { loop in
                            let held = loop[token]
                            try await held.end(task, (0..<400).map { held.half("\(n + 2)", time: $0 * 1800) })
                        }
                    }
                }
                try await group.waitForAll()
            }
            // In whatever order they came: every value that is not held any more is a revision, and each hour has one value.
            let stored = try await held.held()
            #expect(stored.count == 400 && Set(stored.values.map { "\($0[0])" }).count == 1)
            let revisions = try await held.revisions()
            #expect(revisions.count == 134 * 3 + 266 * 2)
        }
    }

    @Test func aRowOfAWholeSlotCoversAllItsParts() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let task = try await held.begin()
            try await held.end(task, [
                held.edition("1", 1, time: 3600, series: 1), held.edition("2", 1, time: 7200, series: 1), held.edition("3", 1, time: 3600),
            ])
            #expect(try await held.coverage() == [[2..<3], [2..<6]])
            let ingestion = try await held.store.ingestion(id: task.ingestionID)
            #expect(ingestion?.sums.filled == 2)
        }
    }

    @Test func anAnswerThatEndsUnprovedTakesNothingAway() async throws {
        try await StoreUnderTest.with(halves()) { _, held in
            try await held.call((0..<48).map { held.half("1", time: $0 * 1800) })
            let coverage = try await held.coverage()
            let rows = try await held.held()
            for ended in [TaskResult.Ended.unproved, .failed, .proved, .shapeUnusable] {
                let version = try await held.version()
                try await held.end(try await held.begin(), [held.half("1", time: 3600)], as: ended)
                try await held.end(try await held.begin(), [], as: ended)
                #expect(try await held.coverage() == coverage)
                #expect(try await held.held() == rows)
                #expect(try await held.version() == version)
                #expect(try await held.revisions().isEmpty)
            }
            // One value of a refresh that broke off is another: that one alone changes.
            try await held.end(try await held.begin(), [held.half("7", time: 3600)], as: .unproved)
            #expect(try await held.coverage() == coverage)
            #expect(try await held.revisions().map(\.change) == ["1->7"])
            #expect(try await held.held().filter { rows[$0.key] != $0.value }.count == 1)
        }
    }
}
