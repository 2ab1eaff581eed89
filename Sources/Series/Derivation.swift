/// How slots of a series follow from slots that are held of other series of its channel: a coarser candle from the finer ones in it. Pure.
package struct Derivation: Sendable {
    /// The call shape (of kind `inference`) whose calls look for proofs that nothing happened in slots that are missing; calls of every
    /// other shape of that kind make rows.
    package static let evidenceShape = "evidence"

    /// The series from whose slots those of this one follow, whose lengths divide its own; those first that make for the least work.
    package let sources: @Sendable (SeriesKey) -> [SeriesKey]
    /// The other way about: the series whose slots follow from this one's, be it by others.
    package let followers: @Sendable (SeriesKey) -> [SeriesKey]
    /// The row of a slot out of the rows of all slots of one source in it, in the order of time, none of them empty. Those of which it is
    /// known that nothing happened have no row. nil where no row says it (a sum of too many digits): the slot stays as it is.
    package let roll: @Sendable (_ rows: [[Value]]) -> [Value]?
    /// The column that says that a row was made of others, and its word for that: such a row is made anew where those change. nil where
    /// no column does.
    package let mark: (column: Int, word: String)?
    /// The integer column that counts what happened in a slot: by it a slot of one length proves what slots of another hold.
    package let countColumn: Int
    /// Why a slot is known to be empty: `no_trade`.
    package let emptyReason: String
    /// Why slots are empty that are so of all channels at once: `downtime`.
    package let commonReason: String

    package init(
        sources: @escaping @Sendable (SeriesKey) -> [SeriesKey], followers: @escaping @Sendable (SeriesKey) -> [SeriesKey] = { _ in [] },
        roll: @escaping @Sendable ([[Value]]) -> [Value]?, countColumn: Int,
        emptyReason: String, commonReason: String, mark: (column: Int, word: String)? = nil
    ) {
        self.followers = followers
        self.mark = mark
        self.sources = sources
        self.roll = roll
        self.countColumn = countColumn
        self.emptyReason = emptyReason
        self.commonReason = commonReason
    }
}

/// What a finer series says of the slots of a coarser one. Pure.
package struct FinerSlots: Sendable {
    /// How many of its slots make one of the coarser series.
    package let ratio: Int
    /// What it has of each: whole slots, in its own numbers less `shift`.
    private let held: SlotSet
    private let empty: SlotSet
    private let common: SlotSet
    /// The finer slot with which the coarser slot 0 begins.
    private let shift: Int

    /// `empty`: slots of which it is known that nothing happened, `common` among them those that are so of all channels at once. nil where
    /// the finer slots do not fill the coarser ones without rest.
    package init?(of finer: Ruler, in coarser: Ruler, held: SlotSet = SlotSet(), empty: SlotSet = SlotSet(), common: SlotSet = SlotSet()) {
        guard case .every(let fine, let fineAnchor) = finer, case .every(let coarse, let coarseAnchor) = coarser, coarse > fine,
            coarse % fine == 0, (coarseAnchor - fineAnchor) % Int64(fine) == 0
        else { return nil }
        ratio = coarse / fine
        shift = Int((coarseAnchor - fineAnchor) / Int64(fine))
        self.held = held.shifted(by: -shift)
        self.empty = empty.shifted(by: -shift)
        self.common = common.shifted(by: -shift)
    }

    /// Of some coarser slots those of which every finer one is known, parted by what follows.
    package func known(of wanted: SlotSet) -> (rolled: SlotSet, empty: SlotSet, common: SlotSet) {
        let whole = held.union(empty).wholeSlots(of: ratio).intersection(wanted)
        let rolled = whole.intersection(held.touchedSlots(of: ratio))
        let silent = whole.subtracting(rolled)
        let common = silent.intersection(common.wholeSlots(of: ratio))
        return (rolled, silent.subtracting(common), common)
    }

    /// The coarser slots in which any finer one is held.
    package var touched: SlotSet { held.touchedSlots(of: ratio) }

    /// The finer slots in some coarser ones.
    package func finer(in coarser: SlotSet) -> SlotSet { coarser.scaledUp(by: ratio).shifted(by: shift) }

    /// The coarser slots in which any of some finer ones lies.
    package func coarser(touching finer: SlotSet) -> SlotSet { finer.shifted(by: -shift).touchedSlots(of: ratio) }
}
