@testable import Answers
import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// No reader gives what was before an ingestion once that is said to be over, whatever became of the reader.
@Suite struct ReaderLeaseTests {
    private static let now = "2025-12-10T12:00:00-03:00"
    private static let day = ("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")

    private static func query(_ test: ReaderUnderTest) async throws -> HistoryQuery {
        try await test.fill("a/online", day.0, day.1)
        return try test.query(day.0, day.1)
    }

    /// Another value each time: an equal one changes nothing.
    private static func change(_ test: ReaderUnderTest, _ query: HistoryQuery, round: Int64 = 1) async throws {
        let id = try #require(test.ids["a/online"])
        try await test.store([StoredRow(seriesID: id, time: query.from, values: [.decimal(Decimal(round)), .null])])
    }

    /// It is told nothing and looks at nothing: its lease is waited for.
    @Test func aReaderThatDoesNotLookIsWaitedFor() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try await Self.query(test)
            let stopped = try await ReadingProcess(like: test)
            _ = try await stopped.ask(query)
            try await Self.change(test, query)
            let needed = try await Self.sum(test)
            #expect(try await test.store.laggards(behind: needed) == 1)
            try await test.store.awaitReaders()
            #expect(try await stopped.cached(query) == nil)
            // It never said that it knows: that was found out by the clock.
            #expect(try await test.store.laggards(behind: needed) == 1)
            try await stopped.end()
        }
    }

    /// It hears of the change, says so, and nobody waits for its lease.
    @Test func aReaderThatHearsSaysSo() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try await Self.query(test)
            // A lease that is never waited for: only what it says can make the answer below new.
            let fresh = try await ReadingProcess(like: test, lease: .seconds(3600), isKeptFresh: true)
            for round in 0..<20 {
                let before = try await fresh.ask(query)
                try await Self.change(test, query, round: Int64(round))
                let needed = try await Self.sum(test)
                // As `awaitReaders`, without its limit.
                while try await test.store.laggards(behind: needed) > 0 {}
                #expect(try await fresh.cached(query) == nil, "\(before)")
            }
            try await fresh.end()
        }
    }

    /// Its row stands before it trusts a single version, so that whoever commits after that sees whom to wait for.
    @Test func aReaderIsListedBeforeItTrusts() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try await Self.query(test)
            #expect(try await test.store.laggards(behind: .max) == 0)
            // Where it cannot be listed it looks each time, and is right all the same.
            try await test.store.pool.query("alter table readers rename to readers_hidden")
            await #expect(throws: (any Error).self) { try await test.another().readVersions() }
            try await test.store.pool.query("alter table readers_hidden rename to readers")
            let configuration = test.store.pool.configuration
            let database = try #require(Identifier(configuration.database))
            try await test.store.pool.query("alter database \(database) set default_transaction_read_only = on")
            let reading = try await ReadingProcess(like: test)
            _ = try await reading.ask(query)
            #expect(try await reading.cached(query) == nil)
            // What it knows holds for the moment only, but the answer itself is found in its memory.
            #expect(try await reading.ask(query).allSatisfy { $0.status.hasPrefix("hit") })
            #expect(try await reading.ask(query, times: 50).count == 50)
            #expect(try await test.store.laggards(behind: .max) == 0)
            try await reading.end()
        }
    }

    @Test func whoEndedLongAgoIsNotWaitedForAndSweptAway() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await test.store.pool.query("""
                insert into readers (id, heard_at, seen) values (gen_random_uuid(), now() - interval '11 seconds', -1),
                    (gen_random_uuid(), now() - interval '61 seconds', -1), (gen_random_uuid(), now() - interval '1 day', -1)
                """)
            #expect(try await test.store.laggards(behind: .max) == 0)
            try await test.reader.readVersions()
            #expect(try await test.store.pool.query("select from readers").count == 2)
            #expect(try await test.store.laggards(behind: .max) == 1)
            await test.reader.leave()
            #expect(try await test.store.pool.query("select from readers").count == 1)
            #expect(test.reader.cached(try test.query(Self.day.0, Self.day.1)) == nil)
        }
    }

    final class Asked {
        var times = 0
        var isOver = false
    }

    /// Work that was claimed while the readers were waited for is new work: whoever ends it settles.
    @Test func anIngestionThatGrowsMeanwhileIsNotSettled() async throws {
        try await ReaderUnderTest.with(now: Self.now) { loop, test in
            _ = try await Self.query(test)
            let id = try await test.store.pool.query("select id::text from ingestions").only().string(0)
            // Somebody who is waited for, and never says anything.
            try await test.store.pool.query("""
                insert into readers (id, heard_at, seen) values (gen_random_uuid(), now() + interval '1 hour', -1)
                """)
            let (asked, dataset) = (Asked(), test.dataset)
            let (store, seen) = (loop.keep(test.store), loop.keep(asked))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await loop.enter { loop in
                        defer { loop[seen].isOver = true }
                        let written = try await loop[store].settle(ingestion: id, of: dataset) { _, _, _ in .ended(.completed, error: nil) }
                        if written != nil { loop[seen].times += 1 }
                    }
                }
                while !asked.isOver {
                    try await test.store.pool.query("update tasks set fence = fence + 1 where ingestion_id = \(id)::uuid")
                }
                while try await group.next() != nil {}
            }
            #expect(asked.times == 0)
            let written = try await test.store.settle(ingestion: id, of: dataset) { _, _, _ in .ended(.completed, error: nil) }
            #expect(written != nil)
            #expect(try await test.store.ingestion(id: id)?.status == .completed)
        }
    }

    private static func sum(_ test: ReaderUnderTest) async throws -> Int64 {
        try await test.store.pool.query("select sum(version)::int8 from dataset_versions").only().int64(0)
    }
}
