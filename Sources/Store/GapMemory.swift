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

    /// Adds parts to what is held of each series. Of what a call is sure of (all of it where it ended as proved), every slot that was
    /// due when it began and is still not whole is absent: the upstream has said so. A part that comes ends an absence, and so does a
    /// record that came and was refused: no silence counts where there is one, but the word of a call that says for itself of what it is
    /// sure, and met none.
    static func remember(
        _ parts: [Int: SlotSet], of result: TaskResult, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Remembered {
        var remembered = try await rememberSlots(parts, of: result, task, dataset, now: now, on: connection)
        let arrived = parts.merging(remembered.cleared) { $0.union($1) }
        let isOther = try await quarantine(
            result.refused, arrived: arrived, resolving: result.resolves, of: dataset,
            from: RefusalSource(task: task.id, shape: task.shape, file: result.file), now: now, on: connection)
        if isOther { remembered.isChange = true }
        return remembered
    }

    private static func rememberSlots(
        _ parts: [Int: SlotSet], of result: TaskResult, _ task: ClaimedTask, _ dataset: Dataset, now: Int64,
        on connection: PostgresConnection
    ) async throws -> Remembered {
        let witnessed = result.witnessed ?? (result.ended == .proved ? task.periods : nil)
        let silence = witnessed.flatMap { periods in
            result.askedAt.map { (periods: periods, askedAt: $0, isSure: result.witnessed != nil) }
        }
        let refused = result.refused.times
        let ids = Array(Set(parts.keys).union(refused.keys).union(silence == nil ? [] : task.seriesIDs))
        if ids.isEmpty { return Remembered() }
        var changes: [CoverageChange] = []
        let asked = Set(task.seriesIDs)
        for (id, ledger) in try await lockedLedgers(ids, on: connection) {
            changes.append(CoverageChange(
                id: id, ledger: ledger, adding: parts[id] ?? SlotSet(), refused: refused[id] ?? [], dataset,
                silence: asked.contains(id) ? silence : nil))
        }
        changes.removeAll { $0.isNothing }
        if changes.isEmpty { return Remembered() }
        try await update(changes, at: now, on: connection)
        try await rewriteAbsences(of: changes.filter { $0.concernsAbsences }, task.id, dataset, now: now, on: connection)
        return changes.reduce(into: Remembered(isChange: true)) { sum, change in
            sum.filled += change.filled
            sum.absent += change.nothing.count
            if !change.cleared.isEmpty { sum.cleared[change.id] = change.cleared.scaledUp(by: dataset.calendar(of: change.key).parts) }
            if !change.ended.isEmpty, change.concernsAbsences { sum.endsAbsences = true }
        }
    }

    /// Locked until the transaction ends, in the one order of all who lock coverage.
    static func lockedLedgers(_ ids: [Int], on connection: PostgresConnection) async throws -> [(Int, Ledger)] {
        let rows = try await connection.query("""
            select c.series_id, s.key, lower(s.lifetime), upper(s.lifetime), \(Self.bounds("c.held")), \(Self.bounds("c.absent")),
                c.excluded, c.unfillable, c.quarantined
            from coverage c join series s on s.id = c.series_id
            where c.series_id = any(\(ids.map { Int32($0) })) order by c.series_id for update of c
            """)
        return try rows.map { row in
            let ledger = Ledger(
                key: SeriesKey(try row.strings(1)), lifetime: try lifetime(of: row, at: 2), held: try slots(of: row, 4),
                absent: try slots(of: row, 6), excluded: SlotSet(ranges: try row.ranges(8)),
                unfillable: SlotSet(ranges: try row.ranges(9)), quarantined: SlotSet(ranges: try row.ranges(10)))
            return (try row.int(0), ledger)
        }
    }

    /// Ends absences of slots in which there is something after all, of series whose coverage is locked.
    static func endAbsences(
        of refused: [Int: (ledger: Ledger, times: [Int64])], task: Int64, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        let changes = refused.map { id, one in
            CoverageChange(id: id, ledger: one.ledger, adding: SlotSet(), refused: one.times, dataset, silence: nil)
        }.filter { !$0.isNothing }
        if changes.isEmpty { return }
        try await update(changes, at: now, on: connection)
        try await rewriteAbsences(of: changes, task, dataset, now: now, on: connection)
    }

    private static func update(_ changes: [CoverageChange], at now: Int64, on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            update coverage c set held = v.held::int8multirange, absent = v.absent::int8multirange, changed_at = \(.instant(now))
            from unnest(\(changes.map { Int32($0.id) }), \(changes.map { text($0.held) }), \(changes.map { text($0.absent) }))
                as v (id, held, absent)
            where c.series_id = v.id
            """)
    }

    /// The absences where something was said or came, and their neighbours, written anew as far as they are other than before.
    private static func rewriteAbsences(
        of changes: [CoverageChange], _ task: Int64, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        if changes.isEmpty { return }
        let rows = try await connection.query("""
            select \(absenceColumns) from absences a
            join unnest(\(changes.map { Int32($0.id) }), \(changes.map { $0.concerned.lowerBound }),
                \(changes.map { $0.concerned.upperBound })) as v (id, low, high)
                on a.series_id = v.id and a.first_slot <= v.high and a.end_slot >= v.low
            """)
        var stored: [Int: [Absences.Run]] = [:]
        for row in rows { stored[try row.int(0), default: []].append(try absence(row)) }
        var gone: [(id: Int, run: Absences.Run)] = []
        var new: [(id: Int, run: Absences.Run)] = []
        for change in changes {
            let before = stored[change.id] ?? []
            var absences = Absences(before)
            absences.end(change.ended)
            var said = dataset.absenceReasons(of: change.nothing.subtracting(change.partial), change.key)
            said[Self.partial, default: SlotSet()].formUnion(change.partial)
            absences.note(said, at: now, evidence: task, final: dataset.finalReasons)
            let after = Set(absences.runs)
            gone += before.filter { !after.contains($0) }.map { (change.id, $0) }
            new += absences.runs.filter { !before.contains($0) }.map { (change.id, $0) }
        }
        if !gone.isEmpty {
            _ = try await connection.query("""
                delete from absences a using unnest(\(gone.map { Int32($0.id) }), \(gone.map { $0.run.slots.lowerBound })) as v (id, slot)
                where a.series_id = v.id and a.first_slot = v.slot
                """)
        }
        try await insertAbsences(new, on: connection)
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

/// What becomes of one series' coverage by one attempt. Pure.
private struct CoverageChange {
    let id: Int
    let key: SeriesKey
    let held: SlotSet
    let absent: SlotSet
    let filled: Int
    /// Slots of which a part came that was not held before, and absent ones of which a record came that was refused.
    let ended: SlotSet
    /// Slots of which the upstream said that it has nothing, or nothing more.
    let nothing: SlotSet
    /// Of these, those of which a record was refused before.
    let cleared: SlotSet
    /// Of these, those of which some parts are held.
    let partial: SlotSet
    let concernsAbsences: Bool
    let isNothing: Bool

    /// `silence`: the periods of a call that ended as proved and the shown clock when it began; what did not come of them is not
    /// there. `isSure`: not even where a record was refused before.
    init(
        id: Int, ledger: Ledger, adding parts: SlotSet, refused: [Int64], _ dataset: Dataset,
        silence: (periods: Range<Int>, askedAt: Int64, isSure: Bool)?
    ) {
        let calendar = dataset.calendar(of: ledger.key)
        let perSlot = calendar.parts
        self.id = id
        key = ledger.key
        held = ledger.held.union(parts)
        let whole = held.wholeSlots(of: perSlot)
        filled = whole.count - ledger.held.wholeSlots(of: perSlot).count
        let doubtful = SlotSet(ranges: refused.map { time in
            let slot = calendar.ruler.slot(containing: time)
            return slot..<slot + 1
        })
        ended = parts.subtracting(ledger.held).touchedSlots(of: perSlot).union(doubtful.intersection(ledger.absent))
        nothing = silence.map { silence in
            Self.due(in: silence.periods, by: silence.askedAt, of: ledger, dataset).subtracting(whole)
                .subtracting(doubtful).subtracting(silence.isSure ? SlotSet() : ledger.quarantined)
        } ?? SlotSet()
        cleared = nothing.intersection(ledger.quarantined)
        partial = held.touchedSlots(of: perSlot).subtracting(whole).intersection(nothing)
        absent = ledger.absent.subtracting(ended).union(nothing)
        concernsAbsences = !nothing.isEmpty || absent != ledger.absent
        isNothing = held == ledger.held && !concernsAbsences
    }

    /// Slots that the upstream owed by then: not those that a person has excluded, nor those that it does not serve.
    private static func due(in periods: Range<Int>, by now: Int64, of ledger: Ledger, _ dataset: Dataset) -> SlotSet {
        let all = dataset.wholeSlots(of: ledger.key, in: periods)
        let end = min(all.upperBound, max(all.lowerBound, dataset.dueBefore(ledger.key, now: now)))
        let alive = ledger.lifetime.map { (all.lowerBound..<end).clamped(to: $0) } ?? all.lowerBound..<end
        return dataset.calendar(of: ledger.key).expected(in: alive).subtracting(ledger.excluded)
            .subtracting(dataset.judged(ledger, now: now).unfillable)
    }

    /// The stretch in which absences may change, and touch others.
    var concerned: Range<Int> {
        let first = [nothing.first, ended.first].compactMap { $0 }.min() ?? 0
        let last = [nothing.last, ended.last].compactMap { $0 }.max() ?? 0
        return first..<last + 1
    }
}
