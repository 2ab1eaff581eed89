import Bytes
import EventLoop
import Foundation
import Postgres
import Series
@testable import Store
import Testing

/// Hours of two halves whose records are `START PRICE`, with a rule: no price is above a limit. What quarantine is tried on.
enum Refusing {
    static func dataset(limit: Int64, canReread: Bool = true, quality: QualityRules? = nil) -> Dataset {
        let reread: Reread = { _, kept, leniently in read(kept.record, limit: leniently ? .max : limit) }
        return .hours(
            "refusing", of: [["a"], ["b"]], in: "refusing_rows", [.init("price", .integer)], sql: "price bigint not null",
            reread: canReread ? reread : nil, quality: quality)
    }

    static func read(_ record: String, limit: Int64) -> Result<Series.Row, RereadRefusal> {
        let words = record.split(separator: " ").compactMap { Int64($0) }
        guard words.count == 2 else { return .failure(RereadRefusal("price is not a number")) }
        if words[1] > limit { return .failure(RereadRefusal("price is above \(limit)")) }
        return .success(Series.Row(series: 0, time: words[0], values: [.integer(words[1])]))
    }

    /// A migrated database with the dataset's series, on a loop of its own.
    static func with<T: Sendable>(
        limit: Int64 = 100, _ body: @escaping @Sendable (isolated Loop, StoreUnderTest) async throws -> T
    ) async throws -> T {
        try await StoreUnderTest.with(dataset(limit: limit), body)
    }
}

extension StoreUnderTest {
    /// A half hour of a series.
    func row(_ part: Int, _ price: Int64, series: Int = 0) -> StoredRow {
        StoredRow(seriesID: ids[series], time: Int64(part) * 1800, values: [.integer(price)])
    }

    func refusal(
        _ part: Int?, _ price: String, _ reason: String = "price is above 100", series: Int? = 0, place: String? = nil
    ) -> QuarantinedRecord {
        let time = part.map { Int64($0) * 1800 }
        return QuarantinedRecord(reason: reason, record: "\(time ?? -1) \(price)", series: series, time: time, place: place)
    }

    /// A call over the first day. Answers its task.
    @discardableResult
    func call(
        _ rows: [StoredRow] = [], refused: [QuarantinedRecord], as ended: TaskResult.Ended = .proved, witnessed: Range<Int>? = nil,
        now: Int64 = 200_000
    ) async throws -> Int64 {
        let task = try await begin()
        try await end(task, rows, refused: refused, as: ended, witnessed: witnessed, now: now)
        return task.id
    }

    func end(
        _ task: ClaimedTask, _ rows: [StoredRow] = [], refused: [QuarantinedRecord], as ended: TaskResult.Ended = .proved,
        witnessed: Range<Int>? = nil, marks: [Int: [String: Int]] = [:], now: Int64 = 200_000
    ) async throws {
        var refusals = Refusals()
        refusals.add(refused)
        var result = TaskResult(ended: ended, reason: "")
        result.rows = rows
        result.askedAt = now
        result.witnessed = witnessed
        result.marks = marks
        result.refused = RefusedRecords(refusals, of: task.seriesIDs)
        result.quarantined = refusals.count
        _ = try await store.finish(task, with: result, dataset: dataset, now: now)
    }

    func refusals(_ filter: Store.RefusalFilter = .init(), limit: Int = 10_000) async throws -> [StoredRefusal] {
        // Those of one call are kept in no order that means anything.
        try await store.refusals(of: dataset.name, filter, after: nil, limit: limit).sorted {
            ($0.seriesID ?? 0, $0.time ?? 0, $0.id) < ($1.seriesID ?? 0, $1.time ?? 0, $1.id)
        }
    }

    func ledger(_ series: Int = 0) async throws -> Ledger { try await store.ledgers(of: dataset.name)[series].ledger }

    func count(_ table: SQL) async throws -> Int { try await store.pool.query("select count(*) from \(table)").only().int(0) }

    /// Nothing differs from what rows, absences and refused records say.
    func isVerified() async throws -> Bool { try await store.verify(dataset).findings.isEmpty }
}
