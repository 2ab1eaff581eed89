internal import Postgres
internal import Series

/// What follows from rows (`Derivation`), where those are other than they were.
extension Store {
    /// Brings what was concluded from finer slots into step with what a task has just stored, within its transaction: rows that were
    /// derived are made anew where a finer row is another or came where nothing was known to be (as long as all finer slots are known),
    /// and a longer slot in which something is now is no longer empty. The finest series first, for what is derived may be derived from.
    /// Whether anything changed.
    ///
    /// Behind the lock of the coverage of what was touched: who derives from it holds that lock too (`holdSources`), so that no row is made
    /// of what is just being replaced, unseen by who replaces it.
    ///
    /// - Parameters:
    ///   - touched: the parts that the task's rows fill, by series.
    ///   - isOther: held rows were changed, or absences ended; rows where nothing was known change nothing that was derived.
    static func renew(
        after touched: [Int: SlotSet], isOther: Bool, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Bool {
        guard let derivation = dataset.derivation, !touched.isEmpty else { return false }
        let entries = try await connection.query("select id, key from series where id = any(\(touched.keys.map { Int32($0) }))").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
        let followers = Set(entries.flatMap { derivation.followers($0.key) })
        let family = try await Self.entries(followers.union(followers.flatMap(derivation.sources)), of: dataset.name, on: connection)
        let targets = family.filter { followers.contains($0.key) }.map { (entry: $0, ruler: dataset.calendar(of: $0.key).ruler) }
        if targets.isEmpty { return false }
        let isEnded = try await endAbsences(
            of: targets.map(\.entry), in: entries, touched, task, dataset, now: now, on: connection)
        guard isOther, derivation.mark != nil else { return isEnded }
        let places = Dictionary(uniqueKeysWithValues: family.map { ($0.key, $0) })
        var changed = entries.compactMap { entry -> (SeriesEntry, Range<Int64>)? in
            guard let parts = touched[entry.id], let first = parts.first, let last = parts.last else { return nil }
            let ruler = dataset.calendar(of: entry.key).partRuler
            return (entry, ruler.start(of: first)..<ruler.end(of: last))
        }
        var counts = RowCounts()
        for (target, ruler) in targets.sorted(by: { $0.ruler.length < $1.ruler.length }) {
            let sources = derivation.sources(target.key)
            let mine = changed.filter { sources.contains($0.0.key) }
            let stale = try await derived(target, touching: mine, task, dataset, on: connection)
            guard let first = stale.first, let last = stale.last else { continue }
            let before = counts.revised
            try await renew(
                stale, of: target, from: sources.compactMap { places[$0] }, task, dataset, now: now, counting: &counts, on: connection)
            if counts.revised > before { changed.append((target, ruler.start(of: first)..<ruler.end(of: last))) }
        }
        return isEnded || counts.isChange
    }

    /// Keeps the rows of some series as they are until the transaction ends: who changes one locks its series' coverage.
    static func holdSources(_ sources: [SeriesEntry], on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            select from coverage where series_id = any(\(sources.map { Int32($0.id) })) order by series_id for share
            """)
    }

    /// A longer slot in which something is now is not empty: what was known of it has to be found out anew.
    private static func endAbsences(
        of targets: [SeriesEntry], in entries: [SeriesEntry], _ touched: [Int: SlotSet], _ task: ClaimedTask, _ dataset: Dataset,
        now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        func broken(_ absent: SlotSet, of key: SeriesKey) -> SlotSet {
            entries.reduce(into: SlotSet()) { result, entry in
                let calendar = dataset.calendar(of: entry.key)
                guard dataset.channel(entry.key) == dataset.channel(key),
                    let numbers = FinerSlots(of: calendar.ruler, in: dataset.calendar(of: key).ruler)
                else { return }
                let held = (touched[entry.id] ?? SlotSet()).touchedSlots(of: calendar.parts)
                result.formUnion(numbers.coarser(touching: held).intersection(absent))
            }
        }
        let keys = Dictionary(uniqueKeysWithValues: targets.map { ($0.id, $0.key) })
        // Most series have none where something came: they are not locked.
        let concerned = try await connection.query("""
            select series_id, absent from coverage where series_id = any(\(targets.map { Int32($0.id) })) and not isempty(absent)
            """).compactMap { row -> Int? in
                let id = try row.int(0)
                guard let key = keys[id] else { return nil }
                return broken(SlotSet(ranges: try row.ranges(1)), of: key).isEmpty ? nil : id
            }
        if concerned.isEmpty { return false }
        var ended: [Int: (ledger: Ledger, times: [Int64])] = [:]
        for (id, ledger) in try await lockedLedgers(concerned, of: dataset, on: connection) {
            let ruler = dataset.calendar(of: ledger.key).ruler
            ended[id] = (ledger, broken(ledger.absent, of: ledger.key).ranges.joined().map { ruler.start(of: $0) })
        }
        try await endAbsences(of: ended, task: task.id, dataset, now: now, on: connection)
        return true
    }

    /// Slots of a series that were derived, and in which a row of one of these, within its stretch of time, is the task's.
    private static func derived(
        _ target: SeriesEntry, touching sources: [(entry: SeriesEntry, span: Range<Int64>)], _ task: ClaimedTask, _ dataset: Dataset,
        on connection: PostgresConnection
    ) async throws -> SlotSet {
        let ruler = dataset.calendar(of: target.key).ruler
        guard let mark = dataset.derivation?.mark, case .every(let seconds, let anchor) = ruler else { return SlotSet() }
        let table = try identifier(dataset.schema(of: target.key).table)
        let rows = try await connection.query("""
            select distinct held.time
            from unnest(\(sources.map { Int32($0.entry.id) }), \(.instants(sources.map(\.span.lowerBound))),
                \(.instants(sources.map(\.span.upperBound)))) as source (id, low, high)
            join \(table) given on given.series_id = source.id and given.time >= source.low and given.time < source.high
                and given.task_id = \(task.id)
            join \(table) held on held.series_id = \(Int32(target.id))
                and held.time = date_bin(make_interval(secs => \(Double(seconds))), given.time, \(.instant(anchor)))
            where held.\(try identifier(dataset.schema(of: target.key).columns[mark.column].name)) = \(mark.word)
            order by 1
            """)
        return SlotSet(ranges: try rows.map { row in
            let slot = ruler.slot(containing: try row.instant(0))
            return slot..<slot + 1
        })
    }

    /// Rows of the finest source that are read at once, roughly.
    private static let rowsPerPiece = 20_000

    private static func renew(
        _ stale: SlotSet, of target: SeriesEntry, from sources: [SeriesEntry], _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        counting counts: inout RowCounts, on connection: PostgresConnection
    ) async throws {
        guard let derivation = dataset.derivation, let last = stale.last else { return }
        let ruler = dataset.calendar(of: target.key).ruler
        let ratio = sources.compactMap { FinerSlots(of: dataset.calendar(of: $0.key).ruler, in: ruler)?.ratio }.max() ?? 1
        let width = max(1, rowsPerPiece / ratio)
        var from = stale.first
        while let start = from {
            let piece = start..<start + width
            let span = dataset.instants(of: piece, of: target.key)
            guard let own = try await known([target], in: span, of: dataset, on: connection).first else { return }
            var left = stale.intersection(piece)
            var rows: [StoredRow] = []
            for source in try await known(sources, in: span, of: dataset, on: connection) {
                guard let finer = source.finer(of: own.ruler) else { continue }
                let whole = finer.known(of: left).rolled
                left = left.subtracting(whole)
                rows += try await roll(whole, of: own, from: source, finer.ratio, derivation, dataset, on: connection)
            }
            rows.sort { $0.time < $1.time }
            if !rows.isEmpty {
                // Whatever began later: they are made of what is held now.
                try await succeed(
                    rows.map { ($0, []) }, task: task.id, schema: dataset.schema(of: target.key), isLater: { _, _ in false }, now: now,
                    counting: &counts, on: connection)
            }
            from = stale.intersection(piece.upperBound..<max(piece.upperBound, last + 1)).first
        }
    }
}
