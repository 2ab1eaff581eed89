import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// What goes wrong while a file is loaded leaves nothing of it.
@Suite struct LoadFaultTests {
    private struct Broken: Error {}
    private static let rows = (0..<6000).map { Candle($0) }

    @Test func anotherContentIsNotTaken() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let end = LoadEnd(sha256: StoreUnderTest.digest(9), rows: 6000)
            await #expect(throws: LoadError.otherContent) { try await held.load(Self.rows, end: end) }
            #expect(try await held.isUntouched())
            let short = LoadEnd(sha256: StoreUnderTest.digest(1), rows: 6001)
            await #expect(throws: LoadError.lostRows(read: 6001, handed: 6000, taken: 6000)) { try await held.load(Self.rows, end: short) }
            #expect(try await held.isUntouched())
            let outcome = try await held.load(Self.rows)
            #expect(outcome.counts.written == 6000)
        }
    }

    @Test func aSessionThatIsKilledLeavesNothing() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            // In the midst of the COPY; and of the one into the temporary table, with rows before it.
            for first in [0, 1] {
                if first == 1 { try await held.call([Candle(3000).row(held.ids[0], "api", vwap: "1")]) }
                let before = try await held.minutes()
                await #expect(throws: PostgresError.self) {
                    try await held.load(Self.rows) { _, place in
                        guard place == 4000 else { return }
                        let killed = try await held.store.pool.query("""
                            select pg_terminate_backend(pid) from pg_stat_activity
                            where datname = current_database() and state = 'active' and query like 'copy%'
                            """)
                        #expect(killed.count == 1)
                    }
                }
                #expect(try await held.minutes() == before)
                #expect(try await held.isSound())
            }
            #expect(try await held.load(Self.rows).counts.all == [5999, 1, 0, 0, 0])
        }
    }

    @Test func aLostLeaseWritesNothing() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let task = try await held.begin()
            await #expect(throws: StoreError.leaseLost(task: task.id)) {
                try await held.load(Self.rows, task: task) { task, place in
                    guard place == 1000 else { return }
                    _ = try await held.store.pool.query("update tasks set fence = fence + 1 where id = \(task.id)")
                }
            }
            #expect(try await held.isUntouched())
            // And one that was lost before it began reads nothing at all.
            var isRead = false
            await #expect(throws: StoreError.leaseLost(task: task.id)) {
                try await held.load(Self.rows, task: task) { _, _ in isRead = true }
            }
            #expect(!isRead)
        }
    }

    /// A load may take longer than a lease: it goes on being renewed while rows pass.
    @Test func theLeaseIsRenewedMeanwhile() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            var renewed: [Store.Lease] = []
            try await held.load(Self.rows) { task, _ in renewed.append(try await held.store.renewLease(of: task, leaseSeconds: 60)) }
            #expect(renewed.count == 13 && renewed.allSatisfy { $0 == .held })
        }
    }

    @Test func aReaderThatFailsLeavesNothing() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            await #expect(throws: Broken.self) { try await held.load(Self.rows) { _, place in if place == 5000 { throw Broken() } } }
            let isUntouched = try await held.isUntouched()
            #expect(isUntouched)
        }
    }

    @Test func aRowThatBreaksARuleLeavesNothingOfItsFile() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let error = await #expect(throws: PostgresError.self) { try await held.load(Self.rows + [Candle(7000, volume: -1)]) }
            #expect(error?.kind == .checkViolation)
            #expect(try await held.isUntouched())
            let files = try await held.store.archiveFiles(of: "candles", limit: 9)
            #expect(files.map(\.status) == [.found])
        }
    }

    @Test func rowsOfNoSeriesAreRefusedAndGoWithTheirs() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            try await held.load(Self.rows)
            try await held.load(Self.rows, 2, series: 1)
            await #expect(throws: PostgresError.self) {
                _ = try await held.store.pool.query("""
                    insert into kraken_candles (series_id, time, open, high, low, close, volume, trades, source)
                    values (99999, now(), 1, 1, 1, 1, 1, 1, 'csv')
                    """)
            }
            await #expect(throws: PostgresError.self) {
                _ = try await held.store.pool.query("update kraken_candles set series_id = \(held.ids[1]) where series_id = \(held.ids[0])")
            }
            try await held.store.pool.query("delete from series where id = \(held.ids[0])")
            let left = try await held.store.pool.query("select count(*), count(distinct series_id) from kraken_candles").only()
            #expect(try [left.int(0), left.int(1)] == [6000, 1])
            // Their files are forgotten with them.
            #expect(try await held.store.archiveFiles(of: "candles", limit: 9).map(\.seriesID) == [held.ids[1]])
        }
    }
}
