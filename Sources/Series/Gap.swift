/// A maximal run of slots of one series in one state other than `present`.
///
/// Slots that the calendar does not have do not end a run: Friday's and Monday's missing sessions are one gap.
package struct Gap: Sendable, Hashable {
    package let state: SlotState
    /// From the first slot to behind the last one.
    package let range: Range<Int>
    /// How many slots of the calendar it holds.
    package let slots: Int
    /// Parts held of each of its slots: more than 0 where they came in part (`partial 3/4`). Slots with different counts are
    /// different gaps.
    package let partsHeld: Int
    /// The number of the note that says why (`NotedRun`), where there is one. Slots with different notes are different gaps.
    package let note: Int?

    package init(state: SlotState, range: Range<Int>, slots: Int, partsHeld: Int = 0, note: Int? = nil) {
        self.state = state
        self.range = range
        self.slots = slots
        self.partsHeld = partsHeld
        self.note = note
    }
}

/// Slots of one state that share a note: why they are so. What the note says is its owner's business.
package struct NotedRun: Sendable, Hashable {
    package let slots: Range<Int>
    package let note: Int

    package init(_ slots: Range<Int>, note: Int) {
        self.slots = slots
        self.note = note
    }
}
