/// The lengths of candle that Kraken has, in minutes. All grids begin at the epoch, so that a week of candles begins on a Thursday.
enum KrakenInterval: Int, Sendable, Hashable, CaseIterable, Comparable {
    case minute = 1
    case fiveMinutes = 5
    case quarter = 15
    case halfHour = 30
    case hour = 60
    case fourHours = 240
    case halfDay = 720
    case day = 1440
    case week = 10_080
    case fifteenDays = 21_600

    /// As series keys write it: minutes, digits only.
    init?(_ text: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.text == text }) else { return nil }
        self = found
    }

    var minutes: Int { rawValue }
    var seconds: Int64 { Int64(rawValue) * 60 }
    var text: String { String(rawValue) }

    /// Whether OHLC serves it: half days are in the archive only.
    var isServed: Bool { self != .halfDay }

    /// Whether the downloadable archive has files of it: weeks and fifteen days come from the API only.
    var isArchived: Bool { self < .week }

    /// Shorter intervals whose candles fill this one without rest, the longest first: what it can be derived from.
    var divisors: [KrakenInterval] { Self.allCases.reversed().filter { $0 < self && rawValue % $0.rawValue == 0 } }

    static func < (a: KrakenInterval, b: KrakenInterval) -> Bool { a.rawValue < b.rawValue }
}
