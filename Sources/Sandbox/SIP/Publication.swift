/// When rows appear: 1.5 to 2.5 hours behind the clock, quarter by quarter, in order; some buses of the newest later.
struct Publication: Sendable {
    let dice: Dice

    /// From the first bus of a quarter to the last.
    static let spread: Int64 = 660
    /// From a quarter's begin until no bus can lack.
    static let longest: Int64 = 5_400 + 4 * 900 + spread

    /// When the first buses of a quarter appear.
    func opens(_ quarter: Int64) -> Int64 {
        // The latest of the last hour's own times, so that no quarter overtakes one before it.
        (0...4).map { back in own(quarter - Int64(back) * 900) }.max() ?? quarter
    }

    func appears(bus: Int, quarter: Int64, opens: Int64) -> Int64 {
        dice.unit(41, Int64(bus), quarter) < 0.7 ? opens : opens + 60 + Int64(dice.pick(600, 42, Int64(bus), quarter))
    }

    private func own(_ quarter: Int64) -> Int64 { quarter + 5_400 + Int64(dice.pick(5, 40, quarter)) * 900 }
}
