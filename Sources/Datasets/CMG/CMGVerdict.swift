internal import Bytes
internal import Series

/// What a record of a wanted bus comes to.
enum CMGVerdict {
    case row(time: Int64, values: [Value])
    /// It names an hour that never was or is not asked for, whose values are known to be wrong, or cannot be told from another's yet.
    case dropped
    /// A programme from before the hour's own day, which may yet be replaced by that day's.
    case early(time: Int64, values: [Value])
    /// The record cannot be trusted: why, and of which quarter or hour, where that can be told.
    case refused(String, time: Int64? = nil)
}

/// A price as it stands in a record.
enum CMGPrice {
    enum Reading {
        case value(Decimal)
        case refused(String)
    }

    private static let most = Decimal(10_000)
    private static let least = Decimal(-10_000)

    /// A missing field must not become a price of zero: zero is a price here, and a common one.
    ///
    /// - Parameters:
    ///   - places: digits after the point to which a number is rounded that has more than the type holds; nil: it is refused.
    ///   - isBounded: a price beyond 10,000 USD/MWh is refused; a person may know better.
    static func read(_ member: JSONMember, in bytes: [UInt8], field: String, places: Int? = nil, isBounded: Bool = true) -> Reading {
        if member.kind == .absent { return .refused("\(field) is missing") }
        guard let price = decimal(member, in: bytes) ?? places.flatMap({ rounded(member, in: bytes, to: $0) }) else {
            return .refused("\(field) is not a number")
        }
        guard !isBounded || (price <= most && price >= least) else { return .refused("\(field) is beyond 10,000 USD/MWh") }
        return .value(price)
    }

    /// A JSON number, or a string of one: with a point (`"46.1206"`), with a decimal comma (`"46,1206"`, as one user of the API saw
    /// it), and then perhaps with points between the thousands (`"1.234,5"`).
    static func decimal(_ member: JSONMember, in bytes: [UInt8]) -> Decimal? {
        guard member.isString else { return Decimal(utf8: bytes[member.range]) }
        guard let text = member.text(in: bytes) else { return nil }
        guard let comma = text.firstIndex(of: UInt8(ascii: ",")) else { return Decimal(utf8: text) }
        guard let whole = withoutMarks(text[..<comma]) else { return nil }
        return Decimal(utf8: whole + [UInt8(ascii: ".")] + text[(comma + 1)...])
    }

    /// `-1.234` as `-1234`; nil where the points do not part thousands.
    private static func withoutMarks(_ whole: ArraySlice<UInt8>) -> [UInt8]? {
        guard whole.contains(UInt8(ascii: ".")) else { return Array(whole) }
        let sign = whole.first == UInt8(ascii: "-") ? 1 : 0
        let groups = whole.dropFirst(sign).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }) else { return nil }
        return Array(whole.prefix(sign)) + groups.flatMap { Array($0) }
    }

    /// Programmes come from a solver, as doubles of up to seventeen digits: what the type does not hold exactly is noise.
    private static func rounded(_ member: JSONMember, in bytes: [UInt8], to places: Int) -> Decimal? {
        let text = bytes[member.range]
        guard !member.isString, let value = NumberText.double(text), value.magnitude <= 90_000 else { return nil }
        if let point = text.firstIndex(of: UInt8(ascii: ".")), !text.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
            return Decimal(utf8: text[..<min(text.endIndex, point + places + 2)])?.rounded(to: places)
        }
        var shift = 1.0
        for _ in 0..<places { shift *= 10 }
        return Decimal(mantissa: Int64((value * shift).rounded(.toNearestOrEven)), scale: places)
    }
}
