/// How slots of a series follow from slots that are held of other series of its channel: a coarser candle from the finer ones in it. Pure.
package struct Derivation: Sendable {
    /// The series from whose slots those of this one follow, whose lengths divide its own; those first that make for the least work.
    package let sources: @Sendable (SeriesKey) -> [SeriesKey]
    /// The row of a slot out of the rows of all slots of one source in it, in the order of time, none of them empty. Those of which it is
    /// known that nothing happened have no row.
    package let roll: @Sendable (_ rows: [[Value]]) -> [Value]
    /// The integer column that counts what happened in a slot: by it a slot of one length proves what slots of another hold.
    package let countColumn: Int
    /// Why a slot is known to be empty: `no_trade`.
    package let emptyReason: String
    /// Why slots are empty that are so of all channels at once: `downtime`.
    package let commonReason: String

    package init(
        sources: @escaping @Sendable (SeriesKey) -> [SeriesKey], roll: @escaping @Sendable ([[Value]]) -> [Value], countColumn: Int,
        emptyReason: String, commonReason: String
    ) {
        self.sources = sources
        self.roll = roll
        self.countColumn = countColumn
        self.emptyReason = emptyReason
        self.commonReason = commonReason
    }
}
