internal import Bytes
internal import Series

/// Candles out of shorter candles. On all 4,182 days of the recorded archive that have both, XBTUSD_1440 has the prices and the counts of
/// its XBTUSD_720 rolled up; its volume is theirs to within 1e-8, since Kraken adds in floating point (1,590 days differ in the tenth
/// decimal).
enum KrakenDerivation {
    /// The row's columns, in the schema's order.
    fileprivate enum Column: Int {
        case open, high, low, close, vwap, volume, trades, source
    }

    /// In minutes. All grids begin at the epoch.
    private static let intervals = [1, 5, 15, 30, 60, 240, 720, 1440, 10_080, 21_600]

    static let derivation = Derivation(
        sources: sources, roll: roll, countColumn: Column.trades.rawValue, emptyReason: "no_trade", commonReason: "downtime",
        mark: (Column.source.rawValue, Kraken.Source.derived.rawValue))

    /// The longest first: the fewest rows.
    @Sendable private static func sources(_ key: SeriesKey) -> [SeriesKey] {
        guard key.values.count == 2, let minutes = Int(key.values[1]) else { return [] }
        return intervals.reversed().filter { $0 < minutes && minutes % $0 == 0 }.map { SeriesKey([key.values[0], String($0)]) }
    }

    /// vwap is null: the mean of truncated means would not be Kraken's.
    @Sendable private static func roll(_ rows: [[Value]]) -> [Value]? {
        guard let first = rows.first, let last = rows.last, var high = first.decimal(.high), var low = first.decimal(.low),
            var volume = first.decimal(.volume), var trades = first.integer(.trades)
        else { return nil }
        for row in rows.dropFirst() {
            guard let nextHigh = row.decimal(.high), let nextLow = row.decimal(.low), let more = row.decimal(.volume),
                let sum = volume + more, let count = row.integer(.trades)
            else { return nil }
            high = max(high, nextHigh)
            low = min(low, nextLow)
            volume = sum
            trades += count
        }
        return [
            first[Column.open.rawValue], .decimal(high), .decimal(low), last[Column.close.rawValue], .null, .decimal(volume),
            .integer(trades), .text("derived"),
        ]
    }
}

extension [Value] {
    fileprivate func decimal(_ column: KrakenDerivation.Column) -> Decimal? {
        if case .decimal(let value) = self[column.rawValue] { value } else { nil }
    }

    fileprivate func integer(_ column: KrakenDerivation.Column) -> Int64? {
        if case .integer(let value) = self[column.rawValue] { value } else { nil }
    }
}
