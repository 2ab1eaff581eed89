internal import Bytes
internal import Series

/// Makes the candles of one series out of trades in their order, exactly: sums in 128 bits, nothing rounded.
///
/// The volume-weighted mean price is cut off, not rounded, at the pair's digits, as Kraken does (of 272 recorded minutes the true mean lies
/// above what Kraken sent by less than one unit of the last digit, never below).
struct CandleBuilder {
    /// Index into the order's series.
    let series: Int
    private let ruler: Ruler
    /// Slots that lie whole in what was asked for.
    private let wanted: Range<Int>
    private var bucket: Bucket?
    /// Slots up to this one are not whole.
    private var blocked = Int.min
    /// The first candle that could not be written down.
    private(set) var lost: Int64?

    init(series: Int, _ interval: KrakenInterval, periods: Range<Int>) {
        self.series = series
        ruler = .every(seconds: interval.minutes * 60, anchor: 0)
        let begin = ruler.slots(from: Int64(periods.lowerBound) * 60, to: Int64(periods.upperBound) * 60)
        let end = ruler.slot(containing: Int64(periods.upperBound) * 60)
        wanted = begin.lowerBound..<max(begin.lowerBound, end)
    }

    /// Takes the next trade. It closes a candle that ended before it.
    mutating func add(_ trade: KrakenTrade, decimals: Int, into step: inout Step) {
        let slot = self.slot(trade.nanoseconds)
        if let bucket, bucket.slot != slot { close(bucket, decimals, &step) }
        guard slot > blocked, wanted.contains(slot) else { return }
        if bucket == nil {
            bucket = Bucket(slot: slot, first: trade)
        } else {
            bucket?.add(trade)
        }
    }

    /// Everything before this instant was seen.
    mutating func close(upTo nanoseconds: Int64, decimals: Int, into step: inout Step) {
        if let bucket, slot(nanoseconds) > bucket.slot { close(bucket, decimals, &step) }
    }

    /// Of the trades from the last one to this instant some were not seen: no candle that holds one of them is given.
    mutating func lose(upTo nanoseconds: Int64) {
        if let bucket { blocked = max(blocked, bucket.slot) }
        bucket = nil
        blocked = max(blocked, slot(nanoseconds))
    }

    private func slot(_ nanoseconds: Int64) -> Int { ruler.slot(containing: nanoseconds / 1_000_000_000) }

    private mutating func close(_ bucket: Bucket, _ decimals: Int, _ step: inout Step) {
        self.bucket = nil
        let time = ruler.start(of: bucket.slot)
        if let candle = bucket.candle(time: time, decimals: decimals) {
            step.rows.append(Row(series: series, time: time, values: candle.values(source: .trades)))
            return
        }
        lost = lost ?? time
        step.quarantined.append(
            QuarantinedRecord(
                reason: "more digits than are held", record: "\(bucket.count) trades, open \(bucket.open), close \(bucket.close)",
                series: series, time: time))
    }
}

private struct Bucket {
    let slot: Int
    let open: Decimal
    var high: Decimal
    var low: Decimal
    var close: Decimal
    var count = 0
    var volume = WideSum()
    /// Sum of price times volume.
    var turnover = WideSum()

    init(slot: Int, first trade: KrakenTrade) {
        self.slot = slot
        (open, high, low, close) = (trade.price, trade.price, trade.price, trade.price)
        add(trade)
    }

    mutating func add(_ trade: KrakenTrade) {
        high = max(high, trade.price)
        low = min(low, trade.price)
        close = trade.price
        count += 1
        volume.add(Int128(trade.volume.mantissa), scale: trade.volume.scale)
        turnover.add(
            Int128(trade.price.mantissa) * Int128(trade.volume.mantissa), scale: trade.price.scale + trade.volume.scale)
    }

    /// nil where the volume has more digits than a stored number.
    func candle(time: Int64, decimals: Int) -> KrakenCandle? {
        guard !volume.isOver, let whole = Decimal(wide: volume.digits, scale: volume.scale) else { return nil }
        return KrakenCandle(
            time: time, open: open, high: high, low: low, close: close, vwap: vwap(decimals), volume: whole, trades: Int64(count))
    }

    /// nil for a volume of zero, and where the sum passes 128 bits.
    private func vwap(_ decimals: Int) -> Decimal? {
        guard !turnover.isOver, volume.digits > 0 else { return nil }
        let places = decimals + volume.scale - turnover.scale
        guard let dividend = WideSum.scaled(turnover.digits, by: max(0, places)),
            let divisor = WideSum.scaled(volume.digits, by: max(0, -places))
        else { return nil }
        return Decimal(wide: dividend / divisor, scale: decimals)
    }
}

/// A sum of decimals at the largest of their scales.
private struct WideSum {
    var digits: Int128 = 0
    var scale = 0
    /// It passed 128 bits.
    var isOver = false

    mutating func add(_ other: Int128, scale otherScale: Int) {
        guard let mine = Self.scaled(digits, by: max(0, otherScale - scale)),
            let its = Self.scaled(other, by: max(0, scale - otherScale))
        else { return isOver = true }
        let (sum, overflow) = mine.addingReportingOverflow(its)
        (digits, scale) = (sum, max(scale, otherScale))
        if overflow { isOver = true }
    }

    /// nil where it passes 128 bits.
    static func scaled(_ digits: Int128, by places: Int) -> Int128? {
        var digits = digits
        for _ in 0..<places {
            let (longer, overflow) = digits.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            digits = longer
        }
        return digits
    }
}
