/// How rows of one series tell that what was held before has been restated (a split makes all prices before it other ones). Pure.
///
/// Of a dataset that has one a row that is taken before its slot is due does not stand either: it is shown, and the slot is missing until
/// it is asked for again.
package struct Continuity: Sendable {
    /// Whether a slot's older values and its newer ones say the same by another measure: what lies before it is by the older one.
    package let restated: @Sendable (_ old: [Value], _ new: [Value]) -> Bool
    /// Whether the values of two slots, one after the other, lie as far apart as a restatement between them would explain.
    package let breaks: @Sendable (_ earlier: [Value], _ later: [Value]) -> Bool
    /// The checks of quality that the later of two slots next to each other fails by the earlier one: it is odd, and is taken.
    package let odd: @Sendable (_ earlier: [Value], _ later: [Value]) -> [String]
    /// Why a slot is missing of which a row is held: one word.
    package static let reason = "provisional"

    package init(
        restated: @escaping @Sendable (_ old: [Value], _ new: [Value]) -> Bool,
        breaks: @escaping @Sendable (_ earlier: [Value], _ later: [Value]) -> Bool,
        odd: @escaping @Sendable (_ earlier: [Value], _ later: [Value]) -> [String] = { _, _ in [] }
    ) {
        self.odd = odd
        self.restated = restated
        self.breaks = breaks
    }
}
