internal import Series

/// How a call of the dataset `kraken` goes, by its shape's name: `ohlc` or `trades`. Shapes without requests have none.
func krakenExchange(_ order: CallOrder) -> any Exchange {
    let call: (any Exchange)? = switch order.shape {
    case "ohlc": KrakenOHLCExchange(order)
    case "trades": KrakenTradesExchange(order)
    default: nil
    }
    guard let call, let pair = order.series.first.flatMap(KrakenPair.series)?.pair else { return UnknownShape() }
    return KrakenListedExchange(call, of: pair, periods: order.periods)
}

extension KrakenPair {
    /// What a series' key says; nil where it is not one of the dataset's.
    static func series(_ key: SeriesKey) -> (pair: KrakenPair, interval: KrakenInterval)? {
        guard key.values.count == 2, let pair = KrakenPair(key.values[0]), let interval = KrakenInterval(key.values[1]) else { return nil }
        return (pair, interval)
    }
}
