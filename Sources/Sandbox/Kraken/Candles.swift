/// Candles of one pair out of its trades. Hours are kept, since longer candles are made of them; shorter ones are made of the trades
/// each time, a day of which the tape keeps.
final class Candles {
    let tape: Tape
    private var hours: [Int64: [Candle]] = [:]

    init(_ tape: Tape) { self.tape = tape }

    /// Minutes of which an hour is no whole number of times.
    static let hour = 60

    /// The traded slots that begin in `range` (seconds, on the grid of `minutes`), of trades before `now`; in order.
    func traded(_ minutes: Int, _ range: Range<Int64>, now: Int64) -> [Candle] {
        let step = Int64(minutes) * 60
        let life = tape.pair.listed.floored(by: step) * step..<(tape.pair.delisted ?? Int64.max)
        let range = range.clamped(to: life).clamped(to: Int64.min..<max(now, range.lowerBound))
        if range.isEmpty { return [] }
        var candles: [Candle] = []
        func add(_ part: Candle) {
            let time = part.time.floored(by: step) * step
            guard range.contains(time) else { return }
            if let last = candles.last, last.time == time { candles[candles.count - 1].add(part) } else {
                candles.append(Candle(time: time, part))
            }
        }
        let end = min(now, (range.upperBound - 1).floored(by: step) * step + step)
        for day in range.lowerBound.floored(by: Tape.day)...(end - 1).floored(by: Tape.day) {
            if minutes >= Candles.hour, minutes % Candles.hour == 0, (day + 1) * Tape.day <= now {
                for hour in whole(day) { add(hour) }
                continue
            }
            for trade in tape.trades(day: day) {
                if trade.time >= now * Tape.nanoseconds { break }
                let time = trade.time.floored(by: step * Tape.nanoseconds) * step
                guard range.contains(time) else { continue }
                if let last = candles.last, last.time == time { candles[candles.count - 1].add(trade) } else {
                    candles.append(Candle(time: time, trade))
                }
            }
        }
        return candles
    }

    /// The traded hours of a day.
    private func whole(_ day: Int64) -> [Candle] {
        if let known = hours[day] { return known }
        var candles: [Candle] = []
        for trade in tape.trades(day: day) {
            let time = trade.time / (3_600 * Tape.nanoseconds) * 3_600
            if let last = candles.last, last.time == time { candles[candles.count - 1].add(trade) } else {
                candles.append(Candle(time: time, trade))
            }
        }
        hours[day] = candles
        return candles
    }
}
