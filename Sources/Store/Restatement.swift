internal import Bytes
internal import Postgres
internal import Series

/// What a call's rows tell of older ones: they may have been restated (`Continuity`).
extension Store {
    /// Makes all that is held before a restatement provisional, but what this call brought itself, within its transaction and behind the
    /// lock of coverage. A restatement is seen where a held value has been replaced by the same one in another measure, or where the first
    /// row of a run lies as far from the one before it as one would explain. Whether anything changed.
    ///
    /// - Parameter parts: those that the call's rows fill, by series.
    static func restate(
        before parts: [Int: SlotSet], _ counts: RowCounts, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Bool {
        guard let rule = dataset.continuity, counts.isChange, !parts.isEmpty else { return false }
        let keys = Dictionary(uniqueKeysWithValues: try await entries(ids: Array(parts.keys), on: connection).map { ($0.id, $0.key) })
        // The first part that stands, by series: all that is held before it does not.
        var stands: [Int: Int] = [:]
        func note(_ id: Int, _ part: Int) { stands[id] = max(stands[id] ?? part, part) }
        if counts.revised > 0 {
            for one in try await replaced(by: task, among: keys, parts, dataset, on: connection) where rule.restated(one.old, one.new) {
                note(one.id, one.part)
            }
        }
        for one in try await seams(of: parts, keys, dataset, on: connection) where rule.breaks(one.earlier, one.later) {
            note(one.id, one.part)
        }
        if stands.isEmpty { return false }
        let ids = stands.keys.sorted()
        let rows = try await connection.query("""
            update coverage c set changed_at = \(.instant(now)),
                provisional = c.provisional + (c.held * int8multirange(int8range(null, v.part)) - v.own::int8multirange)
            from unnest(\(ids.map { Int32($0) }), \(ids.map { stands[$0] ?? 0 }), \(ids.map { text(parts[$0] ?? SlotSet()) }))
                as v (id, part, own)
            where c.series_id = v.id
                and not (c.held * int8multirange(int8range(null, v.part)) - v.own::int8multirange) <@ c.provisional
            returning c.series_id
            """)
        return !rows.isEmpty
    }

    /// Values that this call has replaced, with what they were.
    private static func replaced(
        by task: ClaimedTask, among keys: [Int: SeriesKey], _ parts: [Int: SlotSet], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [(id: Int, part: Int, old: [Value], new: [Value])] {
        let spans = parts.keys.sorted().compactMap { id -> (id: Int, span: Range<Int64>)? in
            guard let key = keys[id], let first = parts[id]?.first, let last = parts[id]?.last else { return nil }
            return (id, dataset.calendar(of: key).partRuler.instants(of: first..<last + 1))
        }
        return try await connection.query("""
            select r.series_id, r.time, r.old_values, r.new_values
            from unnest(
                \(spans.map { Int32($0.id) }), \(.instants(spans.map(\.span.lowerBound))), \(.instants(spans.map(\.span.upperBound)))
            ) as v (id, low, high)
            join revisions r on r.series_id = v.id and r.time >= v.low and r.time < v.high and r.new_task = \(task.id)
            """).compactMap { row in
                let id = try row.int(0)
                guard let key = keys[id] else { return nil }
                let schema = dataset.schema(of: key)
                return (
                    id, dataset.calendar(of: key).partRuler.slot(containing: try row.instant(1)),
                    try values(try row.json(2), schema), try values(try row.json(3), schema)
                )
            }
    }

    /// The first row of each series that the call brought, with the last one that is held from before it: slots in between may lack a row.
    private static func seams(
        of parts: [Int: SlotSet], _ keys: [Int: SeriesKey], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [(id: Int, part: Int, earlier: [Value], later: [Value])] {
        var seams: [(id: Int, part: Int, at: Int64, since: Int64)] = []
        for id in parts.keys.sorted() {
            guard let key = keys[id], let part = parts[id]?.first else { continue }
            let calendar = dataset.calendar(of: key)
            // What lies farther back than a fortnight says nothing of what happened in between.
            guard calendar.parts == 1 else { continue }
            seams.append((id, part, calendar.ruler.start(of: part), calendar.ruler.start(of: part - 14)))
        }
        var result: [(id: Int, part: Int, earlier: [Value], later: [Value])] = []
        for (schema, own) in Dictionary(grouping: seams, by: { keys[$0.id].map { dataset.schema(of: $0).table } ?? "" }) {
            guard let table = dataset.schemas.first(where: { $0.table == schema }) else { continue }
            let columns = try table.columns.map { try identifier($0.name) }
            let (earlier, later) = (columns.map { "e.\($0)" as SQL }, columns.map { "l.\($0)" as SQL })
            let rows = try await connection.query("""
                select v.id, v.part, \(earlier.joined(separator: ", ")), \(later.joined(separator: ", "))
                from unnest(
                    \(own.map { Int32($0.id) }), \(own.map(\.part)), \(.instants(own.map(\.at))), \(.instants(own.map(\.since)))
                ) as v (id, part, at, since)
                cross join lateral (
                    select * from \(try identifier(table.table)) where series_id = v.id and time >= v.since and time < v.at
                    order by time desc limit 1) e
                join \(try identifier(table.table)) l on l.series_id = v.id and l.time = v.at
                """)
            for row in rows {
                func values(from place: Int) throws -> [Value] {
                    try table.columns.enumerated().map { try value(of: row, at: place + $0.offset, kind: $0.element.kind) }
                }
                result.append((try row.int(0), try row.int(1), try values(from: 2), try values(from: 2 + columns.count)))
            }
        }
        return result
    }
}
