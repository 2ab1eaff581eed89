/// A wall-clock reading without a zone, as upstreams write it. What instant it names is the zone's to say.
package struct LocalStamp: Sendable, Hashable {
    /// 0 to 9999.
    package var year: Int
    package var month: Int
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// Reads `2025-04-05 13:45`, with `T` for the space, with seconds (a fraction of them is dropped) or without, and a bare `2025-04-05`
    /// as its midnight. Nil for other syntax, for a day that the calendar does not have and for hours past 23.
    package init?(_ text: Span<UInt8>) {
        var index = 0
        guard var stamp = DigitScan.date(text, &index) else { return nil }
        if index < text.count {
            guard DigitScan.eat(text, &index, UInt8(ascii: " ")) || DigitScan.eat(text, &index, UInt8(ascii: "T")),
                DigitScan.clock(text, &index, into: &stamp, secondsRequired: false), stamp.second < 60,
                DigitScan.fraction(text, &index), index == text.count
            else { return nil }
        }
        self = stamp
    }

    package init?(_ text: ArraySlice<UInt8>) { self.init(text.span) }

    /// Seconds from 1970 to this reading as if it were UTC.
    package var secondsAsUTC: Int64 {
        Int64(Civil.days(year: year, month: month, day: day)) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }
}
