internal import Bytes

/// The month of a day; both are days since 1970.
struct Month {
    let first: Int
    let last: Int

    init(_ day: Int) {
        let parts = LocalDate(daysSince1970: day).parts
        first = day - parts.day + 1
        let next = parts.month == 12 ? (parts.year + 1, 1) : (parts.year, parts.month + 1)
        last = (LocalDate(year: next.0, month: next.1, day: 1)?.daysSince1970 ?? day + 1) - 1
    }
}
