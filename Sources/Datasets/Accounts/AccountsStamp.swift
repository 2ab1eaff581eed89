internal import Bytes
internal import Series

/// Dates and hours as records tell them: all in UTC.
enum AccountsStamp {
    static let days = Ruler.every(seconds: 86_400, anchor: 0)

    /// Days since 1970 of `20250601` (text or number), `2025-06-01`, `2025-06-01T00:00:00.000Z`; nil for anything else.
    static func day(_ text: String) -> Int? {
        let text = AccountName.trimmed(text)
        if let instant = instant(text) { return days.slot(containing: instant) }
        if let date = LocalDate(text) { return date.daysSince1970 }
        let digits = Array(text.utf8)
        guard digits.count == 8, digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }), let number = Int(text) else { return nil }
        return LocalDate(year: number / 10_000, month: number / 100 % 100, day: number % 100)?.daysSince1970
    }

    /// Of an instant that says no offset UTC is meant, as everywhere in these records.
    static func instant(_ text: String) -> Int64? {
        let text = AccountName.trimmed(text)
        guard text.utf8.count > 10 else { return nil }
        return (try? Timestamp.parse(text)) ?? (try? Timestamp.parse(text + "Z"))
    }

    static func dates(_ day: Int) -> String {
        String(LocalDate(daysSince1970: day).description.filter { $0 != "-" })
    }
}
