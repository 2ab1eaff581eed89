/// What was traded in some time: sums that add up. Money in cents, durations in seconds.
struct Figures: Sendable, Hashable {
    var trades = 0
    var wins = 0
    /// Never negative; `loss` is never positive.
    var profit: Int64 = 0
    var loss: Int64 = 0
    var duration: Int64 = 0

    var net: Int64 { profit + loss }

    init() {}

    /// Of an hour with trades: a function of the seed, the account and the hour. `hour` counts from 1970.
    init(_ account: Account, hour: Int, dice: Dice) {
        let bits = dice.bits(320, Int64(account.number), Int64(hour))
        func part(_ shift: UInt64, _ width: UInt64) -> Int { Int(bits >> shift & (1 << width - 1)) }
        trades = 1 + part(0, 3) * part(3, 3) / 8
        wins = (part(6, 8) * (trades + 1)) >> 8
        // A trade moves some hundredths of a percent of the account.
        let unit = account.startingBalance / 40_000
        if wins > 0 { profit = Int64(wins) * unit * Int64(1 + part(14, 4)) + Int64(part(18, 6)) }
        if wins < trades { loss = -(Int64(trades - wins) * unit * Int64(1 + part(24, 4)) + Int64(part(28, 6))) }
        duration = Int64(trades * (30 + part(34, 12)))
    }

    /// The same with a trade more, as a later edition has it.
    func revised(_ account: Account) -> Figures {
        var figures = self
        figures.trades += 1
        figures.loss -= account.startingBalance / 20_000 + 1
        figures.duration += 60
        return figures
    }

    static func += (sum: inout Figures, one: Figures) {
        sum.trades += one.trades
        sum.wins += one.wins
        sum.profit += one.profit
        sum.loss += one.loss
        sum.duration += one.duration
    }
}
