internal import Bytes

/// Instants as options and side channels take them: a day of UTC, seconds since 1970, or RFC 3339 with an offset.
enum Instant {
    static func parse(_ text: String) -> Int64? {
        if let date = LocalDate(text) { return Int64(date.daysSince1970) * 86_400 }
        return Int64(text) ?? (try? Timestamp.parse(text))
    }
}
