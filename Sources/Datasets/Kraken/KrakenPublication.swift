internal import Bytes
internal import Series

/// Which download holds a candle: one file of everything up to the end of a year, and one for each quarter after it.
///
/// A quarter's file comes late: on 2026-08-09 the newest was that of the quarter which ended on 2026-03-31, so one is not counted on before
/// sixty days have passed (support.kraken.com, article 360047124832, as two stored editions have it).
enum KrakenPublication {
    static let complete = "Kraken_OHLCVT.zip"
    private static let lateDays = 60
    /// Kraken's first trades.
    private static let begin: Int64 = 1_293_840_000

    @Sendable static func file(_ key: SeriesKey, _ instant: Int64, _ now: Int64) -> PublishedFile? {
        guard key.values.count == 2, KrakenInterval(key.values[1])?.isArchived == true, instant >= begin else { return nil }
        let quarter = quarter(of: instant)
        guard let newYear = LocalDate(year: day(now - Int64(lateDays) * 86_400).year, month: 1, day: 1).map(start),
            quarter.upperBound + Int64(lateDays) * 86_400 <= now
        else { return nil }
        let member = "\(key.values[0])_\(key.values[1]).csv"
        if quarter.upperBound <= newYear { return PublishedFile(name: complete, member: member, span: begin..<newYear) }
        let date = day(instant)
        return PublishedFile(name: "Kraken_OHLCVT_Q\((date.month + 2) / 3)_\(date.year).zip", member: member, span: quarter)
    }

    /// The quarter of a year that an instant lies in.
    static func quarter(of instant: Int64) -> Range<Int64> {
        let date = day(instant)
        let month = (date.month - 1) / 3 * 3 + 1
        guard let from = LocalDate(year: date.year, month: month, day: 1),
            let end = LocalDate(year: month == 10 ? date.year + 1 : date.year, month: month == 10 ? 1 : month + 3, day: 1)
        else { preconditionFailure("a quarter of the year \(date.year)") }
        return start(from)..<start(end)
    }

    // (Nobody traded before 1970.)
    private static func day(_ instant: Int64) -> LocalDate { LocalDate(daysSince1970: Int(instant / 86_400)) }
    private static func start(_ date: LocalDate) -> Int64 { Int64(date.daysSince1970) * 86_400 }
}
