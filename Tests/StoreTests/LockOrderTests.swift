import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// The order of locks: rows before coverage, and coverage all at once by the series' numbers. Who waits for one holds none that come later.
@Suite struct LockOrderTests {
    /// Holds `first`; as soon as `body` waits for it, takes `next`, which `body` must not hold.
    private static func meet(
        _ held: StoreUnderTest, on loop: isolated Loop, holding first: SQL, then next: SQL,
        _ body: @escaping @Sendable (isolated Loop, StoreUnderTest) async throws -> Void
    ) async throws {
        let token = loop.keep(held)
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await held.store.pool.transaction { connection in
                _ = try await connection.query(first)
                group.addTask { try await loop.enter { loop in try await body(loop, loop[token]) } }
                while try await connection.query("""
                    select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))
                    """).isEmpty {}
                _ = try await connection.query("\(next) nowait")
            }
            try await group.waitForAll()
        }
    }

    @Test func aRepairLocksTheRostersRowBeforeCoverage() async throws {
        let (day, now) = (20_000, Int64(20_002) * 86_400)
        try await Counted.with(["a"]) { loop, held in
            try await held.make(.roster(day, ["a": 8]), now: now)
            let ids = try await held.ids([Counted.days("a"), Counted.roster])
            let (series, roster) = (ids[0], ids[1])
            try await held.store.pool.query("delete from counted_days where series_id = \(series)")
            try await Self.meet(
                held, on: loop, holding: "select from counted_days where series_id = \(roster) for update",
                then: "select from coverage where series_id in (\(series), \(roster)) for update"
            ) { _, held in
                let isMended = try await held.store.repairCoverage(of: series, held.dataset, now: now)
                #expect(isMended)
            }
            #expect(try await held.store.verify(held.dataset).findings.isEmpty)
            #expect(try await held.store.pool.query("select from counted_days").isEmpty)
            #expect(try await held.store.ledgers(of: held.dataset.name).allSatisfy { $0.ledger.held.isEmpty })
        }
    }

    @Test func aRefusedRecordWithoutATimeIsOfASeriesLockedWithTheOthers() async throws {
        try await Refusing.with { loop, held in
            let task = try await held.begin()
            try await Self.meet(
                held, on: loop, holding: "select from coverage where series_id = \(held.ids[0]) for update",
                then: "select from coverage where series_id = \(held.ids[1]) for update"
            ) { _, held in
                try await held.end(
                    task, [held.row(0, 5, series: 1)], refused: [held.refusal(nil, "7", "no time", series: 0)], as: .unproved)
            }
            #expect(try await held.refusals().map(\.seriesID) == [held.ids[0]])
            #expect(try await held.ledger(1).held.ranges == [0..<1])
        }
    }
}
