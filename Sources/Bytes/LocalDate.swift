/// A day of the Gregorian calendar, without zone or time: the count of days since 1970-01-01.
///
/// Years 0001...9999, the years that RFC 3339 can write.
package struct LocalDate: Sendable, Hashable {
    package let daysSince1970: Int

    package init(daysSince1970: Int) { self.daysSince1970 = daysSince1970 }

    /// nil for a day that the calendar does not have.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Civil.length(ofMonth: month, in: year)
        else { return nil }
        self.init(validYear: year, month: month, day: day)
    }

    /// For parts that are known to be a day of the calendar.
    init(validYear year: Int, month: Int, day: Int) {
        daysSince1970 = Civil.days(year: year, month: month, day: day)
    }

    package var parts: (year: Int, month: Int, day: Int) { Civil.date(days: daysSince1970) }

    package var year: Int { parts.year }
    package var month: Int { parts.month }
    package var day: Int { parts.day }

    /// 0 is Sunday, 6 is Saturday, as in POSIX.
    package var weekday: Int { Civil.weekday(days: daysSince1970) }
}

extension LocalDate: Comparable, Strideable {
    package static func < (a: LocalDate, b: LocalDate) -> Bool { a.daysSince1970 < b.daysSince1970 }
    package func distance(to other: LocalDate) -> Int { other.daysSince1970 - daysSince1970 }
    package func advanced(by days: Int) -> LocalDate { LocalDate(daysSince1970: daysSince1970 + days) }
}

extension LocalDate: CustomStringConvertible {
    /// `YYYY-MM-DD` and nothing else; nil also for a day that does not exist, such as 2025-02-30.
    package init?(_ text: some StringProtocol) { self.init(utf8: Array(text.utf8).span) }

    package init?(utf8 bytes: Span<UInt8>) {
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for at in range {
                let digit = bytes[at] &- UInt8(ascii: "0")
                if digit > 9 { return nil }
                value = value * 10 + Int(digit)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else { return nil }
        self.init(year: year, month: month, day: day)
    }

    package func append(to bytes: inout [UInt8]) {
        let (year, month, day) = parts
        func digit(_ value: Int) { bytes.append(UInt8(ascii: "0") + UInt8(value % 10)) }
        for divisor in [1000, 100, 10, 1] { digit(year / divisor) }
        bytes.append(UInt8(ascii: "-"))
        digit(month / 10)
        digit(month)
        bytes.append(UInt8(ascii: "-"))
        digit(day / 10)
        digit(day)
    }

    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
