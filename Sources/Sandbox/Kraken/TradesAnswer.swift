internal import Bytes

/// `GET /0/public/Trades`.
extension KrakenService {
    static let pageSize = 1_000

    func trades(_ question: Question, now: Int64) -> Answer {
        guard let spelling = question["pair"], let count = Int(question["count"] ?? "1000"), (1...KrakenService.pageSize).contains(count),
            let given = Int64(question["since"] ?? "0"), given >= 0
        else { return KrakenService.failure("EGeneral:Invalid arguments") }
        guard let candles = market.live(spelling, now: now) else { return KrakenService.failure("EQuery:Unknown asset pair") }
        let (tape, end) = (candles.tape, now * Tape.nanoseconds)
        let name = tape.pair.name
        if happens(faults.repeatedPageRate, 230), let page = pages[name] { return page }
        let isIgnored = happens(faults.sinceIgnoredRate, 220)
        // Seconds where it is too small for nanoseconds: 10^12 of them were a quarter of an hour into 1970.
        let since = given < 1_000_000_000_000 ? given * Tape.nanoseconds : given
        var page = question["since"] == nil || isIgnored
            ? newest(tape, count, before: end) : after(since - (faults.sinceInclusive ? 1 : 0), tape, count, before: end)
        let last = page.last?.time ?? since
        var spoiled = 0
        if page.count > 2, happens(faults.missingIdsRate, 231) {
            spoiled = 1 + dice.pick(min(5, page.count - 2), 232, asked)
            let place = 1 + dice.pick(page.count - 1 - spoiled, 233, asked)
            page.removeSubrange(place..<place + spoiled)
        }
        let (pair, key) = (tape.pair, key(of: tape.pair, question))
        var answer = KrakenService.success({ out in
            out.beginObject()
            out.member(key) { out in
                out.beginArray()
                for trade in page { trade.write(pair, to: &out) }
                out.endArray()
            }
            out.member("last") { if faults.lastIsNumber { $0.int(last) } else { $0.string(String(last)) } }
            out.endObject()
        }, capacity: 64 + page.count * 90)
        answer.rows = page.count
        answer.spoiled = spoiled
        if !page.isEmpty { pages[name] = answer }
        return answer
    }

    /// The first `count` later than `since`, in their order.
    private func after(_ since: Int64, _ tape: Tape, _ count: Int, before end: Int64) -> [Trade] {
        let day = Tape.day * Tape.nanoseconds
        var page: [Trade] = []
        var number = max(tape.firstDay, since.floored(by: day))
        while number * day < end, page.count < count {
            let trades = tape.trades(day: number)
            // Where the first of them is: halved and halved again.
            var (low, high) = (0, trades.count)
            while low < high {
                let middle = (low + high) / 2
                if trades[middle].time <= since { low = middle + 1 } else { high = middle }
            }
            page += trades[low...].prefix(count - page.count).prefix { $0.time < end }
            number += 1
        }
        return page
    }

    private func newest(_ tape: Tape, _ count: Int, before end: Int64) -> [Trade] {
        let day = Tape.day * Tape.nanoseconds
        var page: [Trade] = []
        var number = (end - 1).floored(by: day)
        while number >= tape.firstDay, page.count < count {
            let trades = tape.trades(day: number).prefix { $0.time < end }
            page = trades.suffix(count - page.count) + page
            number -= 1
        }
        return page
    }
}

extension Trade {
    /// `["price", "volume", seconds, side, type, "", id]`: of the nanoseconds a double's worth.
    func write(_ pair: Sandbox.KrakenPair, to out: inout JSONWriter) {
        out.beginArray()
        out.string(Digits.fixed(price, pair.priceDecimals, width: 5))
        out.string(Digits.volume(volume, pair.volumeDecimals))
        out.double(Double(time) / 1e9)
        out.string(isBuy ? "b" : "s")
        out.string(isMarket ? "m" : "l")
        out.string("")
        out.int(id)
        out.endArray()
    }
}
