package import EventLoop
internal import Postgres
package import Series

/// A series as it is stored.
package struct StoredSeries: Sendable {
    package let id: Int
    package let ledger: Ledger

    package var key: SeriesKey { ledger.key }
}

/// What a dataset's answers depend on: it grows with every change of its coverage or rows.
package struct DatasetVersion: Sendable, Equatable {
    package let number: Int64
    /// Instant (of the shown clock) of the last change.
    package let changedAt: Int64

    package init(number: Int64, changedAt: Int64) {
        self.number = number
        self.changedAt = changedAt
    }
}

/// Series and what is held of them.
extension Store {
    /// Makes the series that are not there yet. Returns their ids in the order given.
    package func ensureSeries(_ keys: [SeriesKey], of dataset: String, now: Int64) async throws -> [Int] {
        try await pool.transaction { connection in
            var made = 0
            for key in keys.sorted() {
                made += try await connection.query("""
                    insert into series (dataset, key) values (\(dataset), \(key.values)) on conflict do nothing returning id
                    """).count
            }
            _ = try await connection.query("""
                insert into coverage (series_id, changed_at)
                select id, \(.instant(now)) from series where dataset = \(dataset) on conflict do nothing
                """)
            _ = try await connection.query("""
                insert into dataset_versions (dataset, version, changed_at) values (\(dataset), 1, \(.instant(now))) on conflict do nothing
                """)
            // New series change what is expected: answers that were made without them are of the past.
            if made > 0 { try await Self.raiseVersion(on: connection, of: dataset, now: now) }
            let rows = try await connection.query("select id, key from series where dataset = \(dataset)")
            var ids: [SeriesKey: Int] = [:]
            for row in rows { ids[SeriesKey(try row.strings(1))] = try row.int(0) }
            return keys.compactMap { ids[$0] }
        }
    }

    /// What is known of a dataset's series, all of them or those with these ids, sorted by key.
    package func ledgers(of dataset: String, ids: [Int]? = nil) async throws -> [StoredSeries] {
        try await pool.lease { try await Self.ledgers(on: $0, of: dataset, ids: ids) }
    }

    static func ledgers(on connection: PostgresConnection, of dataset: String, ids: [Int]? = nil) async throws -> [StoredSeries] {
        let all = ids == nil
        let rows = try await connection.query("""
            select s.id, s.key, lower(s.lifetime), upper(s.lifetime), c.held, c.absent, c.excluded, c.unfillable, c.quarantined
            from series s join coverage c on c.series_id = s.id
            where s.dataset = \(dataset) and (\(all) or s.id = any(\((ids ?? []).map { Int64($0) })))
            order by s.key
            """)
        return try rows.map { row in
            let lifetime: Range<Int>? =
                if let first = try row.intOrNil(2), let end = try row.intOrNil(3), first < end { first..<end } else { nil }
            return StoredSeries(
                id: try row.int(0),
                ledger: Ledger(
                    key: SeriesKey(try row.strings(1)), lifetime: lifetime, held: SlotSet(ranges: try row.ranges(4)),
                    absent: SlotSet(ranges: try row.ranges(5)), excluded: SlotSet(ranges: try row.ranges(6)),
                    unfillable: SlotSet(ranges: try row.ranges(7)), quarantined: SlotSet(ranges: try row.ranges(8))))
        }
    }

    /// The versions of every dataset, for the caches in front.
    package func versions(until deadline: Deadline? = nil) async throws -> [String: DatasetVersion] {
        let rows = try await pool.read("select dataset, version, changed_at from dataset_versions", until: deadline)
        var versions: [String: DatasetVersion] = [:]
        for row in rows {
            versions[try row.string(0)] = DatasetVersion(number: try row.int64(1), changedAt: try row.instant(2))
        }
        return versions
    }

    static func raiseVersion(on connection: PostgresConnection, of dataset: String, now: Int64) async throws {
        // Last in its transaction: writers of one dataset queue for this row only while they commit.
        _ = try await connection.query("""
            update dataset_versions set version = version + 1, changed_at = \(.instant(now)) where dataset = \(dataset)
            """)
        _ = try await connection.query("select pg_notify('gapless_versions', \(dataset))")
    }

    /// Adds parts to what is held of each series. Returns how many slots became whole by it.
    static func extendCoverage(
        on connection: PostgresConnection, by parts: [Int: SlotSet], partsPerSlot: Int, now: Int64
    ) async throws -> Int {
        var filled = 0
        // In one order everywhere, so that two writers cannot wait for each other.
        for id in parts.keys.sorted() {
            guard let added = parts[id] else { continue }
            let row = try await connection.query("select held from coverage where series_id = \(id) for update").only()
            let before = SlotSet(ranges: try row.ranges(0))
            let after = before.union(added)
            if after == before { continue }
            filled += after.wholeSlots(of: partsPerSlot).count - before.wholeSlots(of: partsPerSlot).count
            _ = try await connection.query("""
                update coverage set held = \(.ranges(after.ranges)), changed_at = \(.instant(now)) where series_id = \(id)
                """)
        }
        return filled
    }
}
