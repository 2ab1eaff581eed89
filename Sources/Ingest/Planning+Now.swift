internal import Series
internal import Store

extension Dataset {
    /// The slot in progress of a series, where a selection asks for it: where any of it lies in the range, and it lacks a value or is to be
    /// asked for again. No other can be had.
    func inProgress(of ledger: Ledger, _ selection: Selection, now: Int64) -> SlotSet {
        let calendar = calendar(of: ledger.key)
        let slot = calendar.ruler.slot(containing: now)
        let (from, to) = (selection.from ?? now, selection.to ?? now)
        // (One that begins at this moment is in progress already, though a range that ends now would leave it out.)
        let isSelected = from < calendar.ruler.end(of: slot) && (to >= now || calendar.ruler.start(of: slot) < to)
        if !isSelected { return SlotSet() }
        return judged(ledger, now: now).demand(
            selection.mode, in: slot..<slot + 1, calendar: calendar, dueBefore: dueBefore(ledger.key, now: now))
    }
}

extension Planning {
    /// That the last of its calls are likely to come too late for what they are to fill; nil where none does.
    static func tooLate(_ draft: Draft, _ completeAt: Int64?) -> String? {
        guard draft.dataset.asksForNow, let completeAt, completeAt > draft.now else { return nil }
        // They go one after the other, at an even pace.
        let all = Double(max(1, draft.calls.reduce(0) { $0 + $1.tokens }))
        var spent = 0.0
        var late = 0
        for call in draft.calls {
            spent += Double(call.tokens)
            let at = Double(draft.now) + Double(completeAt - draft.now) * spent / all
            if let deadline = call.deadline, at > Double(deadline) { late += call.covers }
        }
        return late == 0 ? nil : "the tokens are likely to come too late for \(late) of the slots, which will have passed by then"
    }

    /// Which series calls for what is now ask for, by which shape: how they are put together, and in which order, follows the bucket.
    static func contents(of calls: [StoredCall]) -> String {
        calls.flatMap { call in call.seriesIDs.map { "\($0) \(call.shape) \(call.periods.lowerBound)" } }.sorted().joined(separator: "\n")
    }
}
