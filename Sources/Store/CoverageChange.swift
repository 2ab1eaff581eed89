internal import Series

/// What becomes of one series' coverage by one attempt. Pure.
struct CoverageChange {
    let id: Int
    let key: SeriesKey
    /// Parts that came, and the slots that they lie in.
    let parts: SlotSet
    /// Of these, those that came before their slots were due: they are provisional.
    let early: SlotSet
    let came: SlotSet
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
    /// there. `isSure`: not even where a record was refused before. `askedAt`: the shown clock when what came was asked for.
    init(
        id: Int, ledger: Ledger, adding parts: SlotSet, refused: [Int64], _ dataset: Dataset, askedAt: Int64,
        silence: (periods: Range<Int>, askedAt: Int64, isSure: Bool)?
    ) {
        let calendar = dataset.calendar(of: ledger.key)
        let perSlot = calendar.parts
        self.id = id
        key = ledger.key
        self.parts = parts
        came = parts.touchedSlots(of: perSlot)
        let notDue = dataset.continuity != nil ? dataset.dueBefore(ledger.key, now: askedAt) : Ledger.always.upperBound
        early = parts.intersection(notDue * perSlot..<Ledger.always.upperBound * perSlot).subtracting(ledger.held)
        let held = ledger.held.union(parts.subtracting(early))
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
        concernsAbsences = !nothing.isEmpty || !ended.intersection(ledger.absent).isEmpty
        isNothing = held == ledger.held && early.subtracting(ledger.provisional).isEmpty && !concernsAbsences
    }

    /// Slots that the upstream owed by then: not those that a person has excluded, nor those that it does not serve.
    private static func due(in periods: Range<Int>, by now: Int64, of ledger: Ledger, _ dataset: Dataset) -> SlotSet {
        let all = dataset.wholeSlots(of: ledger.key, in: periods)
        let end = min(all.upperBound, max(all.lowerBound, dataset.dueBefore(ledger.key, now: now)))
        return ledger.existing(in: all.lowerBound..<end, dataset.calendar(of: ledger.key)).subtracting(ledger.excluded)
            .subtracting(dataset.judged(ledger, now: now).unfillable)
    }

    /// The stretch in which absences may change, and touch others.
    var concerned: Range<Int> {
        let first = [nothing.first, ended.first].compactMap { $0 }.min() ?? 0
        let last = [nothing.last, ended.last].compactMap { $0 }.max() ?? 0
        return first..<last + 1
    }
}
