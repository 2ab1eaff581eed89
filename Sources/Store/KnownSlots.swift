internal import Postgres
package import Series

/// What is known of one series within a run of its slots.
struct KnownSlots {
    let entry: SeriesEntry
    let ruler: Ruler
    /// The run that was looked at.
    let slots: Range<Int>
    let lifetime: Range<Int>?
    /// Whole slots.
    let held: SlotSet
    /// Of the absent slots, those of which it is known that nothing was; and of these, those that are so of all channels at once.
    let empty: SlotSet
    let common: SlotSet
    let absent: SlotSet
    let excluded: SlotSet
    /// A record of theirs came and was refused: no silence counts there.
    let quarantined: SlotSet

    /// Due, expected and not held, and nothing is known of them but that, perhaps, the upstream has nothing.
    func open(_ dataset: Dataset, now: Int64) -> SlotSet {
        let due = slots.lowerBound..<min(slots.upperBound, max(slots.lowerBound, dataset.dueBefore(entry.key, now: now)))
        let alive = lifetime.map { due.clamped(to: $0) } ?? due
        return dataset.calendar(of: entry.key).expected(in: alive).subtracting(held).subtracting(excluded).subtracting(empty)
    }

    /// As a coarser series sees them.
    func finer(of coarser: Ruler) -> FinerSlots? { FinerSlots(of: ruler, in: coarser, held: held, empty: empty, common: common) }
}

extension Store {
    /// All series of a dataset by their names, in no order.
    package func entries(of dataset: String) async throws -> [SeriesEntry] {
        try await pool.lease { try await Self.entries(of: dataset, on: $0) }
    }

    /// Series by their numbers, in no order.
    package func entries(ids: [Int]) async throws -> [SeriesEntry] {
        try await pool.lease { try await Self.entries(ids: ids, on: $0) }
    }

    static func entries(of dataset: String, on connection: PostgresConnection) async throws -> [SeriesEntry] {
        try await connection.query("select id, key from series where dataset = \(dataset)").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
    }

    /// The stretch of time in which anything of some series is held or absent; nil where nothing is.
    package func extent(of series: [SeriesEntry], _ dataset: Dataset) async throws -> Range<Int64>? {
        let rows = try await pool.query("""
            select series_id, lower(held), upper(held), lower(absent), upper(absent) from coverage
            where series_id = any(\(series.map { Int32($0.id) }))
            """)
        let keys = Dictionary(uniqueKeysWithValues: series.map { ($0.id, $0.key) })
        var extent: Range<Int64>?
        for row in rows {
            guard let key = keys[try row.int(0)] else { continue }
            let calendar = dataset.calendar(of: key)
            for (ruler, place) in [(calendar.partRuler, 1), (calendar.ruler, 3)] {
                guard let first = try row.intOrNil(.at(place)), let end = try row.intOrNil(.at(place + 1)) else { continue }
                let own = ruler.start(of: first)..<ruler.start(of: end)
                extent = extent.map { min($0.lowerBound, own.lowerBound)..<max($0.upperBound, own.upperBound) } ?? own
            }
        }
        return extent
    }

    /// What is known of series within a stretch of time, in the order given.
    static func known(
        _ series: [SeriesEntry], in span: Range<Int64>, of dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [KnownSlots] {
        if series.isEmpty { return [] }
        let calendars = series.map { dataset.calendar(of: $0.key) }
        let slots = calendars.map { $0.ruler.slots(from: span.lowerBound, to: span.upperBound) }
        let common = dataset.derivation?.commonReason ?? ""
        let rows = try await connection.query("""
            select lower(s.lifetime), upper(s.lifetime), c.held * int8multirange(int8range(v.low * v.parts, v.high * v.parts)),
                c.absent * v.span, c.excluded * v.span, c.quarantined * v.span,
                (select range_agg(int8range(a.first_slot, a.end_slot)) * v.span from absences a where a.series_id = v.id
                    and a.first_slot < v.high and a.end_slot > v.low and a.reason = any(\(dataset.emptyReasons.sorted()))),
                (select range_agg(int8range(a.first_slot, a.end_slot)) * v.span from absences a where a.series_id = v.id
                    and a.first_slot < v.high and a.end_slot > v.low and a.reason = \(common))
            from (
                select id, low, high, parts, place, int8multirange(int8range(low, high)) as span
                from unnest(\(series.map { Int32($0.id) }), \(slots.map(\.lowerBound)), \(slots.map(\.upperBound)),
                    \(calendars.map(\.parts)))
                    with ordinality as g (id, low, high, parts, place)
            ) v join series s on s.id = v.id join coverage c on c.series_id = v.id
            order by v.place
            """)
        if rows.count != series.count { throw StoreError.unavailable("series of \(dataset.name) are not there any more") }
        return try rows.enumerated().map { place, row in
            KnownSlots(
                entry: series[place], ruler: calendars[place].ruler, slots: slots[place], lifetime: try lifetime(of: row, at: 0),
                held: SlotSet(ranges: try row.ranges(2)).wholeSlots(of: calendars[place].parts),
                empty: SlotSet(ranges: try row.rangesOrNil(6) ?? []), common: SlotSet(ranges: try row.rangesOrNil(7) ?? []),
                absent: SlotSet(ranges: try row.ranges(3)), excluded: SlotSet(ranges: try row.ranges(4)),
                quarantined: SlotSet(ranges: try row.ranges(5)))
        }
    }
}
