internal import Bytes
package import EventLoop
internal import Postgres
package import Series

/// A series as it is stored.
package struct StoredSeries: Sendable {
    package let id: Int
    package let ledger: Ledger
    /// The shown clock when its coverage changed last, or it was made; nil where that was not read.
    package var changedAt: Int64?
    /// Why slots are as they are, where that was asked for.
    package var notes = SlotNotes()

    package var key: SeriesKey { ledger.key }

    package init(id: Int, ledger: Ledger) {
        self.id = id
        self.ledger = ledger
    }
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
    package func ensureSeries(_ keys: [SeriesKey], of dataset: Dataset, now: Int64) async throws -> [Int] {
        try await ensureSeries(keys, of: dataset.name, now: now, from: { dataset.firstSlot(of: $0, followedAt: now) })
    }

    /// `from`: the first slot that is expected of a new series; nil where all are.
    package func ensureSeries(
        _ keys: [SeriesKey], of dataset: String, now: Int64, from first: @escaping @Sendable (SeriesKey) -> Int? = { _ in nil }
    ) async throws -> [Int] {
        try await pool.transaction { connection in
            let (ids, isMade) = try await Self.ensureSeries(Set(keys), of: dataset, now: now, from: first, on: connection)
            _ = try await connection.query("""
                insert into dataset_versions (dataset, version, changed_at) values (\(dataset), 1, \(.instant(now))) on conflict do nothing
                """)
            // New series change what is expected: answers that were made without them are of the past.
            if isMade { try await Self.raiseVersion(on: connection, of: dataset, now: now) }
            return keys.compactMap { ids[$0] }
        }
    }

    /// The same within a transaction, which touches no other series; where any were made the dataset's version is the caller's to raise.
    /// They are made in the order of their keys, so that two who make the same never wait for each other in a ring.
    static func ensureSeries(
        _ keys: Set<SeriesKey>, of dataset: String, now: Int64, from first: (SeriesKey) -> Int? = { _ in nil },
        on connection: PostgresConnection
    ) async throws -> (ids: [SeriesKey: Int], isMade: Bool) {
        var ids: [SeriesKey: Int] = [:]
        for one in try await entries(keys, of: dataset, on: connection) { ids[one.key] = one.id }
        // An insert that meets what is there takes a number all the same: it is not tried for thousands that are.
        let new = keys.filter { ids[$0] == nil }
        if new.isEmpty { return (ids, false) }
        let made = try await connection.query("""
            insert into series (dataset, key) select \(dataset), key from \(named(Array(new))) on conflict do nothing returning id
            """).map { Int32(clamping: try $0.int(0)) }
        _ = try await connection.query("""
            insert into coverage (series_id, changed_at) select id, \(.instant(now)) from unnest(\(made)) made (id)
            """)
        for one in try await entries(new, of: dataset, on: connection) { ids[one.key] = one.id }
        let begins = Set(made.map { Int($0) })
        let bounded = new.compactMap { key in
            ids[key].flatMap { id in begins.contains(id) ? first(key).map { (Int32(clamping: id), Int64($0)) } : nil }
        }
        if !bounded.isEmpty {
            _ = try await connection.query("""
                update series s set lifetime = int8range(v.first, null)
                from unnest(\(bounded.map(\.0)), \(bounded.map(\.1))) as v (id, first) where s.id = v.id
                """)
        }
        return (ids, !made.isEmpty)
    }

    /// Those that are there of some series by their names, in no order.
    static func entries(_ keys: Set<SeriesKey>, of dataset: String, on connection: PostgresConnection) async throws -> [SeriesEntry] {
        if keys.isEmpty { return [] }
        return try await connection.query("""
            select s.id, s.key from \(named(Array(keys))) join series s on s.dataset = \(dataset) and s.key = named.key
            """).map { SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1))) }
    }

    /// A table `named` of one column `key`: arrays of arrays have no bind of their own.
    private static func named(_ keys: [SeriesKey]) -> SQL {
        var json = JSONWriter()
        json.value(.array(keys.sorted().map { .array($0.values.map(JSONValue.string)) }))
        return """
            (select array(select jsonb_array_elements_text(k.value)) as key
                from jsonb_array_elements(\(.json(String(decoding: json.bytes, as: UTF8.self)))) k) named
            """
    }

    /// What is known of a dataset's series, all of them or those with these ids, sorted by key. `now` (shown clock): which absent
    /// slots are to be asked for again by then; nil where nobody wants to know.
    package func ledgers(of dataset: String, ids: [Int]? = nil, now: Int64? = nil) async throws -> [StoredSeries] {
        try await atOneMoment { try await Self.ledgers(on: $0, of: dataset, ids: ids, now: now) }
    }

    /// The same, as far as it is told which slots are expected (`Roster`).
    package func ledgers(of dataset: Dataset, ids: [Int]? = nil, now: Int64? = nil) async throws -> [StoredSeries] {
        try await atOneMoment { try await Self.ledgers(on: $0, of: dataset, ids: ids, now: now) }
    }

    /// The same, as far as it tells of a stretch of time: outside of it nothing is known of any series but its lifetime. For looks at a
    /// stretch alone; what is held first and last, and what follows from it, is not told.
    package func ledgers(of dataset: Dataset, in span: Range<Int64>, now: Int64? = nil) async throws -> [StoredSeries] {
        try await atOneMoment { try await Self.ledgers(on: $0, of: dataset, in: span, now: now) }
    }

    private func atOneMoment<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        try await pool.transaction { connection in
            _ = try await connection.query("set transaction isolation level repeatable read, read only")
            return try await body(connection)
        }
    }

    /// What a server sends for thousands of series may be larger than what is made of it.
    private static let seriesPerStatement = 1000

    static func ledgers(
        on connection: PostgresConnection, of dataset: String, ids: [Int]? = nil, within cut: CoverageCut? = nil, now: Int64? = nil
    ) async throws -> [StoredSeries] {
        guard let ids else {
            let all = try await connection.query("select id from series where dataset = \(dataset) order by key").map { try $0.int(0) }
            var series: [StoredSeries] = []
            series.reserveCapacity(all.count)
            for from in stride(from: 0, to: all.count, by: seriesPerStatement) {
                let some = Array(all[from..<min(from + seriesPerStatement, all.count)])
                series += try await ledgers(on: connection, of: dataset, ids: some, within: cut, now: now)
            }
            return series
        }
        let some = ids.map { Int32(clamping: $0) }
        let runs = try await cut?.table(of: entries(ids: ids, on: connection))
        let (slots, parts): (SQL, SQL) = runs == nil ? ("", "") : ("* cut.slots", "* cut.parts")
        // One group for all of them: of many series most have nothing to be asked for again.
        let rows = try await connection.query("""
            select s.id, s.key, lower(s.lifetime), upper(s.lifetime), \(Self.bounds("(c.held - c.provisional) \(parts)")),
                \(Self.bounds("c.absent \(slots)")), c.excluded \(slots), c.unfillable \(slots), c.quarantined \(slots), r.slots \(slots),
                c.provisional \(parts), c.changed_at
            from series s join coverage c on c.series_id = s.id \(runs.map { "join \($0) on cut.id = s.id" } ?? "" as SQL) left join (
                select a.series_id, range_agg(int8range(a.first_slot, a.end_slot)) as slots from absences a
                where a.next_at <= \(.instant(now)) and a.series_id = any(\(some)) group by a.series_id
            ) r on r.series_id = s.id
            where s.dataset = \(dataset) and s.id = any(\(some))
            order by s.key
            """)
        return try rows.map { row in
            var ledger = Ledger(
                key: SeriesKey(try row.strings(1)), lifetime: try Self.lifetime(of: row, at: 2),
                held: try Self.slots(of: row, 4), absent: try Self.slots(of: row, 6), excluded: SlotSet(ranges: try row.ranges(8)),
                unfillable: SlotSet(ranges: try row.ranges(9)), quarantined: SlotSet(ranges: try row.ranges(10)),
                recheck: SlotSet(ranges: try row.rangesOrNil(11) ?? []))
            ledger.provisional = SlotSet(ranges: try row.ranges(12))
            var series = StoredSeries(id: try row.int(0), ledger: ledger)
            series.changedAt = try row.instantOrNil("changed_at")
            return series
        }
    }

    /// A multirange as two arrays, the beginnings and the ends of its ranges: of many ranges that is sent eight times faster than the
    /// multirange itself, each range of which is a value with a type to look up.
    static func bounds(_ column: SQL) -> SQL {
        "array(select lower(r) from unnest(\(column)) r), array(select upper(r) from unnest(\(column)) r)"
    }

    /// Such two arrays.
    static func slots(of row: Postgres.Row, _ place: Int) throws -> SlotSet {
        let (first, end) = (try row.int64s(.at(place)), try row.int64s(.at(place + 1)))
        return SlotSet(ranges: zip(first, end).map { Int($0)..<Int($1) })
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
}
