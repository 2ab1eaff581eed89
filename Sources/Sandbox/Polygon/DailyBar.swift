/// A ticker's bar of one session. Prices are ten-thousandths of a dollar, volume thousandths of a share; nil is what the source lacks.
struct DailyBar: Sendable, Hashable {
    /// Since 1970.
    var day: Int
    var open, high, low, close: Int64?
    var volume: Int64
    var vwap: Int64?
    var transactions: Int64?

    static let priceDecimals = 4, volumeDecimals = 3

    /// No cell lacks, and high and low enclose the rest.
    var isSound: Bool {
        guard let open, let high, let low, let close else { return false }
        return low <= min(open, close) && high >= max(open, close) && low > 0 && volume >= 0
    }

    /// As it is told after splits of so much altogether: prices divided, volume multiplied, to the decimals of the service.
    func split(by ratio: Double) -> DailyBar {
        if ratio == 1 { return self }
        func divided(_ price: Int64?) -> Int64? { price.map { max(1, Int64((Double($0) / ratio).rounded())) } }
        var bar = self
        (bar.open, bar.high, bar.low, bar.close) = (divided(open), divided(high), divided(low), divided(close))
        bar.vwap = divided(vwap)
        // Whole shares stay whole.
        let step: Double = volume % 1_000 == 0 ? 1_000 : 1
        bar.volume = Int64((Double(volume) * ratio / step).rounded() * step)
        return bar
    }

    /// Between two others: `part` of the way from one to the other, 0...1. A cell that one lacks is that one's close.
    static func between(_ a: DailyBar, _ b: DailyBar, day: Int, part: Double) -> DailyBar {
        func mean(_ path: KeyPath<DailyBar, Int64?>) -> Int64 {
            let from = Double(a[keyPath: path] ?? a.close ?? 0), to = Double(b[keyPath: path] ?? b.close ?? 0)
            return Int64((from + (to - from) * part).rounded())
        }
        let (open, close) = (mean(\.open), mean(\.close))
        return DailyBar(
            day: day, open: open, high: max(mean(\.high), open, close), low: min(mean(\.low), open, close), close: close,
            volume: Int64((Double(a.volume) + Double(b.volume - a.volume) * part) / 1_000) * 1_000, vwap: nil, transactions: nil)
    }
}
