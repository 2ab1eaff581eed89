import Bytes
import EventLoop
import Postgres
import Series
import Store
import Testing

/// Rows of what the service does by itself, and whose turn it is in the queue.
@Suite struct ScheduleStoreTests {
    private static let hourly = DatasetSchedule("often", .hourly(minute: 5), .missing(daysBack: 1), lane: .live)

    private static func new(_ digest: String, lane: Lane = .repair, calls: Int = 1, series: Int = 1) -> Store.NewIngestion {
        Store.NewIngestion(
            dataset: "editions", selection: "{}", selectionDigest: digest, planID: nil, requestedBy: "test", lane: lane,
            figures: PlanFigures(
                gaps: 1, slots: 2, cost: Cost(requests: 1), lowerBound: Cost(requests: 1), optimality: .proven, estimatedSeconds: 1),
            calls: (0..<calls).map {
                StoredCall(shape: "s", seriesIDs: [series], periods: $0..<($0 + 1), covers: 2, requests: 1, tokens: 0)
            },
            filedAt: 0)
    }

    private static func row(_ store: Store) async throws -> StoredSchedule {
        try #require(try await store.schedules(of: ["editions"]).first)
    }

    @Test func aRunIsDoneOnceHoweverManySawThatItWasDue() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            try await store.ensureSchedules([Self.hourly], of: "editions", now: 0)
            let seen = try await Self.row(store)
            #expect(seen.nextDue == 300 && seen.lastRun == nil && seen.lastIngestion == nil)
            // Five hours were missed.
            let filed = try #require(try await store.run(seen, now: 18_000, next: 18_300, filing: [Self.new("a")]))
            #expect(filed.map(\.isNew) == [true])
            #expect(try await store.run(seen, now: 18_001, next: 18_300, filing: [Self.new("b")]) == nil)
            let after = try await Self.row(store)
            #expect(after.nextDue == 18_300 && after.lastDue == 300 && after.lastRun == 18_000)
            #expect(after.lastIngestion == filed[0].id)
            #expect(try await store.ingestions(dataset: nil, status: nil, after: nil, limit: 9).count == 1)
            // A run that finds nothing to ask for is a run, and one that finds it asked for already files nothing.
            #expect(try await store.run(after, now: 18_300, next: 21_900, filing: [])?.isEmpty == true)
            let third = try await Self.row(store)
            #expect(third.lastIngestion == filed[0].id && third.lastRun == 18_300)
            let equal = try #require(try await store.run(third, now: 21_900, next: 25_500, filing: [Self.new("a")]))
            #expect(equal.map(\.isNew) == [false] && equal[0].id == filed[0].id)
        }
    }

    @Test func aRunThatBreaksOffHasDoneNothing() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            try await store.ensureSchedules([Self.hourly], of: "editions", now: 0)
            let seen = try await Self.row(store)
            // The second cannot be filed: a series has no such number.
            let wanted = [Self.new("a"), Self.new("b", series: 1 << 40)]
            await #expect(throws: (any Error).self) { try await store.run(seen, now: 300, next: 3900, filing: wanted) }
            #expect(try await Self.row(store) == seen)
            #expect(try await store.ingestions(dataset: nil, status: nil, after: nil, limit: 9).isEmpty)
        }
    }

    @Test func whileOneIsAtItOthersLeaveItAlone() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            try await store.ensureSchedules([Self.hourly], of: "editions", now: 0)
            let seen = try await Self.row(store)
            try await store.pool.transaction { connection in
                _ = try await connection.query("select from schedules for update")
                #expect(try await store.run(seen, now: 300, next: 3900, filing: [Self.new("a")]) == nil)
                #expect(try await store.move(seen, to: 7500) == false)
            }
            #expect(try await Self.row(store) == seen)
            #expect(try await store.move(seen, to: 7500))
            #expect(try await Self.row(store).nextDue == 7500)
        }
    }

    @Test func rowsFollowTheRules() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            let daily = DatasetSchedule("nightly", .daily(minutes: [180], .utc), .missing(daysBack: 30), lane: .repair)
            try await store.ensureSchedules([Self.hourly, daily], of: "editions", now: 0)
            // Again, later: what is due stays due.
            try await store.ensureSchedules([Self.hourly, daily], of: "editions", now: 50_000)
            #expect(try await store.schedules(of: ["editions"]).map(\.nextDue) == [10_800, 300])
            let other = DatasetSchedule("often", .hourly(minute: 7), .missing(daysBack: 1), lane: .live)
            try await store.ensureSchedules([other], of: "editions", now: 50_000)
            let rows = try await store.schedules(of: ["editions"])
            #expect(rows.map(\.name) == ["often"] && rows.map(\.nextDue) == [50_820])
            #expect(try await store.schedules(of: ["another"]).isEmpty)
        }
    }

    /// The lot decides between lanes that have work, age within one; where one has none the others have its turns.
    @Test func lanesTakeTurnsByTheLot() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let store = held.store
            for lane in [Lane.history, .repair, .live] {
                for number in 0..<2 { _ = try await store.insertIngestion(Self.new("\(lane)\(number)", lane: lane, calls: 2)) }
            }
            func claim(_ chance: Double, _ lanes: [Lane] = Lane.allCases) async throws -> ClaimedTask? {
                try await store.claimTask(worker: "w", datasets: ["editions"], lanes: lanes, chance: chance, leaseSeconds: 60)
            }
            let first = try #require(try await claim(0.95))
            #expect(first.lane == .history)
            #expect(try await claim(0.59)?.lane == .live)
            #expect(try await claim(0.61)?.lane == .repair)
            let second = try #require(try await claim(0.91))
            #expect(second.lane == .history && second.ingestionID == first.ingestionID && second.periods == 1..<2)
            // Live only, as long as it lasts.
            for _ in 0..<3 { #expect(try await claim(0.99, [.live])?.lane == .live) }
            #expect(try await claim(0, [.live]) == nil)
            // Three parts to one now.
            #expect(try await claim(0.74)?.lane == .repair)
            #expect(try await claim(0.76)?.lane == .history)
            #expect(try await claim(0.999)?.lane == .history)
            #expect(try await claim(0.999)?.lane == .repair)
            #expect(try await claim(0.999)?.lane == .repair)
            #expect(try await claim(0) == nil)
        }
    }
}
