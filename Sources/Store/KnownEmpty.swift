internal import Postgres
internal import Series

/// Slots of one series of which it is known that nothing happened.
struct KnownEmpty {
    let id: Int
    let key: SeriesKey
    /// By the reason.
    let said: [String: SlotSet]
    let slots: SlotSet

    init(id: Int, key: SeriesKey, _ said: [String: SlotSet]) {
        self.id = id
        self.key = key
        self.said = said
        slots = said.values.reduce(into: SlotSet()) { $0.formUnion($1) }
    }
}

extension Store {
    /// Notes that slots are absent, with the task as evidence: not those of which anything is held, nor those that are absent or excluded
    /// by now, which is looked at under the lock that writers of coverage take. Returns how many slots became absent by it.
    static func note(
        _ empty: [KnownEmpty], task: Int64, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws -> Int {
        let empty = empty.filter { !$0.slots.isEmpty }
        if empty.isEmpty { return 0 }
        let byID = Dictionary(uniqueKeysWithValues: empty.map { ($0.id, $0) })
        let spans = empty.map { one in (one.slots.first ?? 0)..<(one.slots.last ?? 0) + 1 }
        let parts = empty.map { dataset.calendar(of: $0.key).parts }
        let rows = try await connection.query("""
            select c.series_id, c.held * int8multirange(int8range(v.low * v.parts, v.high * v.parts)),
                (c.absent + c.excluded) * int8multirange(int8range(v.low, v.high))
            from coverage c join unnest(\(empty.map { Int32($0.id) }), \(spans.map(\.lowerBound)), \(spans.map(\.upperBound)), \(parts))
                as v (id, low, high, parts) on c.series_id = v.id
            order by c.series_id for update of c
            """)
        var new: [(id: Int, run: Absences.Run)] = []
        var added: [(id: Int, slots: SlotSet)] = []
        for row in rows {
            guard let one = byID[try row.int(0)] else { continue }
            let held = SlotSet(ranges: try row.ranges(1)).touchedSlots(of: dataset.calendar(of: one.key).parts)
            let taken = held.union(SlotSet(ranges: try row.ranges(2)))
            let left = one.slots.subtracting(taken)
            if left.isEmpty { continue }
            var absences = Absences()
            absences.note(one.said.mapValues { $0.subtracting(taken) }, at: now, evidence: task, final: dataset.finalReasons)
            new += absences.runs.map { (one.id, $0) }
            added.append((one.id, left))
        }
        if added.isEmpty { return 0 }
        _ = try await connection.query("""
            update coverage c set absent = c.absent + v.slots::int8multirange, changed_at = \(.instant(now))
            from unnest(\(added.map { Int32($0.id) }), \(added.map { text($0.slots) })) as v (id, slots) where c.series_id = v.id
            """)
        for from in stride(from: 0, to: new.count, by: absencesPerStatement) {
            try await insertAbsences(Array(new[from..<min(from + absencesPerStatement, new.count)]), on: connection)
        }
        return added.reduce(0) { $0 + $1.slots.count }
    }

    private static let absencesPerStatement = 10_000
}
