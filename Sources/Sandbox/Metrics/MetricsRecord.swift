internal import Bytes

/// A record under the service's own names: an account's hour, its day, or all of its time.
struct MetricsRecord {
    private(set) var members: [(name: StaticString, value: MetricsValue)] = []

    /// Such as divide, and may explode.
    static let ratios = ["profitFactor", "sharpeRatio", "sortinoRatio", "riskAdjRatio", "expectancy", "successRate"]

    subscript(_ name: String) -> MetricsValue? {
        members.first { $0.name.description == name }?.value
    }

    /// `slot` is what its random values grow from; `trades` what it tells in place of their count.
    private init(_ account: Account, _ figures: Figures, trades: Int, prior: Int64, balance: Int64, dice: Dice, slot: Int) {
        members.reserveCapacity(56)
        let bits = dice.bits(330, Int64(account.number), Int64(slot)), more = dice.bits(331, Int64(account.number), Int64(slot))
        func money(_ cents: Int64) -> MetricsValue { .fixed(cents, decimals: 2) }
        func part(_ shift: UInt64, _ width: UInt64) -> Int64 { Int64(bits >> shift & (1 << width - 1)) }
        let equity = figures.trades == 0 ? balance : balance + part(0, 10) - 512
        members = [
            ("accountId", .id(account.id)), ("login", .text(account.login)), ("planId", .text(Account.plans[account.plan].name)),
            ("trader", .text(account.trader)), ("status", .whole(account.status)), ("type", .whole(account.type)),
            ("phase", .whole(account.phase)), ("broker", .whole(account.broker)), ("platform", .text("MT\(account.version)")),
            ("mt_version", .whole(account.version)), ("country", .text(Account.countries[account.country])),
            ("startingBalance", money(account.startingBalance)), ("priorDaysBalance", money(prior)),
            ("priorDaysEquity", money(prior + part(10, 8))), ("currentBalance", money(balance)), ("currentEquity", money(equity)),
            ("numTrades", .whole(trades)), ("netProfit", money(figures.net)), ("grossProfit", money(figures.profit)),
            ("grossLoss", money(figures.loss)),
        ]
        let count = Int64(figures.trades)
        /// Nothing where nothing was traded.
        func traded(_ name: StaticString, _ value: @autoclosure () -> MetricsValue) { members.append((name, count == 0 ? .none : value())) }
        traded("profitFactor", figures.loss == 0 ? .none : .fixed(figures.profit * 10_000 / -figures.loss, decimals: 4))
        traded("successRate", .fixed(Int64(figures.wins) * 10_000 / count, decimals: 2))
        traded("expectancy", money(figures.net / count))
        traded("meanProfit", money(figures.net / count))
        traded("medianProfit", money((figures.net - part(18, 8)) / count))
        traded("stdProfits", money((figures.profit - figures.loss) / (count + 1)))
        traded("minProfit", money(figures.loss / count))
        traded("maxProfit", money(figures.profit / max(1, Int64(figures.wins))))
        traded("meanDuration", .fixed(figures.duration * 100 / count, decimals: 2))
        traded("medianDuration", .fixed(figures.duration * 90 / count, decimals: 2))
        traded("minDuration", .fixed(figures.duration * 20 / count, decimals: 2))
        traded("maxDuration", .fixed(figures.duration * 100, decimals: 2))
        traded("maxDrawdown", money(figures.loss))
        traded("maxRelDrawdown", .fixed(figures.loss * 1_000_000 / account.startingBalance, decimals: 6))
        traded("sharpeRatio", .fixed(part(26, 16) - 32_768, decimals: 4))
        traded("sortinoRatio", .fixed(part(42, 16) - 32_768, decimals: 4))
        traded("riskAdjRatio", .fixed(Int64(more & 0xFFFF) - 32_768, decimals: 4))
        traded("numTradedSymbols", .whole(1 + Int(more >> 16 & 3)))
        traded("mostTradedSymbol", .text(["EURUSD", "XAUUSD", "GBPJPY", "US30"][Int(more >> 18 & 3)]))
        traded("totalVolume", .fixed(count * Int64(1 + more >> 20 & 63), decimals: 2))
        traded("numLongTrades", .whole(figures.trades / 2))
        traded("numShortTrades", .whole(figures.trades - figures.trades / 2))
        traded("maxConsecWins", .whole((figures.wins + 1) / 2))
        traded("maxConsecLosses", .whole((figures.trades - figures.wins + 1) / 2))
        traded("commission", money(-count * 35))
        traded("swap", money(-Int64(more >> 26 & 127)))
    }

    /// A day so far, telling `mistake` trades too many.
    static func day(_ day: AccountDay, mistake: Int, dice: Dice) -> MetricsRecord {
        let total = day.total, balance = day.balance(after: 23), month = Month(day.day)
        var record = MetricsRecord(
            day.account, total, trades: total.trades + mistake, prior: day.prior, balance: balance, dice: dice, slot: day.day)
        let isLast = day.day == month.last
        record.members += [
            ("date", .day(day.day)), ("days_to_next_payout", .whole(month.last - day.day)),
            ("todays_payouts", .fixed(isLast ? max(0, balance - day.account.startingBalance) : 0, decimals: 2)),
        ]
        return record
    }

    static func hour(_ day: AccountDay, _ hour: Int, dice: Dice) -> MetricsRecord {
        let figures = day.hours[hour], slot = day.day * 24 + hour
        var record = MetricsRecord(
            day.account, figures, trades: figures.trades, prior: day.prior, balance: day.balance(after: hour), dice: dice, slot: slot)
        record.members += [("date", .day(day.day)), ("datetime", .instant(Int64(slot) * 3_600)), ("hour", .whole(hour))]
        return record
    }

    /// All of an account's time, as far as `total` goes.
    static func allTime(_ account: Account, _ total: Figures, prior: Int64, balance: Int64, dice: Dice) -> MetricsRecord {
        MetricsRecord(account, total, trades: total.trades, prior: prior, balance: balance, dice: dice, slot: 0)
    }

    /// A test account's, which has neither login nor platform nor broker, and an id that no account has.
    mutating func becomeTest(_ number: Int) {
        set("accountId", .id(10_000 + number % 90_000))
        for name in ["login", "platform", "broker"] { set(name, .none) }
    }

    mutating func becomeNameless() { set("accountId", .none) }

    private mutating func set(_ name: String, _ value: MetricsValue) {
        guard let place = members.firstIndex(where: { $0.name.description == name }) else { return }
        members[place].value = value
    }

    /// With the ratio that exploded, where the record has one.
    mutating func explode(_ spelling: MetricsSpelling) {
        if let odd = spelling.odd { set(odd.name, .odd(odd.oddity)) }
    }

    func append(to out: inout [UInt8], _ spelling: MetricsSpelling) {
        out.append(UInt8(ascii: "{"))
        for (place, member) in members.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            out.append(UInt8(ascii: "\""))
            member.name.withUTF8Buffer { out += $0 }
            out.append(UInt8(ascii: "\""))
            out.append(UInt8(ascii: ":"))
            member.value.append(to: &out, spelling)
        }
        out.append(UInt8(ascii: "}"))
    }
}
