/// At which instants a candle of a file may begin.
struct KrakenArchiveRule {
    /// How long a candle of the series lasts.
    let seconds: Int64
    /// Plausible ones, whose candle has ended.
    let instants: Range<Int64>

    init(seconds: Int64, now: Int64) {
        self.seconds = seconds
        let plausible = KrakenArchive.plausible
        instants = plausible.lowerBound..<min(plausible.upperBound, max(plausible.lowerBound, now - seconds + 1))
    }
}
