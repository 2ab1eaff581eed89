internal import Bytes

/// A quarter of a year of UTC, as the exchange publishes its archive.
struct Quarter: Sendable, Hashable {
    let year: Int
    /// 1 to 4.
    let number: Int

    init(year: Int, number: Int) {
        self.year = year
        self.number = number
    }

    init(containing instant: Int64) {
        let date = LocalDate(daysSince1970: Int(instant.floored(by: 86_400)))
        self.init(year: date.year, number: (date.month + 2) / 3)
    }

    /// `2024Q1`.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "Q")
        guard parts.count == 2, let year = Int(parts[0]), let number = Int(parts[1]), (1970...9999).contains(year), (1...4).contains(number)
        else { return nil }
        self.init(year: year, number: number)
    }

    var start: Int64 { Int64(Civil.days(year: year, month: number * 3 - 2, day: 1)) * 86_400 }
    var next: Quarter { number == 4 ? Quarter(year: year + 1, number: 1) : Quarter(year: year, number: number + 1) }
    var before: Quarter { number == 1 ? Quarter(year: year - 1, number: 4) : Quarter(year: year, number: number - 1) }
    var range: Range<Int64> { start..<next.start }
    /// As in the names of its files.
    var name: String { "Q\(number)_\(year)" }
}
