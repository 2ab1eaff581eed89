import Bytes
import EventLoop
import Postgres
import Series
@testable import Store
import Testing
import TestSupport

/// Rows of answers that do not carry all fields: what is kept, what is cleared, what follows from several fields.
@Suite struct CarryingTests {
    /// Of an hour `seen`, which every answer has, `plan`, which few have, and their sum.
    private static func dataset() -> Dataset {
        Dataset.hours(
            "carried", of: [["a"], ["b"]], in: "carried_rows", [.init("seen", .integer), .init("plan", .integer), .init("total", .integer)],
            sql: "seen bigint, plan bigint, total bigint", partsPerRow: { _ in 2 }, carry: { latest, new in
                var whole = new
                for place in 0...1 where whole[place] == .kept { whole[place] = latest?[place] ?? .null }
                whole[2] = .null
                if case .integer(let a) = whole[0], case .integer(let b) = whole[1] { whole[2] = .integer(a + b) }
                return whole
            })
    }

    private static func row(_ held: StoreUnderTest, _ series: Int, hour: Int64, _ values: [Value]) -> StoredRow {
        StoredRow(seriesID: held.ids[series], time: hour * 3600, values: values + [.kept])
    }

    private static func stored(_ held: StoreUnderTest) async throws -> [[Int?]] {
        try await held.store.pool.query("""
            select series_id::int8, extract(epoch from time)::int8 / 3600, seen, plan, total from carried_rows order by series_id, time
            """).map { row in try (0..<5).map { try row.intOrNil(.at($0)) } }
    }

    @Test func whatAnAnswerDoesNotCarryStays() async throws {
        try await StoreUnderTest.with(Self.dataset()) { _, held in
            let (a, b) = (held.ids[0], held.ids[1])
            try await held.call([
                Self.row(held, 0, hour: 1, [.integer(1), .integer(10)]), Self.row(held, 1, hour: 1, [.integer(2), .kept]),
            ])
            // Nothing is known of b's plan: null, not zero.
            #expect(try await Self.stored(held) == [[a, 1, 1, 10, 11], [b, 1, 2, nil, nil]])
            try await held.call([
                Self.row(held, 0, hour: 3, [.integer(5), .kept]), Self.row(held, 1, hour: 3, [.kept, .integer(7)]),
            ])
            #expect(try await Self.stored(held) == [[a, 1, 1, 10, 11], [a, 3, 5, 10, 15], [b, 1, 2, nil, nil], [b, 3, 2, 7, 9]])
            // Cleared is not kept; and a row that is older than what is known takes from what was before it.
            try await held.call([
                Self.row(held, 0, hour: 4, [.integer(6), .null]), Self.row(held, 0, hour: 2, [.integer(4), .kept]),
            ])
            let rows = try await Self.stored(held)
            #expect(rows.prefix(4) == [[a, 1, 1, 10, 11], [a, 2, 4, 10, 14], [a, 3, 5, 10, 15], [a, 4, 6, nil, nil]])
            // The same slot again: what it does not carry is as the slot has it.
            try await held.call([Self.row(held, 0, hour: 3, [.integer(50), .kept])])
            #expect(try await Self.stored(held)[2] == [a, 3, 50, 10, 60])
        }
    }
}
