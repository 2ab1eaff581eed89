import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing

/// Calls of so many rows that they are copied into the table where nothing stands in the way, and what comes of them where something does.
@Suite struct RowCopyTests {
    private static let times = (0..<1500).map { Int64($0) * 1800 }

    private static func rows(_ held: StoreUnderTest, _ price: String = "1.25", _ times: [Int64] = times) -> [StoredRow] {
        times.shuffled().map { held.edition(price, $0 % 3600 == 0 ? 7 : nil, time: $0) }
    }

    @Test func newRowsComeOutAsTheyWentIn() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let prices = ["0", "-0.000001", "9223372036854775807", "-922337203685477580.7", "10000", "0.0001", "123.4567", "-1.5"]
            let rows = Self.times.enumerated().map { held.edition(prices[$0 % prices.count], nil, time: $1) }
            // One comes twice, and one in two editions, the higher one first.
            let others = [held.edition("3", 9, time: 1800), held.edition("2", 1, time: 1800)]
            let counts = try await held.call(others + rows + [rows[5]])
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (1500, 0, 0, 2))
            let stored = try await held.held()
            #expect(stored.count == 1500 && stored[[Int64(held.ids[0]), 1800]] == others[0].values)
            for row in rows where row.time != 1800 { #expect(stored[[Int64(row.seriesID), row.time]] == row.values) }
            #expect(try await held.revisions().map(\.change) == ["-0.000001->2", "2->3"])
            #expect(try await held.coverage() == [[0..<1500], []])
        }
    }

    @Test func rowsThatCoverageDoesNotKnowOfAreFoundAllTheSame() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await held.store.pool.query("""
                insert into edition_rows (series_id, time, price, issued, note) values
                    (\(Int32(held.ids[0])), \(.instant(1_800_000)), 1.25, 7, 'n'),
                    (\(Int32(held.ids[0])), \(.instant(1_801_800)), 9, null, 'n')
                """)
            let counts = try await held.call(Self.rows(held))
            #expect((counts.written, counts.unchanged, counts.revised, counts.revisions) == (1498, 1, 1, 1))
            #expect(try await held.held().values.allSatisfy { $0[0] == .decimal(Decimal("1.25")!) })
            #expect(try await held.coverage() == [[0..<1500], []])
        }
    }

    @Test func whatIsHeldInTheMidstIsNotTakenAway() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            try await held.call([held.edition("5", 8, time: 900_000)])
            let counts = try await held.call(Self.rows(held))
            #expect((counts.written, counts.unchanged, counts.revised) == (1499, 1, 0))
            #expect(try await held.held()[[Int64(held.ids[0]), 900_000]]?[0] == .decimal(Decimal(5)))
        }
    }

    @Test func seriesOfWhichSomethingIsHeldAreNotCopied() async throws {
        let lengths = [(1, 1200), (2, 999), (3, 5), (4, 1000), (5, 400), (6, 700)]
        let series = lengths.flatMap { Array(repeating: $0.0, count: $0.1) }
        func stretches(_ known: Set<Int>) -> [Store.Stretch] { Store.stretches(of: series, known: known) }
        #expect(stretches([]) == [.init(places: 0..<4304, isNew: true)])
        #expect(stretches([1, 2, 3, 4, 5, 6]) == [.init(places: 0..<4304, isNew: false)])
        #expect(stretches([3]) == [
            .init(places: 0..<2199, isNew: true), .init(places: 2199..<2204, isNew: false), .init(places: 2204..<4304, isNew: true),
        ])
        // What stands between two that are held is too little.
        #expect(stretches([1, 3]) == [.init(places: 0..<2204, isNew: false), .init(places: 2204..<4304, isNew: true)])
        #expect(Store.stretches(of: [], known: []) == [])
        try await StoreUnderTest.with(editions()) { _, held in
            // "whole" has one row an hour.
            let others = Self.times.filter { $0 % 3600 == 0 }.map { held.edition("7", 1, time: $0, series: 1) }
            try await held.call([others[3]])
            let counts = try await held.call(others + Self.rows(held))
            #expect((counts.written, counts.unchanged, counts.revised) == (2249, 1, 0))
            #expect(try await held.coverage() == [[0..<1500], [0..<1500]])
        }
    }

    /// None sees the other's rows until it writes its own.
    @Test func callsWithTheSameRowsAtOnceWriteThemOnce() async throws {
        for _ in 0..<5 {
            try await StoreUnderTest.with(editions()) { loop, held in
                let kept = loop.keep(held)
                let tasks = [try await held.begin(), try await held.begin(), try await held.begin()]
                let sums = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for (number, task) in tasks.enumerated() {
                        group.addTask {
                            try await loop.enter { loop in
                                let held = loop[kept]
                                let times = Array(Self.times[(number * 100)..<(number * 100 + 1200)])
                                let counts = try await held.end(task, Self.rows(held, "1.25", times))
                                return [counts.written, counts.unchanged, counts.revised]
                            }
                        }
                    }
                    var sums = [0, 0, 0]
                    for try await counts in group { sums = zip(sums, counts).map(+) }
                    return sums
                }
                #expect(sums == [1400, 2200, 0])
                #expect(try await held.held().count == 1400)
                #expect(try await held.coverage() == [[0..<1400], []])
            }
        }
    }

    @Test func aRowThatBreaksARuleLeavesNothingOfItsCall() async throws {
        try await StoreUnderTest.with(editions()) { _, held in
            let broken = StoredRow(seriesID: held.ids[0], time: 3_600_000, values: [.null, .null, .null])
            let task = try await held.begin()
            let error = await #expect(throws: PostgresError.self) { try await held.end(task, Self.rows(held) + [broken]) }
            #expect(error?.kind == .notNullViolation)
            #expect(try await held.held().isEmpty)
            #expect(try await held.coverage() == [[], []])
        }
    }
}
