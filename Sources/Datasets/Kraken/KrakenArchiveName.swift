/// What the name of an archive file says: `PAIR_MINUTES.csv`, as Kraken names the files of its downloadable OHLCVT archive.
///
/// Names that do not say both are none of the dataset's, whatever is inside: macOS's `._XBTUSD_60.csv`, hidden files, and the
/// stray `BTCUSD_Daily_OHLC.csv`, which tells no minutes and whose rows are of another make.
struct KrakenArchiveName: Equatable {
    let pair: KrakenPair
    let minutes: Int

    init?(_ name: String) {
        let suffix = ".csv"
        guard !name.hasPrefix("."), !name.contains("/"), name.lowercased().hasSuffix(suffix), let bar = name.lastIndex(of: "_") else {
            return nil
        }
        let digits = name[name.index(after: bar)...].dropLast(suffix.count)
        guard let interval = KrakenInterval(String(digits)), let pair = KrakenPair(name[..<bar]) else { return nil }
        self.pair = pair
        minutes = interval.minutes
    }
}
