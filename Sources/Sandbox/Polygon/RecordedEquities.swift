internal import Bytes
internal import Codec

/// Bars as they were recorded: `daily/sp500_daily_*.csv.gz` with the columns date, open, high, low, close, volume, Name. Nothing is mended:
/// empty cells, contradictions and lost sessions stay.
struct RecordedEquities: EquityMarket {
    private(set) var tickers: [EquityTicker] = []
    /// By ticker, in the order of days.
    private let bars: [String: [DailyBar]]
    private let calendar: SessionCalendar

    static func paths(_ directory: String) -> [String] {
        files(in: directory + "/daily", ending: ".csv.gz").filter { $0.split(separator: "/").last?.hasPrefix("sp500_daily_") ?? false }
    }

    /// Throws what reading and unpacking the files throw.
    init(directory: String, calendar: SessionCalendar) throws {
        self.calendar = calendar
        var bars: [String: [DailyBar]] = [:]
        for path in RecordedEquities.paths(directory) {
            var reader = try CSVReader(try gunzip(try contents(of: path), limit: 1 << 30))
            guard try reader.nextRow(), reader.count == 7 else { throw Recording.Failure.unreadable(path) }
            // Rows come symbol by symbol: one is gathered before it is put where it belongs.
            var (name, rows): ([UInt8], [DailyBar]) = ([], [])
            func put() { bars[String(decoding: name, as: UTF8.self), default: []] += rows }
            while try reader.nextRow() {
                let symbol = reader.field(6)
                if !symbol.elementsEqual(name) {
                    put()
                    (name, rows) = (Array(symbol), [])
                }
                guard let date = LocalDate(utf8: reader.field(0).span) else { throw Recording.Failure.unreadable(path) }
                rows.append(DailyBar(
                    day: date.daysSince1970, open: units(reader.field(1)), high: units(reader.field(2)), low: units(reader.field(3)),
                    close: units(reader.field(4)), volume: (units(reader.field(5)) ?? 0) / 10))
            }
            put()
        }
        bars[""] = nil
        for name in bars.keys { bars[name]?.sort { $0.day < $1.day } }
        self.bars = bars
        for (name, rows) in bars.sorted(by: { $0.key < $1.key }) {
            if let first = rows.first?.day, let last = rows.last?.day {
                tickers.append(EquityTicker(name, .recorded, first: first, last: last))
            }
        }
    }

    func bar(_ ticker: EquityTicker, _ day: Int) -> DailyBar? {
        guard let rows = bars[ticker.name] else { return nil }
        let at = place(rows, day)
        return at < rows.count && rows[at].day == day ? rows[at] : nil
    }

    /// A bar between the neighbours.
    func lost(_ ticker: EquityTicker, _ day: Int) -> DailyBar? {
        guard let rows = bars[ticker.name], ticker.isListed(day), calendar.session(day) != nil else { return nil }
        let at = place(rows, day)
        guard at > 0, at < rows.count, rows[at].day != day else { return nil }
        let (before, after) = (rows[at - 1], rows[at])
        return .between(before, after, day: day, part: Double(day - before.day) / Double(after.day - before.day))
    }

    /// Of the first row that is not before the day.
    private func place(_ rows: [DailyBar], _ day: Int) -> Int {
        var (low, high) = (0, rows.count)
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].day < day { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Ten-thousandths; nil for an empty cell, and for what is no number of four decimals.
private func units(_ text: ArraySlice<UInt8>) -> Int64? {
    if text.isEmpty { return nil }
    var (value, decimals, seen): (Int64, Int, Bool) = (0, 0, false)
    for byte in text {
        if byte == UInt8(ascii: "."), !seen {
            seen = true
            continue
        }
        let digit = byte &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        value = value * 10 + Int64(digit)
        if seen { decimals += 1 }
    }
    guard decimals <= 4 else { return nil }
    for _ in decimals..<4 { value *= 10 }
    return value
}
