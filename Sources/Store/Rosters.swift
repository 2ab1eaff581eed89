internal import Postgres
internal import Series

/// What a roster tells of series (`Roster`), read with them.
extension Store {
    /// Ledgers as they are to be judged by: which slots are expected, and of which the upstream's silence is doubted.
    static func ledgers(
        on connection: PostgresConnection, of dataset: Dataset, ids: [Int]? = nil, now: Int64? = nil
    ) async throws -> [StoredSeries] {
        let series = try await ledgers(on: connection, of: dataset.name, ids: ids, now: now)
        guard let roster = dataset.roster, !series.isEmpty else { return series }
        let doubted = try await doubts(of: series, dataset, because: roster.doubtReason, all: ids == nil, now: now, on: connection)
        var ledgers: [SeriesKey: Ledger] = [:]
        for one in series {
            var ledger = one.ledger
            if let doubt = doubted[one.id] {
                ledger.absent = ledger.absent.subtracting(doubt.all)
                ledger.resting = doubt.all.subtracting(doubt.again)
            }
            ledgers[one.key] = ledger
        }
        let tellers = dataset.tellers(of: ledgers.keys).filter { ledgers[$0] == nil }
        if !tellers.isEmpty {
            let entries = try await entries(tellers, of: dataset.name, on: connection)
            for one in try await Self.ledgers(on: connection, of: dataset.name, ids: entries.map(\.id)) { ledgers[one.key] = one.ledger }
        }
        return series.map { one in StoredSeries(id: one.id, ledger: dataset.told(ledgers, of: one.key) ?? one.ledger) }
    }

    /// By series, the slots that are absent for a reason that leaves them missing, and those of them that are to be asked for again by now.
    private static func doubts(
        of series: [StoredSeries], _ dataset: Dataset, because reason: String, all: Bool, now: Int64?, on connection: PostgresConnection
    ) async throws -> [Int: (all: SlotSet, again: SlotSet)] {
        let rows = try await connection.query("""
            select a.series_id, range_agg(int8range(a.first_slot, a.end_slot)),
                range_agg(int8range(a.first_slot, a.end_slot)) filter (where a.next_at <= \(.instant(now)))
            from absences a join series s on s.id = a.series_id
            where a.reason = \(reason) and s.dataset = \(dataset.name) and (\(all) or s.id = any(\(series.map { Int32($0.id) })))
            group by a.series_id
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { row in
            (try row.int(0), (SlotSet(ranges: try row.ranges(1)), SlotSet(ranges: try row.rangesOrNil(2) ?? [])))
        })
    }
}
