internal import Postgres
internal import Series

/// What is remarked of missing slots (`SlotRemarks`): for people, and by itself no state.
extension Store {
    /// Makes the remarks on the slots of some series within a run those that are given. Whether any is other than before.
    static func remark(
        _ said: [(id: Int, slots: Range<Int>, remarks: SlotRemarks)], task: Int64, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        let rows = try await connection.query("""
            select r.series_id, r.first_slot, r.end_slot, r.reason, r.noted_at, r.task_id
            from unnest(\(said.map { Int32($0.id) }), \(said.map(\.slots.lowerBound)), \(said.map(\.slots.upperBound))) as v (id, low, high)
            join slot_remarks r on r.series_id = v.id and r.first_slot < v.high and r.end_slot > v.low
            order by r.series_id, r.first_slot for update of r
            """)
        struct Stored {
            let run: SlotRemarks.Run
            let notedAt: Int64
            let task: Int64
        }
        var stored: [Int: [Stored]] = [:]
        for row in rows {
            stored[try row.int(0), default: []].append(
                Stored(
                    run: SlotRemarks.Run(try row.int(1)..<(try row.int(2)), try row.string(3)), notedAt: try row.instant(4),
                    task: try row.int64(5)))
        }
        var gone: [(id: Int, slot: Int)] = []
        var new: [(id: Int, stored: Stored)] = []
        for (id, slots, remarks) in said {
            let before = stored[id] ?? []
            if before.map(\.run) == remarks.runs { continue }
            gone += before.map { (id, $0.run.slots.lowerBound) }
            for one in before {
                for range in SlotSet(one.run.slots).subtracting(SlotSet(slots)).ranges {
                    new.append((id, Stored(run: SlotRemarks.Run(range, one.run.reason), notedAt: one.notedAt, task: one.task)))
                }
            }
            new += remarks.runs.map { (id, Stored(run: $0, notedAt: now, task: task)) }
        }
        if gone.isEmpty, new.isEmpty { return false }
        _ = try await connection.query("""
            delete from slot_remarks r using unnest(\(gone.map { Int32($0.id) }), \(gone.map(\.slot))) as v (id, slot)
            where r.series_id = v.id and r.first_slot = v.slot
            """)
        _ = try await connection.query("""
            insert into slot_remarks (series_id, first_slot, end_slot, reason, noted_at, task_id)
            select * from unnest(\(new.map { Int32($0.id) }), \(new.map(\.stored.run.slots.lowerBound)),
                \(new.map(\.stored.run.slots.upperBound)), \(new.map(\.stored.run.reason)), \(.instants(new.map(\.stored.notedAt))),
                \(new.map(\.stored.task)))
            """)
        return true
    }

    /// The remarks on slots of some series, in the order of time.
    static func remarks(
        on series: [Int32], from first: [Int], to end: [Int], on connection: PostgresConnection
    ) async throws -> [Int: [SlotRemarks.Run]] {
        let rows = try await connection.query("""
            select r.series_id, r.first_slot, r.end_slot, r.reason from unnest(\(series), \(first), \(end)) as v (id, low, high)
            join slot_remarks r on r.series_id = v.id and r.first_slot < v.high and r.end_slot > v.low
            order by r.series_id, r.first_slot
            """)
        var remarks: [Int: [SlotRemarks.Run]] = [:]
        for row in rows {
            remarks[try row.int(0), default: []].append(SlotRemarks.Run(try row.int(1)..<(try row.int(2)), try row.string(3)))
        }
        return remarks
    }
}
