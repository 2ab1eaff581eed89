internal import Bytes
package import Series

/// Kraken's downloadable archive: one CSV file a pair and interval, rows of
/// `time,open,high,low,close,volume,trades` without a header, the time in seconds since 1970 (UTC) at the candle's open, the volume in
/// the base asset. A candle in which nothing traded is left out. Source: support.kraken.com, article 360047124832, and the files
/// themselves, which write small numbers as `9.77e-06` and volumes with ten digits and more after the point.
package enum KrakenArchive {
    package static let format = ArchiveFormat(
        series: { name in KrakenArchiveName(name).map { SeriesKey([$0.pair.name, String($0.minutes)]) } },
        glance: { ArchiveGlance(instants: plausible, step: seconds(of: $0)) },
        reader: { KrakenArchiveReader(seconds: seconds(of: $0), now: $1) }, isBeginning: isBeginning)

    /// The download of all years begins with a pair's first trade, that of a quarter with the quarter. A file is of a quarter where its
    /// path names one, or where it lies in one and begins within a week of its beginning.
    @Sendable private static func isBeginning(_ paths: [String], _ times: ClosedRange<Int64>) -> Bool {
        if paths.contains(where: { $0.firstMatch(of: /Q[1-4]_?[0-9]{4}/) != nil }) { return false }
        let quarter = KrakenPublication.quarter(of: times.lowerBound)
        return !quarter.contains(times.upperBound) || times.lowerBound - quarter.lowerBound > 7 * 86_400
    }

    private static func seconds(of key: SeriesKey) -> Int64 { KrakenInterval(key.values[1])?.seconds ?? 60 }

    /// Rows in the schema's column order: open, high, low, close, vwap, volume, trades, source. The archive has no vwap.
    static let emptyBatch = RowBatch(columns: [
        decimals, decimals, decimals, decimals, .same(.null), decimals, .integers([]), .same(.text("csv")),
    ])

    private static let decimals = RowBatch.Column.decimals(mantissas: [], scales: [])

    /// Kraken opened in 2011: an instant before is a slip (milliseconds, days), and so is one after this century.
    static let plausible: Range<Int64> = 1_293_840_000..<4_102_444_800

    /// Why a candle that is still in progress is refused: what it says is not what it will say.
    static let notEnded = "has not ended"
}
