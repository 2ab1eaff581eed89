internal import Bytes

/// `GET /0/public/OHLC`.
extension KrakenService {
    /// The archive has 720 minutes beside these, the API has not.
    static let intervals = [1, 5, 15, 30, 60, 240, 1440, 10_080, 21_600]
    /// Committed candles at most, whatever is asked.
    static let depth: Int64 = 720

    func ohlc(_ question: Question, now: Int64) -> Answer {
        guard let spelling = question["pair"], let minutes = Int(question["interval"] ?? "1"), KrakenService.intervals.contains(minutes),
            let since = Int64(question["since"] ?? "0")
        else { return KrakenService.failure("EGeneral:Invalid arguments") }
        guard let candles = market.live(spelling, now: now) else { return KrakenService.failure("EQuery:Unknown asset pair") }
        let step = Int64(minutes) * 60
        let current = now.floored(by: step) * step
        var rows = rows(candles, minutes, current - KrakenService.depth * step..<current + step, now: now)
        if since > 0, !happens(faults.sinceIgnoredRate, 220) {
            // The current candle comes whatever `since` says.
            rows.removeAll { $0.time < current && (faults.sinceInclusive ? $0.time < since : $0.time <= since) }
        }
        let last = rows.last { $0.time < current }?.time ?? (since > 0 ? since : current)
        if faults.placeholdersOmitted { rows.removeAll { $0.candle == nil } }
        let spoiled = spoil(&rows, step: step)
        let pair = candles.tape.pair
        let key = key(of: pair, question)
        var answer = KrakenService.success({ out in
            out.beginObject()
            out.member(key) { out in
                out.beginArray()
                for row in rows { row.write(pair, to: &out) }
                out.endArray()
            }
            out.member("last") { $0.int(last) }
            out.endObject()
        }, capacity: 64 + rows.count * 110)
        answer.rows = rows.count
        answer.spoiled = spoiled
        return answer
    }

    /// Every slot of the range that began by `now`, from the one of the pair's first trade on.
    private func rows(_ candles: Candles, _ minutes: Int, _ range: Range<Int64>, now: Int64) -> [OHLCRow] {
        let step = Int64(minutes) * 60
        guard let first = candles.tape.first, first.time < now * Tape.nanoseconds else { return [] }
        let from = max(range.lowerBound, (first.time / Tape.nanoseconds).floored(by: step) * step)
        var traded = candles.traded(minutes, from..<range.upperBound, now: now)[...]
        var price = traded.first?.time == from ? nil : candles.tape.last(until: from * Tape.nanoseconds - 1)?.price
        var rows: [OHLCRow] = []
        for time in stride(from: from, to: range.upperBound, by: Int(step)) {
            if let candle = traded.first, candle.time == time {
                traded.removeFirst()
                price = candle.close
                rows.append(OHLCRow(time: time, price: candle.close, candle: candle))
            } else if let price {
                rows.append(OHLCRow(time: time, price: price, candle: nil))
            }
        }
        return rows
    }

    /// How many of the rows cannot be used.
    private func spoil(_ rows: inout [OHLCRow], step: Int64) -> Int {
        if rows.isEmpty { return 0 }
        var spoiled = 0
        let place = dice.pick(rows.count, 224, asked)
        if happens(faults.contradictoryRowRate, 221) {
            rows[place].isContradictory = true
            spoiled += 1
        }
        if happens(faults.offGridRowRate, 222) {
            let place = dice.pick(rows.count, 225, asked)
            rows[place].time += 7
            spoiled += 1
        }
        if happens(faults.doubledRowRate, 223) {
            rows.insert(rows[place], at: place)
            spoiled += 1
        }
        return spoiled
    }
}

/// A row of the answer: a candle, or the price that stood where nothing traded.
struct OHLCRow {
    var time: Int64
    let price: Int64
    let candle: Candle?
    var isContradictory = false

    /// `[time, "open", "high", "low", "close", "vwap", "volume", count]`.
    func write(_ pair: Sandbox.KrakenPair, to out: inout JSONWriter) {
        func text(_ units: Int64) -> String { Digits.fixed(units, pair.priceDecimals) }
        let (high, low) = (candle?.high ?? price, candle?.low ?? price)
        out.beginArray()
        out.int(time)
        out.string(text(candle?.open ?? price))
        out.string(text(isContradictory ? low : high))
        out.string(text(isContradictory ? high + 1 : low))
        out.string(text(candle?.close ?? price))
        out.string(candle.map { text($0.vwap) } ?? "0.0")
        out.string(Digits.volume(candle?.volume ?? 0, pair.volumeDecimals))
        out.int(candle?.count ?? 0)
        out.endArray()
    }
}
