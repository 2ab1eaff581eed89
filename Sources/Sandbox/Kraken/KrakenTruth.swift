internal import Bytes

/// What a client should hold, one JSON object a line.
extension KrakenService {
    /// What became of a slot.
    enum State: String {
        case traded
        /// Listed, and nobody traded.
        case empty = "no_trade"
        /// Wholly within a downtime.
        case downtime
        /// It ended before the pair's first trade, or began after its delisting.
        case unlisted, delisted
        /// It has not ended.
        case open
    }

    /// `kind=pairs` needs nothing more; `kind=trades` a pair; candles a pair and an interval.
    func truth(_ question: Question) -> Answer {
        if question["kind"] == "pairs" { return KrakenService.lines(pairsTruth()) }
        guard let from = question["from"].flatMap(Instant.parse), let to = question["to"].flatMap(Instant.parse), from <= to else {
            return .plain(400, "from and to are required: a day, seconds since 1970, or RFC 3339 with an offset")
        }
        guard let candles = question["pair"].flatMap(market.candles) else { return .plain(404, "no such pair") }
        if question["kind"] == "trades" { return KrakenService.lines(tradesTruth(candles.tape, from..<to)) }
        let known = KrakenService.intervals + [720]
        guard let minutes = Int(question["interval"] ?? ""), known.contains(minutes) else {
            return .plain(400, "interval is one of 1, 5, 15, 30, 60, 240, 720, 1440, 10080, 21600")
        }
        if (to - from) / Int64(minutes) / 60 > 3_000_000 { return .plain(400, "that would be more than 3,000,000 lines") }
        return KrakenService.lines(candlesTruth(candles, minutes, from..<to))
    }

    private static func lines(_ text: [UInt8]) -> Answer { Answer(status: 200, type: "application/x-ndjson", body: text) }

    /// The slots that begin in the range.
    private func candlesTruth(_ candles: Candles, _ minutes: Int, _ range: Range<Int64>) -> [UInt8] {
        let now = clock.now
        let step = Int64(minutes) * 60
        let pair = candles.tape.pair
        let from = (range.lowerBound + step - 1).floored(by: step) * step
        if from >= range.upperBound { return [] }
        var traded = candles.traded(minutes, from..<range.upperBound, now: now)[...]
        var out = JSONWriter(capacity: 4_096)
        for time in stride(from: from, to: range.upperBound, by: Int(step)) {
            var candle: Candle?
            if let next = traded.first, next.time == time {
                candle = next
                traded.removeFirst()
            }
            out.beginObject()
            out.member("pair") { $0.string(pair.name) }
            out.member("interval") { $0.int(minutes) }
            out.member("time") { $0.int(time) }
            out.member("state") { $0.string(state(pair, candles.tape, candle, time..<time + step, now: now).rawValue) }
            for (name, path) in [("open", \Candle.open), ("high", \.high), ("low", \.low), ("close", \.close), ("vwap", \.vwap)] {
                out.member(name) { out in
                    guard let candle else { return out.null() }
                    out.string(Digits.plain(candle[keyPath: path], pair.priceDecimals))
                }
            }
            out.member("volume") { out in
                guard let candle else { return out.null() }
                out.string(Digits.plain(candle.volume, pair.volumeDecimals))
            }
            out.member("trades") { $0.int(candle?.count ?? 0) }
            out.member("down") { $0.int(market.downSeconds(time..<time + step)) }
            out.endObject()
            out.endLine()
        }
        return out.bytes
    }

    private func state(_ pair: Sandbox.KrakenPair, _ tape: Tape, _ candle: Candle?, _ slot: Range<Int64>, now: Int64) -> State {
        if slot.upperBound > now { return .open }
        if candle != nil { return .traded }
        guard let first = tape.first, slot.upperBound * Tape.nanoseconds > first.time else { return .unlisted }
        if let delisted = pair.delisted, slot.lowerBound >= delisted { return .delisted }
        return market.downSeconds(slot) == slot.upperBound - slot.lowerBound ? .downtime : .empty
    }

    private func pairsTruth() -> [UInt8] {
        let end = clock.now * Tape.nanoseconds
        var out = JSONWriter(capacity: 4_096)
        for pair in market.pairs {
            guard let tape = market.candles(pair.name)?.tape else { continue }
            out.beginObject()
            out.member("pair") { $0.string(pair.name) }
            out.member("key") { $0.string(pair.key) }
            out.member("wsname") { $0.string(pair.slashed) }
            out.member("display") { $0.string(pair.display) }
            out.member("listed") { $0.int(pair.listed) }
            out.member("delisted") { out in
                if let delisted = pair.delisted { out.int(delisted) } else { out.null() }
            }
            out.member("price_decimals") { $0.int(pair.priceDecimals) }
            out.member("volume_decimals") { $0.int(pair.volumeDecimals) }
            for (name, trade) in [("first_trade", tape.first), ("last_trade", tape.last(until: end - 1))] {
                out.member(name) { out in
                    guard let trade, trade.time < end else { return out.null() }
                    trade.tell(pair, to: &out)
                }
            }
            out.endObject()
            out.endLine()
        }
        return out.bytes
    }

    private func tradesTruth(_ tape: Tape, _ range: Range<Int64>) -> [UInt8] {
        var out = JSONWriter(capacity: 65_536)
        let range = range.clamped(to: tape.pair.listed..<max(tape.pair.listed, clock.now))
        if range.isEmpty { return [] }
        for day in range.lowerBound.floored(by: Tape.day)...(range.upperBound - 1).floored(by: Tape.day) {
            for trade in tape.trades(day: day) where range.contains(trade.time.floored(by: Tape.nanoseconds)) {
                trade.tell(tape.pair, to: &out)
                out.endLine()
            }
        }
        return out.bytes
    }
}

extension Trade {
    fileprivate func tell(_ pair: Sandbox.KrakenPair, to out: inout JSONWriter) {
        out.beginObject()
        out.member("id") { $0.int(id) }
        out.member("time") { $0.int(time) }
        out.member("price") { $0.string(Digits.plain(price, pair.priceDecimals)) }
        out.member("volume") { $0.string(Digits.plain(volume, pair.volumeDecimals)) }
        out.endObject()
    }
}
