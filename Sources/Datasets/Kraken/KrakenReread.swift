internal import Bytes
internal import Series

/// Reads a refused candle again: a line of an archive file, or a record of OHLC. On a person's word its prices may contradict each other;
/// its numbers must be numbers, it must begin where a candle of its interval does, and something must have been traded in it. A single
/// trade that was refused is of no series, and is not read again.
enum KrakenReread {
    static let reread: Reread = { key, kept, leniently in
        guard key.values.count == 2, let interval = KrakenInterval(key.values[1]) else {
            return .failure(RereadRefusal("no such interval"))
        }
        // It has by now, but what was said of it before its end is not what it came to.
        if kept.reason == KrakenArchive.notEnded, !leniently { return .failure(RereadRefusal(KrakenArchive.notEnded)) }
        let isLine = kept.file != nil || kept.shape == "archive"
        guard let candle = isLine ? line(kept.record) : record(kept.record) else { return .failure(RereadRefusal("not a candle")) }
        if let flaw = structure(candle, interval) ?? (leniently ? nil : flaw(candle)) { return .failure(RereadRefusal(flaw)) }
        return .success(Row(series: 0, time: candle.time, values: candle.values(source: isLine ? .csv : .api)))
    }

    /// What no word makes good.
    private static func structure(_ candle: KrakenCandle, _ interval: KrakenInterval) -> String? {
        if !KrakenArchive.plausible.contains(candle.time) { return "implausible instant" }
        if candle.time % interval.seconds != 0 { return "off the grid" }
        // (The store holds no such row: docs/decisions/0021.)
        if candle.high < candle.low { return "high below low" }
        return candle.isPlaceholder && candle.volume == .zero ? "no trades" : nil
    }

    private static func flaw(_ candle: KrakenCandle) -> String? {
        candle.flaw ?? (candle.volume > .zero ? nil : "trades without volume")
    }

    /// time, open, high, low, close, volume, trades.
    private static func line(_ text: String) -> KrakenCandle? {
        let fields = Array(text.utf8).split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == 7, let time = NumberText.int(fields[0]), let trades = NumberText.int(fields[6]) else { return nil }
        let numbers = fields[1...5].compactMap { Decimal(utf8: $0) }
        guard numbers.count == 5 else { return nil }
        return KrakenCandle(
            time: time, open: numbers[0], high: numbers[1], low: numbers[2], close: numbers[3], vwap: nil, volume: numbers[4],
            trades: trades)
    }

    /// time, open, high, low, close, vwap, volume, count: numbers, or texts of them.
    private static func record(_ text: String) -> KrakenCandle? {
        guard let elements = try? JSONValue(parsing: Array(text.utf8)).array else { return nil }
        return KrakenCandle(fields: elements.map { Array(($0.string ?? $0.numberText ?? "").utf8)[...] })
    }
}
