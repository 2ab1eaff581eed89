internal import Postgres
internal import Series

/// Rows that were derived from others (`Derivation`), where those are other than they were.
extension Store {
    /// Makes derived rows anew out of what a task has just changed or put where nothing was said to have happened, within its transaction:
    /// what was derived always says what the finer rows say. The finest series first, for what is derived may be derived from.
    ///
    /// - Parameter touched: the parts that the task's rows fill, by series.
    static func renew(
        after touched: [Int: SlotSet], _ task: ClaimedTask, _ dataset: Dataset, now: Int64, counting counts: inout RowCounts,
        on connection: PostgresConnection
    ) async throws {
        guard let derivation = dataset.derivation, derivation.mark != nil, !touched.isEmpty else { return }
        // Rows where nothing was known change nothing that was derived: of most tasks, and of millions of rows, no more is asked.
        if counts.revised == 0 {
            let ends = try await endsAbsences(touched, dataset, on: connection)
            if !ends { return }
        }
        let all = try await connection.query("select id, key from series where dataset = \(dataset.name)").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
        let places = Dictionary(all.map { ($0.key, $0) }) { first, _ in first }
        var changed = all.filter { touched[$0.id] != nil }
        let channels = Set(changed.map { dataset.channel($0.key) })
        let targets = all.filter { channels.contains(dataset.channel($0.key)) }.map { ($0, dataset.calendar(of: $0.key).ruler) }
        for (target, _) in targets.sorted(by: { $0.1.length < $1.1.length }) {
            let sources = derivation.sources(target.key)
            let mine = changed.filter { sources.contains($0.key) }
            if mine.isEmpty { continue }
            let stale = try await derived(target, touching: mine, task, dataset, on: connection)
            if stale.isEmpty { continue }
            let before = counts.revised
            try await renew(
                stale, of: target, from: sources.compactMap { places[$0] }, task, dataset, now: now, counting: &counts, on: connection)
            if counts.revised > before { changed.append(target) }
        }
    }

    private static func endsAbsences(
        _ touched: [Int: SlotSet], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> Bool {
        let rows = try await connection.query("""
            select s.id, s.key, c.absent from series s join coverage c on c.series_id = s.id
            where s.id = any(\(touched.keys.map { Int32($0) })) and not isempty(c.absent)
            """)
        return try rows.contains { row in
            let parts = dataset.calendar(of: SeriesKey(try row.strings(1))).parts
            return try !SlotSet(ranges: row.ranges(2)).scaledUp(by: parts).intersection(touched[row.int(0)] ?? SlotSet()).isEmpty
        }
    }

    /// Slots of a series that were derived, and in which a row of one of these is the task's.
    private static func derived(
        _ target: SeriesEntry, touching sources: [SeriesEntry], _ task: ClaimedTask, _ dataset: Dataset,
        on connection: PostgresConnection
    ) async throws -> SlotSet {
        let ruler = dataset.calendar(of: target.key).ruler
        guard let mark = dataset.derivation?.mark, case .every(let seconds, let anchor) = ruler else { return SlotSet() }
        let table = try identifier(dataset.schema.table)
        let rows = try await connection.query("""
            select distinct held.time from \(table) given join \(table) held on held.series_id = \(Int32(target.id))
                and held.time = date_bin(make_interval(secs => \(Double(seconds))), given.time, \(.instant(anchor)))
            where given.series_id = any(\(sources.map { Int32($0.id) })) and given.task_id = \(task.id)
                and held.\(try identifier(dataset.schema.columns[mark.column].name)) = \(mark.word)
            order by 1
            """)
        return SlotSet(ranges: try rows.map { row in
            let slot = ruler.slot(containing: try row.instant(0))
            return slot..<slot + 1
        })
    }

    private static func renew(
        _ stale: SlotSet, of target: SeriesEntry, from sources: [SeriesEntry], _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        counting counts: inout RowCounts, on connection: PostgresConnection
    ) async throws {
        guard let derivation = dataset.derivation else { return }
        // A piece at a time: what is revised in one task may be years of a coarse series.
        for piece in stale.ranges.flatMap({ run in
            stride(from: run.lowerBound, to: run.upperBound, by: 1_000).map { $0..<min($0 + 1_000, run.upperBound) }
        }) {
            let span = dataset.instants(of: piece, of: target.key)
            guard let own = try await known([target], in: span, of: dataset, on: connection).first else { return }
            var left = SlotSet(piece)
            var rows: [StoredRow] = []
            for source in try await known(sources, in: span, of: dataset, on: connection) {
                guard let finer = source.finer(of: own.ruler) else { continue }
                let whole = finer.known(of: left).rolled
                left = left.subtracting(whole)
                rows += try await roll(whole, of: own, from: source, finer.ratio, derivation, dataset, on: connection)
            }
            if rows.isEmpty { continue }
            rows.sort { $0.time < $1.time }
            // Whatever began later: they are made of what is held now.
            try await succeed(
                rows.map { ($0, []) }, task: task.id, schema: dataset.schema, isLater: { _, _ in false }, now: now, counting: &counts,
                on: connection)
        }
    }
}
