package import Bytes

/// A report's counts over a range. Counts of several series or ranges add up; a ratio never does, so it is always made anew.
package struct Tally: Sendable, Hashable {
    /// Slots that the calendar has within the series' lifetime.
    package var slots = 0
    package var pending = 0
    package var absent = 0
    package var excluded = 0
    package var present = 0
    /// Of the missing ones.
    package var unfillable = 0
    /// Of the missing ones.
    package var quarantined = 0

    package init() {}

    package var expected: Int { slots - pending - absent - excluded }
    /// Every expected slot that is not present, `unfillable` and `quarantined` ones included.
    package var missing: Int { expected - present }

    /// `present / expected` to six places, 1 where nothing is expected. Rounded down: one missing slot in a hundred million must
    /// not read as complete.
    package var completeness: Decimal {
        if expected == 0 { return .one }
        let millionths = Int64(Int128(present) * 1_000_000 / Int128(expected))
        return Decimal(mantissa: millionths, scale: 6) ?? .zero
    }

    package static func + (a: Tally, b: Tally) -> Tally {
        var sum = a
        sum += b
        return sum
    }

    package static func += (a: inout Tally, b: Tally) {
        a.slots += b.slots
        a.pending += b.pending
        a.absent += b.absent
        a.excluded += b.excluded
        a.present += b.present
        a.unfillable += b.unfillable
        a.quarantined += b.quarantined
    }
}
