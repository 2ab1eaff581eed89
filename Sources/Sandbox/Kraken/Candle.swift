/// What the trades of one slot come to.
struct Candle: Sendable, Hashable {
    /// Seconds since 1970 at which it opens.
    let time: Int64
    var open: Int64
    var high: Int64
    var low: Int64
    var close: Int64
    var volume: Int64
    /// Sum of price times volume.
    var weight: Int128
    var count: Int

    init(time: Int64, _ trade: Trade) {
        self.time = time
        (open, high, low, close) = (trade.price, trade.price, trade.price, trade.price)
        volume = trade.volume
        weight = Int128(trade.price) * Int128(trade.volume)
        count = 1
    }

    /// A longer slot that begins with this one.
    init(time: Int64, _ first: Candle) {
        self.time = time
        (open, high, low, close) = (first.open, first.high, first.low, first.close)
        (volume, weight, count) = (first.volume, first.weight, first.count)
    }

    mutating func add(_ trade: Trade) {
        high = max(high, trade.price)
        low = min(low, trade.price)
        close = trade.price
        volume += trade.volume
        weight += Int128(trade.price) * Int128(trade.volume)
        count += 1
    }

    mutating func add(_ later: Candle) {
        high = max(high, later.high)
        low = min(low, later.low)
        close = later.close
        volume += later.volume
        weight += later.weight
        count += later.count
    }

    /// Cut off behind the price's decimals, as Kraken does, not rounded.
    var vwap: Int64 { volume == 0 ? 0 : Int64(weight / Int128(volume)) }
}
