internal import Bytes
internal import Series

/// One candle as OHLC tells it or as trades make it.
struct KrakenCandle: Sendable, Equatable {
    /// Its first instant, seconds since 1970.
    var time: Int64
    var open: Decimal
    var high: Decimal
    var low: Decimal
    var close: Decimal
    /// nil where it cannot be told.
    var vwap: Decimal?
    var volume: Decimal
    var trades: Int64

    /// What OHLC sends for an interval in which nothing was traded: the last price again, and no trades.
    var isPlaceholder: Bool { trades == 0 }

    /// Why the candle contradicts itself; nil where it does not.
    var flaw: String? {
        if trades < 0 { return "negative count of trades" }
        if volume.isNegative { return "negative volume" }
        if vwap?.isNegative == true { return "negative vwap" }
        if isPlaceholder { return volume == .zero ? nil : "volume without trades" }
        if [open, high, low, close].contains(where: { $0 <= .zero }) { return "price not above zero" }
        return Self.contradiction(open: open, high: high, low: low, close: close)
    }

    /// Why prices contradict each other, whoever tells them; nil where they do not.
    static func contradiction(open: Decimal, high: Decimal, low: Decimal, close: Decimal) -> String? {
        if high < low { return "high below low" }
        if open < low || open > high { return "open outside high and low" }
        if close < low || close > high { return "close outside high and low" }
        return nil
    }

    /// In the columns' order: open, high, low, close, vwap, volume, trades, source.
    func values(source: Kraken.Source) -> [Value] {
        [
            .decimal(open), .decimal(high), .decimal(low), .decimal(close), vwap.map(Value.decimal) ?? .null, .decimal(volume),
            .integer(trades), .text(source.rawValue),
        ]
    }
}

extension KrakenCandle {
    /// A row of OHLC: time, open, high, low, close, vwap, volume, count. Fields behind these are nobody's business. nil where it is none.
    init?(fields: [ArraySlice<UInt8>]) {
        guard fields.count >= 8, let time = NumberText.int(fields[0]), let trades = NumberText.int(fields[7]) else { return nil }
        let numbers = fields[1...6].compactMap { Decimal(utf8: $0) }
        guard numbers.count == 6 else { return nil }
        self.init(
            time: time, open: numbers[0], high: numbers[1], low: numbers[2], close: numbers[3], vwap: numbers[4], volume: numbers[5],
            trades: trades)
    }
}
