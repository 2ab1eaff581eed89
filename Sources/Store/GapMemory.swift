internal import Postgres
internal import Series

/// What the store remembers of slots that are not held: written with the rows and the coverage of the call that taught it.
extension Store {
    /// What an attempt's rows and its end came to.
    struct Remembered {
        /// Slots that became whole by it.
        var filled = 0
        /// Slots of which it said that there is nothing.
        var absent = 0
        /// Parts of which a record had come that was refused, and that are now known to be empty, by series.
        var cleared: [Int: SlotSet] = [:]
        /// Something came where nothing was known to be.
        var endsAbsences = false
        /// Coverage or absences are other than before.
        var isChange = false
    }

    /// Adds parts to what is held of each series, provisionally those that came before they were due, where a dataset says so. Of what a
    /// call is sure of (all of it where it ended as proved), every slot that was due when it began and is still not whole is absent: the
    /// upstream has said so. A part that comes ends an absence, and so does a record that came and was refused: no silence counts where
    /// there is one, but the word of a call that says for itself of what it is sure, and met none. Where a
    /// roster tells of series, silence is judged by counts, that of this call and what stands of others.
    ///
    /// - Parameter isOther: rows are other than before.
    static func remember(
        _ parts: [Int: SlotSet], of result: TaskResult, isOther: Bool = true, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Remembered {
        var remembered = try await rememberSlots(parts, of: result, isOther: isOther, task, dataset, now: now, on: connection)
        let arrived = parts.merging(remembered.cleared) { $0.union($1) }
        let isOther = try await quarantine(
            result.refused, arrived: arrived, resolving: result.resolves, of: dataset,
            from: RefusalSource(task: task.id, shape: task.shape, file: result.file), now: now, on: connection)
        if isOther { remembered.isChange = true }
        return remembered
    }

    private static func rememberSlots(
        _ parts: [Int: SlotSet], of result: TaskResult, isOther: Bool, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Remembered {
        let witnessed = result.witnessed ?? (result.ended == .proved ? task.periods : nil)
        let silence = witnessed.flatMap { periods in
            result.askedAt.map { (periods: periods, askedAt: $0, isSure: result.witnessed != nil && result.unanswered.isEmpty) }
        }
        let refused = result.refused.times
        // Those too of which a record without a readable time was refused: what locks them later must find them locked.
        let ids = Array(
            Set(parts.keys).union(result.refused.kept.compactMap(\.seriesID)).union(refused.keys)
                .union(silence == nil ? [] : task.seriesIDs))
        if ids.isEmpty { return Remembered() }
        var changes: [CoverageChange] = []
        let asked = Set(task.seriesIDs).subtracting(result.unanswered)
        for (id, ledger) in try await lockedLedgers(ids, of: dataset, on: connection) {
            changes.append(CoverageChange(
                id: id, ledger: ledger, adding: parts[id] ?? SlotSet(), refused: refused[id] ?? [], dataset, askedAt: result.askedAt ?? now,
                silence: asked.contains(id) ? silence : nil))
        }
        let tellings = try await tellings(by: changes, isOther: isOther, dataset, on: connection)
        changes.removeAll { $0.isNothing }
        if changes.isEmpty && tellings.isEmpty { return Remembered() }
        try await update(changes, at: now, on: connection)
        let judged = try await rewriteAbsences(
            of: changes.filter { $0.concernsAbsences }, tellings, task.id, dataset, now: now, on: connection)
        let remembered = Remembered(absent: -judged.doubted, isChange: judged.isChange || !changes.isEmpty)
        return changes.reduce(into: remembered) { sum, change in
            sum.filled += change.filled
            sum.absent += change.nothing.count
            if !change.cleared.isEmpty { sum.cleared[change.id] = change.cleared.scaledUp(by: dataset.calendar(of: change.key).parts) }
            if !change.ended.isEmpty, change.concernsAbsences { sum.endsAbsences = true }
        }
    }

    /// Locked until the transaction ends, in the one order of all who lock coverage, and judged by what a roster tells. Of a series that
    /// another tells of, that one's coverage is locked too: who holds a teller's may judge what is remembered of the told ones.
    static func lockedLedgers(_ ids: [Int], of dataset: Dataset, on connection: PostgresConnection) async throws -> [(Int, Ledger)] {
        let tellers = try await tellers(of: ids, dataset, on: connection)
        let rows = try await connection.query("""
            select c.series_id, s.key, lower(s.lifetime), upper(s.lifetime), \(Self.bounds("c.held - c.provisional")),
                \(Self.bounds("c.absent")), c.excluded, c.unfillable, c.quarantined, c.provisional
            from coverage c join series s on s.id = c.series_id
            where c.series_id = any(\((ids + tellers).map { Int32($0) })) order by c.series_id for update of c
            """)
        let locked = try rows.map { row in
            var ledger = Ledger(
                key: SeriesKey(try row.strings(1)), lifetime: try lifetime(of: row, at: 2), held: try slots(of: row, 4),
                absent: try slots(of: row, 6), excluded: SlotSet(ranges: try row.ranges(8)),
                unfillable: SlotSet(ranges: try row.ranges(9)), quarantined: SlotSet(ranges: try row.ranges(10)))
            ledger.provisional = SlotSet(ranges: try row.ranges(11))
            return (try row.int(0), ledger)
        }
        return try await told(locked, of: Set(ids), dataset, on: connection)
    }

    /// Ends absences of slots in which there is something after all, of series whose coverage is locked.
    static func endAbsences(
        of refused: [Int: (ledger: Ledger, times: [Int64])], task: Int64, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        let changes = refused.map { id, one in
            CoverageChange(id: id, ledger: one.ledger, adding: SlotSet(), refused: one.times, dataset, askedAt: now, silence: nil)
        }.filter { !$0.isNothing }
        if changes.isEmpty { return }
        try await update(changes, at: now, on: connection)
        try await rewriteAbsences(of: changes, [], task, dataset, now: now, on: connection)
    }

    private static func update(_ changes: [CoverageChange], at now: Int64, on connection: PostgresConnection) async throws {
        if changes.isEmpty { return }
        _ = try await connection.query("""
            update coverage c set held = c.held + v.parts::int8multirange, changed_at = \(.instant(now)),
                provisional = c.provisional - v.parts::int8multirange + v.early::int8multirange,
                absent = c.absent - v.ended::int8multirange + v.nothing::int8multirange
            from unnest(\(changes.map { Int32($0.id) }), \(changes.map { text($0.parts) }), \(changes.map { text($0.early) }),
                \(changes.map { text($0.ended) }), \(changes.map { text($0.nothing) })) as v (id, parts, early, ended, nothing)
            where c.series_id = v.id
            """)
    }

    /// The absences where something was said or came, or is to be judged by counts, and their neighbours, written anew as far as they are
    /// other than before. Slots of which it was said that there is nothing and that are doubted, and whether anything is other.
    @discardableResult
    private static func rewriteAbsences(
        of changes: [CoverageChange], _ tellings: [Telling], _ task: Int64, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> (doubted: Int, isChange: Bool) {
        if changes.isEmpty && tellings.isEmpty { return (0, false) }
        let said = Dictionary(uniqueKeysWithValues: changes.map { ($0.id, $0) })
        var spans = said.mapValues(\.concerned)
        for telling in tellings {
            guard let first = telling.slots.first, let last = telling.slots.last else { continue }
            let known = spans[telling.id] ?? first..<first
            spans[telling.id] = min(first, known.lowerBound)..<max(last + 1, known.upperBound)
        }
        let stored = try await absences(in: spans, on: connection)
        let verdicts = try await verdicts(on: tellings, stored, said, dataset, on: connection)
        var gone: [(id: Int, run: Absences.Run)] = []
        var new: [(id: Int, run: Absences.Run)] = []
        var doubted = 0
        for id in spans.keys.sorted() {
            let before = stored[id] ?? []
            var absences = Absences(before)
            if let change = said[id] { absences.end(change.ended) }
            if let verdict = verdicts[id], let roster = dataset.roster {
                absences.judge(verdict.slots, empty: verdict.empty, roster.emptyReason, doubt: roster.doubtReason, at: now)
            }
            if let change = said[id] {
                let words = words(of: change, verdicts[id], dataset)
                doubted += dataset.roster.flatMap { words[$0.doubtReason]?.count } ?? 0
                absences.note(words, at: now, evidence: task, final: dataset.finalReasons)
            }
            let after = Set(absences.runs)
            gone += before.filter { !after.contains($0) }.map { (id, $0) }
            new += absences.runs.filter { !before.contains($0) }.map { (id, $0) }
        }
        if !gone.isEmpty {
            _ = try await connection.query("""
                delete from absences a using unnest(\(gone.map { Int32($0.id) }), \(gone.map { $0.run.slots.lowerBound })) as v (id, slot)
                where a.series_id = v.id and a.first_slot = v.slot
                """)
        }
        try await insertAbsences(new, on: connection)
        return (doubted, !gone.isEmpty || !new.isEmpty)
    }

    /// Those that touch a stretch of each series' slots. No two overlap, so that the first is the one that begins last before it: however
    /// much is remembered of a series, little is read.
    private static func absences(in spans: [Int: Range<Int>], on connection: PostgresConnection) async throws -> [Int: [Absences.Run]] {
        let spans = spans.sorted { $0.key < $1.key }
        let rows = try await connection.query("""
            select \(absenceColumns)
            from unnest(\(spans.map { Int32($0.key) }), \(spans.map(\.value.lowerBound)), \(spans.map(\.value.upperBound)))
                as v (id, low, high)
            cross join lateral (
                select coalesce(max(b.first_slot), v.low) as slot from absences b where b.series_id = v.id and b.first_slot < v.low
            ) f cross join lateral (
                select * from absences b where b.series_id = v.id and b.first_slot >= f.slot and b.first_slot <= v.high
                    and b.end_slot >= v.low offset 0
            ) a
            """)
        var stored: [Int: [Absences.Run]] = [:]
        for row in rows { stored[try row.int(0), default: []].append(try absence(row)) }
        return stored
    }

    /// The words for what was said of a series' slots; silence that was judged by counts has the word of its verdict.
    private static func words(of change: CoverageChange, _ verdict: Verdict?, _ dataset: Dataset) -> [String: SlotSet] {
        let silent = change.nothing.subtracting(change.partial)
        var words: [String: SlotSet] = [:]
        if let verdict, let roster = dataset.roster {
            let empty = silent.intersection(verdict.empty)
            words = [roster.emptyReason: empty, roster.doubtReason: silent.subtracting(empty)].filter { !$0.value.isEmpty }
        } else {
            words = dataset.absenceReasons(of: silent, change.key)
        }
        words[Self.partial, default: SlotSet()].formUnion(change.partial)
        return words
    }

    static func insertAbsences(_ new: [(id: Int, run: Absences.Run)], on connection: PostgresConnection) async throws {
        if new.isEmpty { return }
        let facts = new.map(\.run.absence)
        _ = try await connection.query("""
            insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, next_at, task_id)
            select * from unnest(\(new.map { Int32($0.id) }), \(new.map { $0.run.slots.lowerBound }),
                \(new.map { $0.run.slots.upperBound }), \(facts.map(\.reason)), \(.instants(facts.map(\.since))),
                \(.instants(facts.map(\.asked))), \(facts.map { Int32(clamping: $0.attempts) }),
                \(facts.map { Int32(clamping: $0.steps) }), \(.instants(facts.map(\.nextAsk))), \(facts.map(\.evidence)))
            """)
    }

    /// The reason of a slot of which some parts came: how many is known from what is held.
    static let partial = "partial"

    static let absenceColumns: SQL = """
        a.series_id, a.first_slot, a.end_slot, a.reason, a.since, a.asked_at, a.attempts, a.steps, a.next_at, a.task_id
        """

    static func absence(_ row: Postgres.Row) throws -> Absences.Run {
        Absences.Run(
            try row.int(1)..<(try row.int(2)),
            Absence(
                reason: try row.string(3), since: try row.instant(4), asked: try row.instant(5), attempts: try row.int(6),
                steps: try row.int(7), nextAsk: try row.instantOrNil(8), evidence: try row.int64(9)))
    }

    /// Of the bounds of a stored lifetime: an end that is open is the end of all slots.
    static func lifetime(of row: Postgres.Row, at place: Int) throws -> Range<Int>? {
        let (first, end) = (try row.intOrNil(.at(place)), try row.intOrNil(.at(place + 1)))
        if first == nil, end == nil { return nil }
        let low = first ?? Ledger.always.lowerBound
        return low..<max(low, end ?? Ledger.always.upperBound)
    }

    /// As int8multirange reads it: an array of them has no bind of its own.
    static func text(_ set: SlotSet) -> String {
        "{" + set.ranges.map { "[\($0.lowerBound),\($0.upperBound))" }.joined(separator: ",") + "}"
    }
}
