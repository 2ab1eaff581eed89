/// Which slots a dataset has: a ruler, the marks on it that exist, and how many parts make a slot whole.
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

    /// The ruler of the parts: part `i` of the time line belongs to slot `i / parts`.
    package var partRuler: Ruler {
        switch ruler {
        case .every(let seconds, let anchor): .every(seconds: seconds / parts, anchor: anchor)
        case .days: ruler
        }
    }
}
