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

    package init(state: SlotState, range: Range<Int>, slots: Int, partsHeld: Int = 0) {
        self.state = state
        self.range = range
        self.slots = slots
        self.partsHeld = partsHeld
    }
}
