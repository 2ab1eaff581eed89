/// What is known of one series: what is held, and what was said about the rest.
///
/// Everything is ranges, so a question costs what the holes in it cost.
package struct Ledger: Sendable, Hashable {
    package var key: SeriesKey
    /// No slot lies outside: what an open end of a lifetime is.
    package static let always = -(1 << 40)..<(1 << 40)

    /// The slots in which the series can have values; nil: always. Slots outside it are not counted at all.
    package var lifetime: Range<Int>?
    /// The series has ended: its upstream has it no longer.
    package var isOver: Bool { lifetime.map { $0.upperBound < Self.always.upperBound } ?? false }
    /// Held parts, in the calendar's part numbers, of which the value stands.
    package var held: SlotSet
    /// Parts of which a row is held that is to be asked for again: it was taken before its slot was due, or has been restated since. Their
    /// slots are not whole.
    package var provisional = SlotSet()
    package var absent: SlotSet
    package var excluded: SlotSet
    package var unfillable: SlotSet
    package var quarantined: SlotSet
    /// Of the absent slots, those for which the upstream is to be asked again by now.
    package var recheck: SlotSet
    /// Slots that do not exist, as was told (`Roster`): they are not counted at all.
    package var unexpected = SlotSet()
    /// Missing slots of which it has not been told whether they are expected: no call asks for them before that.
    package var untold = SlotSet()
    /// Missing slots of which the upstream said nothing though there is reason to doubt it, or told what was refused: they are asked for
    /// again later.
    package var resting = SlotSet()
    /// The same where it is time to ask again: for them, and for what tells of them.
    package var doubted = SlotSet()

    package init(
        key: SeriesKey, lifetime: Range<Int>? = nil, held: SlotSet = SlotSet(), absent: SlotSet = SlotSet(),
        excluded: SlotSet = SlotSet(), unfillable: SlotSet = SlotSet(), quarantined: SlotSet = SlotSet(),
        recheck: SlotSet = SlotSet()
    ) {
        self.key = key
        self.lifetime = lifetime
        self.held = held
        self.absent = absent
        self.excluded = excluded
        self.unfillable = unfillable
        self.quarantined = quarantined
        self.recheck = recheck
    }

    /// The first slot of which all parts are held.
    package func firstHeldSlot(parts: Int) -> Int? { held.wholeSlots(of: parts).first }
    package func lastHeldSlot(parts: Int) -> Int? { held.wholeSlots(of: parts).last }

    // MARK: Questions. `dueBefore` is the first slot that is not yet due.

    package func tally(in range: Range<Int>, calendar: Calendar, dueBefore: Int) -> Tally {
        let states = states(in: range, calendar: calendar, dueBefore: dueBefore)
        var tally = Tally()
        for (state, slots) in states {
            let count = slots.count
            tally.slots += count
            switch state {
            case .present: tally.present = count
            case .excluded: tally.excluded = count
            case .absent: tally.absent = count
            case .pending: tally.pending = count
            case .quarantined: tally.quarantined = count
            case .unfillable: tally.unfillable = count
            case .missing: break
            }
        }
        return tally
    }

    /// The gaps of a range, in the order of time. `notes`: for states that have some, runs in order that do not overlap.
    package func gaps(
        in range: Range<Int>, calendar: Calendar, dueBefore: Int, notes: [SlotState: [NotedRun]] = [:]
    ) -> [Gap] {
        var runs: [(state: SlotState, range: Range<Int>, note: Int?)] = []
        for (state, slots) in states(in: range, calendar: calendar, dueBefore: dueBefore) {
            runs += noted(slots, by: notes[state] ?? []).map { (state, $0.range, $0.note) }
        }
        runs.sort { $0.range.lowerBound < $1.range.lowerBound }
        var gaps = GapWriter(partial: PartialSlots(held: held.intersection(partRange(range, calendar)), parts: calendar.parts))
        for run in runs { gaps.add(run.state, run.range, note: run.note) }
        return gaps.finished()
    }

    /// What a call could still bring: due, expected, not held, and not known to be unfillable; absent slots once the upstream is to
    /// be asked for them again.
    package func missing(in range: Range<Int>, calendar: Calendar, dueBefore: Int) -> SlotSet {
        let states = states(in: range, calendar: calendar, dueBefore: dueBefore)
        return states.reduce(into: SlotSet()) { result, entry in
            switch entry.state {
            case .missing, .quarantined: result.formUnion(entry.slots.subtracting(untold).subtracting(resting))
            case .absent: result.formUnion(entry.slots.intersection(recheck).subtracting(unfillable))
            case .present, .excluded, .pending, .unfillable: break
            }
        }
    }

    /// The slots that a selection of this mode asks for.
    package func demand(_ mode: Selection.Mode, in range: Range<Int>, calendar: Calendar, dueBefore: Int) -> SlotSet {
        switch mode {
        case .missing:
            return missing(in: range, calendar: calendar, dueBefore: dueBefore)
        case .incremental:
            let from = lastHeldSlot(parts: calendar.parts).map { $0 + 1 } ?? range.lowerBound
            if from >= range.upperBound { return SlotSet() }
            return missing(in: max(from, range.lowerBound)..<range.upperBound, calendar: calendar, dueBefore: dueBefore)
        case .refresh:
            let states = states(in: range, calendar: calendar, dueBefore: dueBefore)
            return states.reduce(into: SlotSet()) { result, entry in
                if entry.state != .pending, entry.state != .excluded, entry.state != .unfillable {
                    result.formUnion(entry.slots.subtracting(untold))
                }
            }
        }
    }

    /// The slots of a range that exist within the lifetime.
    package func existing(in range: Range<Int>, _ calendar: Calendar) -> SlotSet {
        calendar.expected(in: lifetime.map { range.clamped(to: $0) } ?? range).subtracting(unexpected)
    }

    /// The slots of a range parted by state; together they are those that exist.
    package func states(
        in range: Range<Int>, calendar: Calendar, dueBefore: Int
    ) -> [(state: SlotState, slots: SlotSet)] {
        let alive = lifetime.map { range.clamped(to: $0) } ?? range
        let all = existing(in: range, calendar)
        let whole = held.intersection(partRange(alive, calendar)).wholeSlots(of: calendar.parts)
        let present = whole.intersection(all)
        var rest = all.subtracting(present)
        var result: [(state: SlotState, slots: SlotSet)] = [(.present, present)]
        func take(_ state: SlotState, _ known: SlotSet) {
            let taken = known.intersection(rest)
            rest = rest.subtracting(taken)
            result.append((state, taken))
        }
        // The order is SlotState's precedence.
        take(.excluded, excluded)
        take(.absent, absent)
        take(.pending, dueBefore < alive.upperBound ? SlotSet(max(dueBefore, alive.lowerBound)..<alive.upperBound) : SlotSet())
        take(.quarantined, quarantined)
        take(.unfillable, unfillable)
        result.append((.missing, rest))
        return result
    }

    private func partRange(_ slots: Range<Int>, _ calendar: Calendar) -> Range<Int> {
        slots.lowerBound * calendar.parts..<slots.upperBound * calendar.parts
    }
}
