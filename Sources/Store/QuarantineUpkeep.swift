internal import Codec
internal import Postgres
internal import Series

/// How records get into quarantine, and out of it by what comes later.
///
/// `coverage.quarantined` is written here alone: the slots of open records whose part is not held.
extension Store {
    /// An open record was settled by somebody else meanwhile.
    struct RefusalSettled: Error {}

    /// Keeps refused records, settles those in whose place something came, and writes coverage accordingly. `remember` calls it, after rows
    /// and `coverage.held` are written, whenever something came; it takes the coverage rows' locks where they are not held yet. True where
    /// answers change by it: the dataset's version must be raised.
    ///
    /// - Parameters:
    ///   - arrived: the parts that rows of this transaction fill, by series.
    ///   - resolving: open records that these rows are made of. Throws `RefusalSettled` where one of them is open no more.
    static func quarantine(
        _ refused: RefusedRecords, arrived: [Int: SlotSet], resolving: RefusalResolution? = nil, of dataset: Dataset,
        from source: RefusalSource, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        let filled = try await withOpenRecords(arrived, on: connection)
        if refused.isEmpty, filled.isEmpty, resolving == nil { return false }
        let ids = Set(refused.kept.compactMap(\.seriesID)).union(refused.times.keys).union(filled.keys)
        let ledgers = Dictionary(uniqueKeysWithValues: try await lockedLedgers(Array(ids), of: dataset, on: connection))
        try await keep(refused.kept, ledgers.mapValues(\.key), of: dataset, from: source, now: now, on: connection)
        var isChange = !refused.kept.isEmpty
        if let resolving {
            try await settle(resolving, task: source.task, now: now, on: connection)
            isChange = true
        }
        if try await supersede(by: filled, task: source.task, now: now, on: connection) { isChange = true }
        if try await renewQuarantined(of: Array(ids), now: now, on: connection) { isChange = true }
        var ended: [Int: (ledger: Ledger, times: [Int64])] = [:]
        for (id, times) in refused.times { ended[id] = ledgers[id].map { ($0, times) } }
        try await endAbsences(of: ended, task: source.task, dataset, now: now, on: connection)
        return isChange
    }

    /// Makes `coverage.quarantined` of these series what the open records say. Whether it was something else.
    static func renewQuarantined(of ids: [Int], now: Int64, on connection: PostgresConnection) async throws -> Bool {
        try await !connection.query("""
            update coverage c set quarantined = v.slots, changed_at = \(.instant(now))
            from (\(quarantinedSlots) where h.series_id = any(\(ids.map { Int32(clamping: $0) })) group by h.series_id) v
            where c.series_id = v.series_id and c.quarantined <> v.slots
            returning true
            """).isEmpty
    }

    /// Series id and slots of each series: to be ended with a `group by h.series_id`.
    static let quarantinedSlots: SQL = """
        select h.series_id, coalesce(range_agg(int8range(q.slot, q.slot + 1)) filter (where q.slot is not null), '{}') as slots
        from coverage h left join quarantine q
            on q.series_id = h.series_id and q.status = 'open' and q.part is not null and not q.part <@ (h.held - h.provisional)
        """

    /// Most calls fill series of which nothing was ever refused.
    private static func withOpenRecords(
        _ arrived: [Int: SlotSet], on connection: PostgresConnection
    ) async throws -> [Int: SlotSet] {
        if arrived.isEmpty { return [:] }
        let rows = try await connection.query("""
            select given.id from unnest(\(arrived.keys.map { Int32(clamping: $0) })) as given (id)
            where exists (select from quarantine q where q.series_id = given.id and q.status = 'open')
            """)
        var filled: [Int: SlotSet] = [:]
        for row in rows {
            let id = try row.int(0)
            filled[id] = arrived[id]
        }
        return filled
    }

    private static func keep(
        _ records: [RefusedRecords.Record], _ keys: [Int: SeriesKey], of dataset: Dataset, from source: RefusalSource, now: Int64,
        on connection: PostgresConnection
    ) async throws {
        let one = Distinct(records, of: dataset)
        if one.records.isEmpty { return }
        // A series that is gone meanwhile has no slots.
        let places = one.records.map { record -> (time: Int64, part: Int, slot: Int)? in
            guard let key = record.seriesID.flatMap({ keys[$0] }), let time = record.time else { return nil }
            let calendar = dataset.calendar(of: key)
            return (time, calendar.partRuler.slot(containing: time), calendar.ruler.slot(containing: time))
        }
        _ = try await connection.query("""
            insert into quarantine (dataset, series_id, time, part, slot, reason, record, place, identity, seen, shape, task_id, file,
                created_at, last_seen_at, kept_from)
            select \(dataset.name), given.*, \(source.shape), \(source.task), \(source.file), \(.instant(now)), \(.instant(now)),
                case when given.part is null then now() end
            from unnest(
                \(one.records.map { $0.seriesID.map { Int32(clamping: $0) } }), \(.instants(places.map { $0?.time })),
                \(places.map { $0?.part }), \(places.map { $0?.slot }), \(one.records.map(\.reason)), \(one.records.map(\.record)),
                \(one.records.map(\.place)), \(one.identities), \(one.seen)
            ) as given (series_id, time, part, slot, reason, record, place, identity, seen)
            on conflict (identity) where status = 'open' do update set seen = quarantine.seen + excluded.seen,
                last_seen_at = excluded.last_seen_at, reason = excluded.reason, place = excluded.place, shape = excluded.shape,
                task_id = excluded.task_id, file = excluded.file, kept_from = excluded.kept_from
            """)
    }

    /// Of records that say the same of the same the last one, and how many there were; in the order of their identities, so that two
    /// writers of the same records never wait for each other in a ring.
    private struct Distinct {
        var records: [RefusedRecords.Record] = []
        var identities: [[UInt8]] = []
        var seen: [Int] = []

        init(_ all: [RefusedRecords.Record], of dataset: Dataset) {
            var found: [[UInt8]: (record: RefusedRecords.Record, seen: Int)] = [:]
            for one in all {
                let series = one.seriesID.map { "\($0)" } ?? "-"
                let time = one.time.map { "\($0)" } ?? "-"
                let identity = SHA256.hash(Array("\(dataset.name)\n\(series)\n\(time)\n\(one.record)".utf8))
                found[identity] = (one, (found[identity]?.seen ?? 0) + 1)
            }
            for (identity, one) in found.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                records.append(one.record)
                identities.append(identity)
                seen.append(one.seen)
            }
        }
    }

    // MARK: Out of it

    private static func supersede(
        by filled: [Int: SlotSet], task: Int64, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        if filled.isEmpty { return false }
        let sets = filled.sorted { $0.key < $1.key }
        return try await !connection.query("""
            update quarantine q set \(settling(.superseded, by: nil, task: task, now: now))
            from unnest(\(sets.map { Int32(clamping: $0.key) }), \(sets.map { text($0.value) })) as given (id, parts)
            where q.series_id = given.id and q.status = 'open' and q.part <@ given.parts::int8multirange
            returning true
            """).isEmpty
    }

    /// All of them, or `RefusalSettled`.
    private static func settle(
        _ resolution: RefusalResolution, task: Int64, now: Int64, on connection: PostgresConnection
    ) async throws {
        let settled = try await connection.query("""
            update quarantine set \(settling(resolution.status, by: resolution.by, task: task, now: now))
            where id = any(\(resolution.ids)) and status = 'open' returning true
            """)
        if settled.count != resolution.ids.count { throw RefusalSettled() }
    }

    private static func settling(_ status: RefusalStatus, by name: String?, task: Int64, now: Int64) -> SQL {
        """
        status = \(status.rawValue), resolved_at = \(.instant(now)), resolved_by = \(name), resolution = \(status.resolution),
            resolved_task = \(task), kept_from = now()
        """
    }
}
