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
        let broken = try await brokenAbsences(touched, dataset, on: connection)
        if counts.revised == 0, broken.isEmpty { return }
        let all = try await connection.query("select id, key from series where dataset = \(dataset.name)").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
        let places = Dictionary(all.map { ($0.key, $0) }) { first, _ in first }
        var changed = all.filter { touched[$0.id] != nil }
        let channels = Set(changed.map { dataset.channel($0.key) })
        try await holdDerivations(of: channels, dataset, on: connection)
        try await endAbsences(above: broken, among: all, task, dataset, now: now, on: connection)
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

    /// Who derives rows of a channel and who changes what they are made of take turns, until their transactions end: else a row could be
    /// made of what is just being replaced, unseen by who replaces it.
    static func holdDerivations(of channels: Set<String>, _ dataset: Dataset, on connection: PostgresConnection) async throws {
        for channel in channels.sorted() {
            _ = try await connection.query(
                "select pg_advisory_xact_lock(hashtextextended(\(dataset.name) || ' ' || \(channel), 26))")
        }
    }

    /// Absent slots in which something is now, by series.
    private static func brokenAbsences(
        _ touched: [Int: SlotSet], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [(key: SeriesKey, slots: SlotSet)] {
        let rows = try await connection.query("""
            select s.id, s.key, c.absent from series s join coverage c on c.series_id = s.id
            where s.id = any(\(touched.keys.map { Int32($0) })) and not isempty(c.absent)
            """)
        return try rows.compactMap { row in
            let key = SeriesKey(try row.strings(1))
            let now = (touched[try row.int(0)] ?? SlotSet()).touchedSlots(of: dataset.calendar(of: key).parts)
            let slots = SlotSet(ranges: try row.ranges(2)).intersection(now)
            return slots.isEmpty ? nil : (key, slots)
        }
    }

    /// A longer slot is not empty either: what was known of it has to be found out anew.
    private static func endAbsences(
        above broken: [(key: SeriesKey, slots: SlotSet)], among all: [SeriesEntry], _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws {
        var wrong: [Int: SlotSet] = [:]
        for (key, slots) in broken {
            let finer = dataset.calendar(of: key).ruler
            for entry in all where dataset.channel(entry.key) == dataset.channel(key) {
                guard let numbers = FinerSlots(of: finer, in: dataset.calendar(of: entry.key).ruler) else { continue }
                wrong[entry.id, default: SlotSet()].formUnion(numbers.coarser(touching: slots))
            }
        }
        if wrong.isEmpty { return }
        var ended: [Int: (ledger: Ledger, times: [Int64])] = [:]
        for (id, ledger) in try await lockedLedgers(Array(wrong.keys), on: connection) {
            let ruler = dataset.calendar(of: ledger.key).ruler
            let slots = ledger.absent.intersection(wrong[id] ?? SlotSet())
            if !slots.isEmpty { ended[id] = (ledger, slots.ranges.joined().map { ruler.start(of: $0) }) }
        }
        try await endAbsences(of: ended, task: task.id, dataset, now: now, on: connection)
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
