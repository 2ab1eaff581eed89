internal import Bytes
internal import Postgres
internal import Series

/// What a call's rows tell of older ones: they may have been restated (`Continuity`).
extension Store {
    /// Makes all that is held before a restatement provisional, but what this call or one beside it brought, within its transaction and
    /// behind the lock of coverage. A restatement is seen where a held value has been replaced by the same one in another measure, or where
    /// the first row of a run, where this call wrote it, lies as far from the one before it as one would explain. Whether anything changed,
    /// and what is odd about rows by those before them.
    ///
    /// - Parameter parts: those that the call's rows fill, by series.
    static func restate(
        before parts: [Int: SlotSet], _ counts: RowCounts, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> (isChange: Bool, marks: [Int: [String: Int]]) {
        guard let rule = dataset.continuity, counts.isChange, !parts.isEmpty else { return (false, [:]) }
        let keys = Dictionary(uniqueKeysWithValues: try await entries(ids: Array(parts.keys), on: connection).map { ($0.id, $0.key) })
        // The first part that stands, by series: all that is held before it does not.
        var stands: [Int: Int] = [:]
        func note(_ id: Int, _ part: Int) { stands[id] = max(stands[id] ?? part, part) }
        if counts.revised > 0 {
            for one in try await replaced(by: task, among: keys, parts, dataset, on: connection) where rule.restated(one.old, one.new) {
                note(one.id, one.part)
            }
        }
        var marks: [Int: [String: Int]] = [:]
        for one in try await seams(of: parts, by: task, keys, dataset, on: connection) {
            if rule.breaks(one.earlier, one.later) { note(one.id, one.part) }
            if one.isNext { for check in rule.odd(one.earlier, one.later) { marks[one.id, default: [:]][check, default: 0] += 1 } }
        }
        if stands.isEmpty { return (false, marks) }
        let ids = stands.keys.sorted()
        let own = try await brought(with: task, before: stands, parts, keys, dataset, on: connection)
        let rows = try await connection.query("""
            update coverage c set changed_at = \(.instant(now)),
                provisional = c.provisional + (c.held * int8multirange(int8range(null, v.part)) - v.own::int8multirange)
            from unnest(\(ids.map { Int32($0) }), \(ids.map { stands[$0] ?? 0 }), \(ids.map { text(own[$0] ?? SlotSet()) }))
                as v (id, part, own)
            where c.series_id = v.id
                and not (c.held * int8multirange(int8range(null, v.part)) - v.own::int8multirange) <@ c.provisional
            returning c.series_id
            """)
        return (!rows.isEmpty, marks)
    }

    /// Of what is held before the parts that stand, what this call or another of its ingestion has brought just before: that is by the new
    /// measure too, whichever of them came first. What came longer ago, before the ingestion was resumed, may not be.
    private static func brought(
        with task: ClaimedTask, before stands: [Int: Int], _ parts: [Int: SlotSet], _ keys: [Int: SeriesKey], _ dataset: Dataset,
        on connection: PostgresConnection
    ) async throws -> [Int: SlotSet] {
        var own = parts.filter { stands[$0.key] != nil }
        for (name, ids) in Dictionary(grouping: stands.keys, by: { keys[$0].map { dataset.schema(of: $0).table } ?? "" }) where name != "" {
            let rows = try await connection.query("""
                select r.series_id, r.time from \(try identifier(name)) r
                where r.series_id = any(\(ids.map { Int32($0) }))
                    and r.task_id in (
                        select t.id from tasks t join tasks own on own.id = \(task.id)
                        where t.ingestion_id = \(task.ingestionID)::uuid and t.begun_at > own.begun_at - \(Self.togetherFor)::interval)
                """)
            var times: [Int: [Int]] = [:]
            for row in rows {
                let id = try row.int(0)
                guard let key = keys[id] else { continue }
                times[id, default: []].append(dataset.calendar(of: key).partRuler.slot(containing: try row.instant(1)))
            }
            for (id, brought) in times { own[id, default: SlotSet()].formUnion(SlotSet(ranges: brought.sorted().map { $0..<$0 + 1 })) }
        }
        return own
    }

    /// Real time within which calls of one ingestion tell by one measure: a split comes with a day.
    private static let togetherFor = "1 hour"

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

    private struct Seam {
        let id: Int
        let part: Int
        let earlier: [Value]
        let later: [Value]
        /// No slot exists between the two.
        let isNext: Bool
    }

    /// The first row of each series that the call wrote, with the last one that is held from before it: slots in between may lack a row.
    private static func seams(
        of parts: [Int: SlotSet], by task: ClaimedTask, _ keys: [Int: SeriesKey], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [Seam] {
        var seams: [(id: Int, part: Int, at: Int64, since: Int64)] = []
        for id in parts.keys.sorted() {
            guard let key = keys[id], let part = parts[id]?.first else { continue }
            let calendar = dataset.calendar(of: key)
            // What lies farther back than a fortnight says nothing of what happened in between.
            guard calendar.parts == 1 else { continue }
            seams.append((id, part, calendar.ruler.start(of: part), calendar.ruler.start(of: part - 14)))
        }
        var result: [Seam] = []
        for (schema, own) in Dictionary(grouping: seams, by: { keys[$0.id].map { dataset.schema(of: $0).table } ?? "" }) {
            guard let table = dataset.schemas.first(where: { $0.table == schema }) else { continue }
            let columns = try table.columns.map { try identifier($0.name) }
            let (earlier, later) = (columns.map { "e.\($0)" as SQL }, columns.map { "l.\($0)" as SQL })
            let rows = try await connection.query("""
                select v.id, v.part, e.time, \(earlier.joined(separator: ", ")), \(later.joined(separator: ", "))
                from unnest(
                    \(own.map { Int32($0.id) }), \(own.map(\.part)), \(.instants(own.map(\.at))), \(.instants(own.map(\.since)))
                ) as v (id, part, at, since)
                cross join lateral (
                    select * from \(try identifier(table.table)) where series_id = v.id and time >= v.since and time < v.at
                    order by time desc limit 1) e
                join \(try identifier(table.table)) l on l.series_id = v.id and l.time = v.at and l.task_id = \(task.id)
                """)
            for row in rows {
                func values(from place: Int) throws -> [Value] {
                    try table.columns.enumerated().map { try value(of: row, at: place + $0.offset, kind: $0.element.kind) }
                }
                let (id, part) = (try row.int(0), try row.int(1))
                guard let calendar = keys[id].map(dataset.calendar) else { continue }
                let before = calendar.ruler.slot(containing: try row.instant(2))
                result.append(
                    Seam(
                        id: id, part: part, earlier: try values(from: 3), later: try values(from: 3 + columns.count),
                        isNext: calendar.expected(in: before + 1..<part).isEmpty))
            }
        }
        return result
    }
}
