internal import Glibc

/// All trades of one pair, as a pure function of the seed: a day of UTC is made at a time, so that any instant is a day's work away.
///
/// How many trades a day has is known without making it, but for the few days that a listing, a delisting or a downtime cuts; the
/// ids of a day begin behind the sum of the days before it, which is kept.
final class Tape {
    let pair: Sandbox.KrakenPair
    private let dice: Dice
    private let stream: Int64
    private let intensity: Double
    /// In nanoseconds: no pair trades within them.
    private let downtimes: [Range<Int64>]
    /// `before[i]`: trades before the day `firstDay + i`.
    private var before: [Int64] = [0]
    /// Days made, the one used last at the end.
    private var kept: [(day: Int64, trades: [Trade])] = []
    private static let keptDays = 8

    static let day: Int64 = 86_400
    static let nanoseconds: Int64 = 1_000_000_000

    /// `downtimes` in seconds. `intensity` multiplies the pair's own.
    init(_ pair: Sandbox.KrakenPair, dice: Dice, intensity: Double, downtimes: [Range<Int64>]) {
        self.pair = pair
        self.dice = dice
        self.intensity = intensity
        // Its name alone makes a pair's trades: other pairs come and go beside it.
        stream = pair.name.utf8.reduce(7) { $0 &* 1_000_003 &+ Int64($1) }
        self.downtimes = downtimes.map { $0.lowerBound * Tape.nanoseconds..<$0.upperBound * Tape.nanoseconds }
    }

    var firstDay: Int64 { pair.listed.floored(by: Tape.day) }
    private var life: Range<Int64> {
        let end = max(pair.listed, pair.delisted ?? Int64.max / Tape.nanoseconds)
        return pair.listed * Tape.nanoseconds..<end * Tape.nanoseconds
    }

    /// The first of all; nil where none ever came.
    private(set) lazy var first: Trade? = {
        for day in firstDay..<firstDay + 4_000 {
            if let trade = trades(day: day).first { return trade }
            if let delisted = pair.delisted, (day + 1) * Tape.day >= delisted { return nil }
        }
        return nil
    }()

    /// In the order of time, which is that of ids.
    func trades(day: Int64) -> [Trade] {
        if let index = kept.lastIndex(where: { $0.day == day }) {
            if index == kept.count - 1 { return kept[index].trades }
            let known = kept.remove(at: index)
            kept.append(known)
            return known.trades
        }
        var trades = made(day: day)
        let before = count(before: day)
        for index in trades.indices { trades[index].id = before + Int64(index) + 1 }
        if kept.count >= Tape.keptDays { kept.removeFirst() }
        kept.append((day, trades))
        return trades
    }

    /// The last one at or before `time` (nanoseconds).
    func last(until time: Int64) -> Trade? {
        var day = time.floored(by: Tape.day * Tape.nanoseconds)
        if let delisted = pair.delisted { day = min(day, delisted.floored(by: Tape.day)) }
        while day >= firstDay {
            if let trade = trades(day: day).last(where: { $0.time <= time }) { return trade }
            day -= 1
        }
        return nil
    }

    /// Trades of all days before this one.
    private func count(before day: Int64) -> Int64 {
        let index = Int(day - firstDay)
        if index <= 0 { return 0 }
        while before.count <= index {
            let next = firstDay + Int64(before.count) - 1
            before.append(before[before.count - 1] + Int64(isCut(next) ? made(day: next).count : drawn(day: next)))
        }
        return before[index]
    }

    /// Whether some of the day's drawn trades did not happen.
    private func isCut(_ day: Int64) -> Bool {
        let range = day * Tape.day * Tape.nanoseconds..<(day + 1) * Tape.day * Tape.nanoseconds
        return range.clamped(to: life) != range || downtimes.contains { $0.overlaps(range) }
    }

    private func drawn(day: Int64) -> Int {
        let mood = exp(0.5 * (dice.unit(300, stream, day) + dice.unit(301, stream, day / 7) - 1))
        let mean = pair.tradesPerMinute * intensity * 1440 * mood
        // The sum of three of these has a spread of one half.
        let bell = 2 * (dice.unit(302, stream, day) + dice.unit(303, stream, day) + dice.unit(304, stream, day) - 1.5)
        return max(0, Int(mean + mean.squareRoot() * bell + dice.unit(305, stream, day)))
    }

    private func made(day: Int64) -> [Trade] {
        let count = drawn(day: day)
        let start = day * Tape.day * Tape.nanoseconds
        if life.clamped(to: start..<start + Tape.day * Tape.nanoseconds).isEmpty { return [] }
        var times: [Int64] = []
        times.reserveCapacity(count)
        let number = stream ^ day &* 0x1_0000_0001
        for index in 0..<Int64(count) {
            let chance = dice.unit(310, number, index)
            if chance < 0.1, let last = times.last {
                // One order that meets several others: they share their nanosecond.
                times.append(last)
            } else if chance < 0.2, let last = times.last {
                // Not so near a candle's end that a time in seconds, which Trades tells, would lie behind it.
                let latest = start + Tape.day * Tape.nanoseconds - 1_000_000
                times.append(min(latest, last + Int64(dice.pick(1_500_000_000, 311, number, index))))
            } else {
                // More about noon than at night.
                let place = dice.unit(312, number, index)
                let bent = min(0.999_999_999, max(0, place + 0.07 * sin(2 * .pi * place)))
                times.append(start + Int64(bent * 86_400e9))
            }
        }
        times.sort()
        var walk = PriceWalk(dice, stream: stream, price: pair.price)
        var trades: [Trade] = []
        trades.reserveCapacity(count)
        for (index, time) in times.enumerated() where life.contains(time) && !downtimes.contains(where: { $0.contains(time) }) {
            trades.append(trade(at: time, number, Int64(index), &walk))
        }
        return trades
    }

    private func trade(at time: Int64, _ number: Int64, _ index: Int64, _ walk: inout PriceWalk) -> Trade {
        let bits = dice.bits(320, number, index)
        let near = 1 + 0.0003 * (Double(bits & 0xFFFF) / 65_536 - 0.5)
        let price = (walk.price(at: time) * near * power(10, pair.priceDecimals)).rounded()
        // From a hundredth of the usual to a hundred times it, small ones oftener.
        let size = exp(4.6 * (dice.unit(321, number, index) + dice.unit(322, number, index) - 1))
        var volume = max(1, Int64(pair.volume * size * power(10, pair.volumeDecimals)))
        if bits >> 16 & 0xF == 0 {
            // A person's order: two figures and zeros.
            var unit: Int64 = 1
            while volume / unit >= 100 { unit *= 10 }
            volume -= volume % unit
        } else if pair.volumeDecimals > 8, bits >> 20 & 0x1F != 0, volume >= 100 {
            volume -= volume % 100
        }
        return Trade(
            time: time, price: max(1, Int64(price)), volume: volume, id: 0, isBuy: bits >> 30 & 1 == 0, isMarket: bits >> 31 & 3 == 0)
    }

    private func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { product, _ in product * base } }
}

extension Int64 {
    /// Whole times that `step` fits, towards the past.
    func floored(by step: Int64) -> Int64 { self >= 0 ? self / step : -((-self + step - 1) / step) }
}
