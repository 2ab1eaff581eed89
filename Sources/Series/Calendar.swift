/// Which slots each series of a dataset has.
package enum Calendars: Sendable {
    /// All series have the same.
    case alike(Calendar)
    /// Each has its own (Kraken: an interval's candles). `finest`: marks that come no later than those of any of them, for when an answer
    /// about now is to be looked at again.
    case each(finest: Ruler, of: @Sendable (SeriesKey) -> Calendar)

    package func of(_ key: SeriesKey) -> Calendar {
        switch self {
        case .alike(let calendar): calendar
        case .each(_, let of): of(key)
        }
    }

    /// The marks by which an answer that follows the clock ends.
    package var tick: Ruler {
        switch self {
        case .alike(let calendar): calendar.ruler
        case .each(let finest, _): finest
        }
    }
}

/// Which slots a series has: a ruler, the marks on it that exist, and how many parts make a slot whole.
///
/// A row fills a part. Most slots have one; a CMG hour has four quarters, and is present when all four are held.
package struct Calendar: Sendable, Hashable {
    package enum Existing: Sendable, Hashable {
        /// Every slot of the ruler.
        case all
        /// These and no others: trading sessions, days with a daily row.
        case sessions(SlotSet)
    }

    package let ruler: Ruler
    /// Parts of a slot, at least 1.
    package let parts: Int
    package let existing: Existing

    /// Slots of a day ruler have one part: a day of 23 hours has no even parts.
    package init(ruler: Ruler, parts: Int = 1, existing: Existing = .all) {
        if case .every(let seconds, _) = ruler {
            precondition(parts >= 1 && seconds % parts == 0, "a slot's parts are whole seconds")
        } else {
            precondition(parts == 1, "only slots of equal length have parts")
        }
        self.ruler = ruler
        self.parts = parts
        self.existing = existing
    }

    /// The slots of a range that exist; whether they are due is another question.
    package func expected(in slots: Range<Int>) -> SlotSet {
        switch existing {
        case .all: SlotSet(slots)
        case .sessions(let sessions): sessions.intersection(slots)
        }
    }

    /// Runs of slots between which none exists are one: over a weekend no session is passed.
    package func runs(of slots: SlotSet) -> Int {
        guard case .sessions(let sessions) = existing else { return slots.ranges.count }
        return zip(slots.ranges, slots.ranges.dropFirst()).reduce(slots.isEmpty ? 0 : 1) { count, pair in
            count + (sessions.intersection(pair.0.upperBound..<pair.1.lowerBound).isEmpty ? 0 : 1)
        }
    }

    /// The ruler of the parts: part `i` of the time line belongs to slot `i / parts`.
    package var partRuler: Ruler {
        switch ruler {
        case .every(let seconds, let anchor): .every(seconds: seconds / parts, anchor: anchor)
        case .days: ruler
        }
    }
}
