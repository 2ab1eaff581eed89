/// What the name of an archive file says: `PAIR_MINUTES.csv`, as Kraken names the files of its downloadable OHLCVT archive.
///
/// Names that do not say both are none of the dataset's, whatever is inside: macOS's `._XBTUSD_60.csv`, hidden files, and the
/// stray `BTCUSD_Daily_OHLC.csv`, which tells no minutes and whose rows are of another make.
struct KrakenArchiveName: Equatable {
    /// Kraken's altname: `XBTUSD`.
    let pair: String
    let minutes: Int

    /// Minutes that a candle of Kraken lasts: 720 is in the archive alone, 10080 and 21600 in the API alone.
    static let intervals = [1, 5, 15, 30, 60, 240, 720, 1440, 10_080, 21_600]

    init?(_ name: String) {
        let suffix = ".csv"
        guard name.lowercased().hasSuffix(suffix), let bar = name.lastIndex(of: "_") else { return nil }
        let digits = name[name.index(after: bar)...].dropLast(suffix.count)
        // No sign, no zeros in front: one name for one series.
        guard let minutes = Int(digits), String(minutes) == digits, Self.intervals.contains(minutes),
            let pair = Self.altname(of: name[..<bar])
        else { return nil }
        self.pair = pair
        self.minutes = minutes
    }

    /// The altname that a pair in a file's name stands for; nil where it cannot be one.
    private static func altname(of spelling: Substring) -> String? {
        let bytes = Array(spelling.utf8)
        let isPlain = bytes.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 &- UInt8(ascii: "0") < 10 }
        guard isPlain, (5...20).contains(bytes.count) else { return nil }
        let text = String(spelling)
        // The internal names of the oldest pairs mark both sides: XXBTZUSD.
        if bytes.count == 8, isMark(bytes[0]), bytes[4] == UInt8(ascii: "Z") || bytes[4] == UInt8(ascii: "X") {
            return String(text.dropFirst().prefix(3) + text.suffix(3))
        }
        if text.hasPrefix("BTC") { return "XBT" + text.dropFirst(3) }
        return text.hasSuffix("BTC") ? text.dropLast(3) + "XBT" : text
    }

    private static func isMark(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "X") || byte == UInt8(ascii: "Z") }
}
