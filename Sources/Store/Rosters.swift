internal import Postgres
internal import Series

/// What a roster tells of series (`Roster`), read with them.
extension Store {
    /// Ledgers as they are to be judged by: which slots are expected, and of which the upstream's silence is doubted. `span`: as far as
    /// they tell of that stretch of time.
    static func ledgers(
        on connection: PostgresConnection, of dataset: Dataset, ids: [Int]? = nil, in span: Range<Int64>? = nil, now: Int64? = nil
    ) async throws -> [StoredSeries] {
        let cut = span.map { CoverageCut(dataset: dataset, span: $0) }
        let raw = try await ledgers(on: connection, of: dataset.name, ids: ids, within: cut, now: now)
        let series = try await rested(raw, now: now, on: connection)
        guard let roster = dataset.roster, !series.isEmpty else { return series }
        let doubted = try await doubts(
            of: series, dataset, because: roster.doubtReason, all: ids == nil, within: cut, now: now, on: connection)
        var ledgers: [SeriesKey: Ledger] = [:]
        for one in series {
            var ledger = one.ledger
            if let doubt = doubted[one.id] {
                ledger.absent = ledger.absent.subtracting(doubt.all)
                ledger.resting.formUnion(doubt.all.subtracting(doubt.again))
                ledger.doubted = doubt.again
            }
            ledgers[one.key] = ledger
        }
        let tellers = dataset.tellers(of: ledgers.keys).filter { ledgers[$0] == nil }
        if !tellers.isEmpty {
            let entries = try await entries(tellers, of: dataset.name, on: connection)
            for one in try await Self.ledgers(on: connection, of: dataset.name, ids: entries.map(\.id), within: cut) {
                ledgers[one.key] = one.ledger
            }
        }
        return series.map { one in StoredSeries(id: one.id, ledger: dataset.told(ledgers, of: one.key) ?? one.ledger) }
    }

    /// With slots that rest since their records were refused: an upstream that told nonsense an hour ago tells the same now.
    private static func rested(_ series: [StoredSeries], now: Int64?, on connection: PostgresConnection) async throws -> [StoredSeries] {
        let refused = series.filter { !$0.ledger.quarantined.isEmpty }.map { Int32($0.id) }
        guard let now, !refused.isEmpty else { return series }
        let distances = RecheckSchedule.refused
        let longer = zip(distances, distances.dropFirst()).map { pair in "when q.age < \(pair.0) then \(pair.0)" as SQL }
        let rows = try await connection.query("""
            select q.series_id, range_agg(int8range(q.slot, q.slot + 1))
            from (
                select series_id, slot, max(last_seen_at) as seen, extract(epoch from max(last_seen_at) - min(created_at)) as age
                from quarantine where status = 'open' and slot is not null and series_id = any(\(refused)) group by series_id, slot
            ) q
            where q.seen > \(.instant(now)) - make_interval(secs => case
                \(longer.joined(separator: " ")) else \(distances.last ?? 0) end)
            group by q.series_id
            """)
        let resting = Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int(0), SlotSet(ranges: try $0.ranges(1))) })
        return series.map { one in
            guard let slots = resting[one.id] else { return one }
            var ledger = one.ledger
            ledger.resting = slots.intersection(ledger.quarantined)
            return StoredSeries(id: one.id, ledger: ledger)
        }
    }

    /// By series, the slots that are absent for a reason that leaves them missing, and those of them that are to be asked for again by now.
    private static func doubts(
        of series: [StoredSeries], _ dataset: Dataset, because reason: String, all: Bool, within cut: CoverageCut?, now: Int64?,
        on connection: PostgresConnection
    ) async throws -> [Int: (all: SlotSet, again: SlotSet)] {
        let ids = all ? [] : series.map { Int32($0.id) }
        let runs = cut?.table(of: series.map { SeriesEntry(id: $0.id, key: $0.key) })
        let cutting = runs.map { "join \($0) on cut.id = a.series_id and a.first_slot < cut.high and a.end_slot > cut.low" } ?? "" as SQL
        let slots: SQL = runs == nil ? "" : "* cut.slots"
        // What is doubted is asked for again always: the index holds no other.
        let rows = try await connection.query("""
            select a.series_id, range_agg(int8range(a.first_slot, a.end_slot)) \(slots),
                range_agg(int8range(a.first_slot, a.end_slot)) filter (where a.next_at <= \(.instant(now))) \(slots)
            from absences a \(cutting) \(all ? "join series s on s.id = a.series_id and s.dataset = \(dataset.name)" : "" as SQL)
            where a.reason = \(reason) and a.next_at is not null \(all ? "" : "and a.series_id = any(\(ids))" as SQL)
            group by a.series_id \(runs == nil ? "" : ", cut.slots" as SQL)
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { row in
            (try row.int(0), (SlotSet(ranges: try row.ranges(1)), SlotSet(ranges: try row.rangesOrNil(2) ?? [])))
        })
    }

    /// The series that tell of some, without the roster.
    static func tellers(of ids: [Int], _ dataset: Dataset, on connection: PostgresConnection) async throws -> [Int] {
        guard let roster = dataset.roster else { return [] }
        let tellers = try await entries(ids: ids, on: connection).compactMap { roster.teller($0.key) }
        return try await entries(Set(tellers), of: dataset.name, on: connection).map(\.id)
    }

    /// Of ledgers that were read raw those of some series, as far as it is told which of their slots exist. The roster's may be of a moment
    /// before: what is noted of slots that turn out not to exist is not counted.
    static func told(
        _ ledgers: [(Int, Ledger)], of ids: Set<Int>, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [(Int, Ledger)] {
        guard let roster = dataset.roster else { return ledgers }
        var known = Dictionary(uniqueKeysWithValues: ledgers.map { ($0.1.key, $0.1) })
        if known[roster.series] == nil {
            let entries = try await entries([roster.series], of: dataset.name, on: connection)
            for one in try await Self.ledgers(on: connection, of: dataset.name, ids: entries.map(\.id)) { known[one.key] = one.ledger }
        }
        return ledgers.filter { ids.contains($0.0) }.map { ($0.0, dataset.told(known, of: $0.1.key) ?? $0.1) }
    }
}
