/// How far back an upstream serves a series.
package struct Reach: Sendable, Equatable {
    /// Slots that begin before this instant are not to be had.
    package let from: Int64
    /// One word, for programs: `before_first_day`.
    package let reason: String
    /// What a person could do about it, one sentence.
    package let action: String
    /// The stretch of the shown clock in which all this holds: it moved when that began, and moves when it ends.
    package let holds: Range<Int64>

    /// What `holds` of a reach that never moves.
    package static let always: Range<Int64> = .min ..< .max

    /// No slot lies before this one.
    static let ever = -(1 << 40)

    package init(from: Int64, reason: String, action: String, holds: Range<Int64> = Reach.always) {
        self.from = from
        self.reason = reason
        self.action = action
        self.holds = holds
    }
}
