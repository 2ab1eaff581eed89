internal import Bytes
internal import Glibc

/// Bars that follow from the seed and the ticker alone: each is made when it is asked for, from noise of all lengths from a day to some
/// years.
struct GeneratedEquities: EquityMarket {
    let tickers: [EquityTicker]
    private let dice: Dice

    /// The first day that the service has at all.
    static let first = LocalDate("2003-09-10")?.daysSince1970 ?? 0

    init(seed: UInt64, _ configuration: Sandbox.PolygonConfiguration, hasBuiltIn: Bool = true) {
        dice = Dice(seed: seed)
        var tickers = hasBuiltIn ? TickerNames.builtIn : []
        let known = Set(TickerNames.builtIn.map(\.name))
        for (prefix, kind, count) in [
            ("X", EquityTicker.Kind.generated, hasBuiltIn ? configuration.equities : 0), ("Y", .other, configuration.others),
        ] {
            for number in 0..<count {
                let name = prefix + GeneratedEquities.letters(number)
                if known.contains(name) { continue }
                let probe = EquityTicker(name, kind, first: GeneratedEquities.first)
                // One in eight is younger, one in thirty is gone, one in twenty is little traded.
                let spread = dice.pick(6_500, 400, probe.number)
                let isYoung = dice.pick(8, 401, probe.number) == 0, isGone = dice.pick(30, 402, probe.number) == 0
                let first = GeneratedEquities.first + (isYoung ? spread : 0)
                var ticker = EquityTicker(name, kind, first: first, last: isGone ? first + 2_000 + spread / 2 : nil)
                ticker.isThin = dice.pick(20, 403, probe.number) == 0
                tickers.append(ticker)
            }
        }
        self.tickers = tickers
    }

    /// Four letters, counted in base 26.
    private static func letters(_ number: Int) -> String {
        var (number, letters) = (number, "")
        for _ in 0..<4 {
            letters = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(number % 26))) + letters
            number /= 26
        }
        return letters
    }

    func lost(_ ticker: EquityTicker, _ day: Int) -> DailyBar? { nil }

    func bar(_ ticker: EquityTicker, _ day: Int) -> DailyBar? {
        guard ticker.isListed(day) else { return nil }
        let (number, at) = (ticker.number, Int64(day))
        if ticker.isThin, dice.unit(404, number, at) < 0.04 { return nil }
        let close = price(number, at), before = price(number, at - 1)
        let open = before * (1 + 0.006 * (dice.unit(405, number, at) - 0.5))
        let high = max(open, close) * (1 + 0.012 * dice.unit(406, number, at))
        let low = min(open, close) * (1 - 0.012 * dice.unit(407, number, at))
        // Most prices are whole cents; some bars have finer ones.
        let style = dice.pick(10, 408, number, at)
        let step: Double = style < 7 ? 100 : style < 9 ? 10 : 1
        func units(_ dollars: Double) -> Int64 { max(100, Int64((dollars * 10_000 / step).rounded() * step)) }
        var bar = DailyBar(
            day: day, open: units(open), high: units(high), low: units(low), close: units(close), volume: volume(number, at))
        if dice.unit(409, number, at) >= 0.02 {
            bar.vwap = Int64(((high + low + open + close) / 4 * 10_000).rounded())
            bar.vwap = bar.vwap.map { min(max($0, bar.low ?? $0), bar.high ?? $0) }
        }
        if dice.unit(410, number, at) >= 0.02 {
            bar.transactions = max(1, bar.volume / 1_000 / Int64(40 + dice.pick(100, 411, number, at)))
        }
        return bar
    }

    /// Dollars at the day's end.
    private func price(_ number: Int64, _ day: Int64) -> Double {
        var level = log(8) + dice.unit(420, number) * log(60)
        var swing = 0.012
        for scale in 0..<12 {
            let place = day >> Int64(scale), part = Double(day & (1 << Int64(scale) - 1)) / Double(1 << scale)
            let salt = 430 + UInt64(scale)
            let from = dice.unit(salt, number, place), to = dice.unit(salt, number, place + 1)
            level += swing * ((from + (to - from) * part) * 2 - 1)
            swing *= 1.4
        }
        return exp(level)
    }

    /// Thousandths of a share.
    private func volume(_ number: Int64, _ day: Int64) -> Int64 {
        let usual = exp(log(30_000) + dice.unit(421, number) * log(3_000))
        let shares = Int64(usual * (0.5 + dice.unit(422, number, day) * dice.unit(423, number, day) * 3)) + 1
        // Fractions of shares came with fractional trading, and are usual since 2026.
        let fractional = day >= 20_454 ? 0.4 : 0.05
        guard dice.unit(424, number, day) < fractional else { return shares * 1_000 }
        return shares * 1_000 + Int64(dice.pick(9, 425, number, day) + 1) * (dice.pick(2, 426, number, day) == 0 ? 100 : 111)
    }
}
