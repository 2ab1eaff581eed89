internal import Postgres
package import Series

/// Why slots of a series are as they are: what the upstream said of the absent ones, people of the excluded ones, and rules of the
/// quarantined ones.
package struct SlotNotes: Sendable {
    /// A person's word, in short.
    package struct Excluded: Sendable, Hashable {
        package let id: String
        package let note: String
        package let madeBy: String
        /// Real time.
        package let madeAt: Int64
    }

    /// Named by the notes of `runs`.
    package private(set) var absences: [Absence] = []
    package private(set) var exclusions: [Excluded] = []
    /// What is remarked of missing slots.
    package private(set) var remarks: [String] = []
    /// By the places in `remarks`: what the upstream said of missing slots where its silence is doubted.
    private var doubts: [Int: Absence] = [:]
    /// Why records were refused.
    package private(set) var refusals: [String] = []
    /// For each state that has notes: where they hold, in the order of time, none over another.
    package private(set) var runs: [SlotState: [NotedRun]] = [:]

    init() {}

    /// `absences` in the order of time, `refused` too; of `exclusions` that overlap the first one counts. Slots that are absent for the
    /// reason `doubt` are missing all the same.
    init(
        _ absences: [Absences.Run], _ exclusions: [(range: Range<Int>, excluded: Excluded)], _ refused: [(slot: Int, reason: String)],
        doubt: String? = nil
    ) {
        var numbers: [Absence: Int] = [:]
        let said = absences.filter { $0.absence.reason != doubt }
        runs[.absent] = said.map { run in
            let number = numbers[run.absence, default: self.absences.count]
            if number == self.absences.count {
                numbers[run.absence] = number
                self.absences.append(run.absence)
            }
            return NotedRun(run.slots, note: number)
        }
        if said.count < absences.count { add(doubted: absences.filter { $0.absence.reason == doubt }) }
        var taken = SlotSet()
        var excluded: [NotedRun] = []
        for (range, one) in exclusions {
            let number = self.exclusions.count
            self.exclusions.append(one)
            excluded += SlotSet(range).subtracting(taken).ranges.map { NotedRun($0, note: number) }
            taken.insert(range)
        }
        runs[.excluded] = excluded.sorted { $0.slots.lowerBound < $1.slots.lowerBound }
        var reasons: [String: Int] = [:]
        runs[.quarantined] = refused.reduce(into: [NotedRun]()) { runs, one in
            let number = reasons[one.reason, default: refusals.count]
            if number == refusals.count {
                reasons[one.reason] = number
                refusals.append(one.reason)
            }
            if let last = runs.last, last.note == number, last.slots.upperBound == one.slot {
                runs[runs.count - 1] = NotedRun(last.slots.lowerBound..<one.slot + 1, note: number)
            } else {
                runs.append(NotedRun(one.slot..<one.slot + 1, note: number))
            }
        }
    }

    /// What the upstream said last of a gap's slots: of absent ones, and of missing ones where that is doubted; nil where it said nothing.
    package func absence(of gap: Gap) -> Absence? {
        guard let note = gap.note else { return nil }
        return switch gap.state {
        case .absent: absences[note]
        case .missing: doubts[note]
        case .present, .pending, .excluded, .quarantined, .unfillable: nil
        }
    }

    private mutating func add(doubted: [Absences.Run]) {
        var numbers: [Absence: Int] = [:]
        runs[.missing] = doubted.map { run in
            let number = numbers[run.absence, default: remarks.count]
            if number == remarks.count {
                numbers[run.absence] = number
                doubts[number] = run.absence
                remarks.append(run.absence.reason)
            }
            return NotedRun(run.slots, note: number)
        }
    }

    /// Slots that are missing for one reason, which comes before what was said of them.
    mutating func add(missing slots: SlotSet, _ reason: String) {
        let note = remarks.count
        remarks.append(reason)
        let others = (runs[.missing] ?? []).flatMap { run in
            SlotSet(run.slots).subtracting(slots.intersection(run.slots)).ranges.map { NotedRun($0, note: run.note) }
        }
        runs[.missing] = (others + slots.ranges.map { NotedRun($0, note: note) }).sorted { $0.slots.lowerBound < $1.slots.lowerBound }
    }

    /// In the order of time.
    mutating func add(_ remarks: [SlotRemarks.Run]) {
        var numbers: [String: Int] = [:]
        runs[.missing] = remarks.map { run in
            let number = numbers[run.reason, default: self.remarks.count]
            if number == self.remarks.count {
                numbers[run.reason] = number
                self.remarks.append(run.reason)
            }
            return NotedRun(run.slots, note: number)
        }
    }
}

extension Store {
    /// Adds to series what is noted of their slots in a range. Those of which nothing is absent, excluded or quarantined cost nothing.
    static func addNotes(
        to series: inout [StoredSeries], of dataset: Dataset, in span: Range<Int64>, on connection: PostgresConnection
    ) async throws {
        func concerned(_ sets: KeyPath<Ledger, SlotSet>...) -> (ids: [Int32], first: [Int], end: [Int]) {
            var result: (ids: [Int32], first: [Int], end: [Int]) = ([], [], [])
            for one in series where !sets.allSatisfy({ one.ledger[keyPath: $0].isEmpty }) {
                let slots = dataset.slots(of: one.key, from: span.lowerBound, to: span.upperBound)
                if sets.allSatisfy({ one.ledger[keyPath: $0].intersection(slots).isEmpty }) { continue }
                result.ids.append(Int32(one.id))
                result.first.append(slots.lowerBound)
                result.end.append(slots.upperBound)
            }
            return result
        }
        let (absent, excluded, quarantined) = (
            concerned(\.absent, \.resting, \.doubted, \.recheck), concerned(\.excluded), concerned(\.quarantined))
        var absences: [Int: [Absences.Run]] = [:]
        if !absent.ids.isEmpty {
            let rows = try await connection.query("""
                select \(absenceColumns) from absences a join unnest(\(absent.ids), \(absent.first), \(absent.end)) as v (id, low, high)
                    on a.series_id = v.id and a.first_slot < v.high and a.end_slot > v.low
                order by a.series_id, a.first_slot
                """)
            for row in rows { absences[try row.int(0), default: []].append(try absence(row)) }
        }
        var exclusions: [Int: [(range: Range<Int>, excluded: SlotNotes.Excluded)]] = [:]
        if !excluded.ids.isEmpty {
            let rows = try await connection.query("""
                select s.id, e.id::text, e.note, e.first_slot, e.end_slot, e.made_by, e.made_at
                from exclusions e cross join unnest(\(excluded.ids), \(excluded.first), \(excluded.end)) as s (id, low, high)
                where e.dataset = \(dataset.name) and e.lifted_at is null and s.id = any(e.series_ids)
                    and e.first_slot < s.high and e.end_slot > s.low
                order by e.made_at, e.id
                """)
            for row in rows {
                let one = SlotNotes.Excluded(
                    id: try row.string(1), note: try row.string(2), madeBy: try row.string(5), madeAt: try row.instant(6))
                exclusions[try row.int(0), default: []].append((try row.int(3)..<(try row.int(4)), one))
            }
        }
        var refused: [Int: [(slot: Int, reason: String)]] = [:]
        if !quarantined.ids.isEmpty {
            let rows = try await connection.query("""
                select distinct on (q.series_id, q.slot) q.series_id, q.slot, q.reason
                from quarantine q join unnest(\(quarantined.ids), \(quarantined.first), \(quarantined.end)) as v (id, low, high)
                    on q.series_id = v.id and q.slot >= v.low and q.slot < v.high
                join coverage c on c.series_id = q.series_id
                where q.status = 'open' and not q.part <@ (c.held - c.provisional)
                order by q.series_id, q.slot, q.part, q.id
                """)
            for row in rows { refused[try row.int(0), default: []].append((try row.int(1), try row.string(2))) }
        }
        for place in series.indices {
            let id = series[place].id
            guard absences[id] != nil || exclusions[id] != nil || refused[id] != nil else { continue }
            series[place].notes = SlotNotes(
                absences[id] ?? [], exclusions[id] ?? [], refused[id] ?? [], doubt: dataset.roster?.doubtReason)
        }
        addUnsettled(to: &series, of: dataset, in: span)
        // Only series that others can speak of have any.
        if dataset.derivation == nil { return }
        let slots = series.map { dataset.slots(of: $0.key, from: span.lowerBound, to: span.upperBound) }
        let remarks = try await remarks(
            on: series.map { Int32($0.id) }, from: slots.map(\.lowerBound), to: slots.map(\.upperBound), on: connection)
        for place in series.indices {
            if let own = remarks[series[place].id] { series[place].notes.add(own) }
        }
    }

    /// Missing slots of which a row is held all the same, and those for which nobody can ask yet.
    private static func addUnsettled(to series: inout [StoredSeries], of dataset: Dataset, in span: Range<Int64>) {
        for place in series.indices {
            let ledger = series[place].ledger
            if ledger.untold.isEmpty, ledger.provisional.isEmpty { continue }
            let slots = dataset.slots(of: ledger.key, from: span.lowerBound, to: span.upperBound)
            let provisional = ledger.provisional.touchedSlots(of: dataset.calendar(of: ledger.key).parts).intersection(slots)
            if !provisional.isEmpty { series[place].notes.add(missing: provisional, Continuity.reason) }
            let untold = ledger.untold.intersection(slots)
            if !untold.isEmpty, let roster = dataset.roster { series[place].notes.add(missing: untold, roster.untoldReason) }
        }
    }
}
