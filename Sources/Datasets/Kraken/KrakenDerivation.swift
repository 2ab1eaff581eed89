internal import Bytes
internal import Series

/// Candles out of shorter candles. On all 4,182 days of the recorded archive that have both, XBTUSD_1440 has the prices and the counts of
/// its XBTUSD_720 rolled up; its volume is theirs to within 1e-8, since Kraken adds in floating point (1,590 days differ in the tenth
/// decimal).
enum KrakenDerivation {
    private typealias Column = Kraken.Column

    static let derivation = Derivation(
        sources: sources, followers: followers, roll: roll, countColumn: Column.trades, emptyReason: "no_trade", commonReason: "downtime",
        mark: (Column.source, Kraken.Source.derived.rawValue))

    /// The longest first: the fewest rows.
    @Sendable private static func sources(_ key: SeriesKey) -> [SeriesKey] {
        guard key.values.count == 2, let interval = KrakenInterval(key.values[1]) else { return [] }
        return interval.divisors.map { SeriesKey([key.values[0], $0.text]) }
    }

    @Sendable private static func followers(_ key: SeriesKey) -> [SeriesKey] {
        guard key.values.count == 2, let interval = KrakenInterval(key.values[1]) else { return [] }
        return KrakenInterval.allCases.filter { $0.divisors.contains(interval) }.map { SeriesKey([key.values[0], $0.text]) }
    }

    /// vwap is null: the mean of truncated means would not be Kraken's.
    @Sendable private static func roll(_ rows: [[Value]]) -> [Value]? {
        guard let first = rows.first, let last = rows.last, var high = first.decimal(Column.high), var low = first.decimal(Column.low),
            var volume = first.decimal(Column.volume), var trades = first.integer(Column.trades)
        else { return nil }
        for row in rows.dropFirst() {
            guard let nextHigh = row.decimal(Column.high), let nextLow = row.decimal(Column.low), let more = row.decimal(Column.volume),
                let sum = volume + more, let count = row.integer(Column.trades)
            else { return nil }
            high = max(high, nextHigh)
            low = min(low, nextLow)
            volume = sum
            let (all, isTooMany) = trades.addingReportingOverflow(count)
            if isTooMany { return nil }
            trades = all
        }
        return [
            first[Column.open], .decimal(high), .decimal(low), last[Column.close], .null, .decimal(volume),
            .integer(trades), .text(Kraken.Source.derived.rawValue),
        ]
    }
}

extension [Value] {
    fileprivate func decimal(_ column: Int) -> Decimal? {
        if case .decimal(let value) = self[column] { value } else { nil }
    }

    fileprivate func integer(_ column: Int) -> Int64? {
        if case .integer(let value) = self[column] { value } else { nil }
    }
}
