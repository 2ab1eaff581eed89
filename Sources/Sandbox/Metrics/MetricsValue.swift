internal import Bytes

/// What a record says under one name.
enum MetricsValue: Hashable {
    case none
    case id(Int)
    case whole(Int)
    /// So many of the last decimal.
    case fixed(Int64, decimals: Int)
    case text(String)
    /// Since 1970.
    case day(Int)
    /// Seconds since 1970.
    case instant(Int64)
    /// What became of a ratio.
    case odd(Oddity)

    /// As JSON, in a record's own way of writing.
    func append(to out: inout [UInt8], _ spelling: MetricsSpelling) {
        switch self {
        case .none: out += "null".utf8
        case .id(let id): spelling.isIdText ? MetricsValue.quote("\(id)", &out) : (out += String(id).utf8)
        case .whole(let value):
            switch spelling.wholes {
            case .plain: out += String(value).utf8
            case .float: out += "\(value).0".utf8
            case .text: MetricsValue.quote("\(value).0", &out)
            }
        case .fixed(let units, let decimals): MetricsValue.append(units, decimals, to: &out)
        case .text(let text): MetricsValue.quote(text, &out)
        case .day(let day):
            let date = LocalDate(daysSince1970: day).description
            MetricsValue.quote(spelling.isDateCompact ? date.filter { $0 != "-" } : date + "T00:00:00.000Z", &out)
        case .instant(let seconds): MetricsValue.quote(Timestamp.text(seconds), &out)
        case .odd(let oddity): oddity.isQuoted ? MetricsValue.quote(oddity.rawValue, &out) : (out += oddity.text.utf8)
        }
    }

    /// As the truth tells it; nil for null.
    var text: String? {
        switch self {
        case .none: return nil
        case .id(let value), .whole(let value): return String(value)
        case .fixed(let units, let decimals):
            var out: [UInt8] = []
            MetricsValue.append(units, decimals, to: &out)
            return String(decoding: out, as: UTF8.self)
        case .text(let text): return text
        case .day(let day): return LocalDate(daysSince1970: day).description
        case .instant(let seconds): return Timestamp.text(seconds)
        case .odd(let oddity): return oddity.text
        }
    }

    private static func quote(_ text: String, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        out += text.utf8
        out.append(UInt8(ascii: "\""))
    }

    private static func append(_ units: Int64, _ decimals: Int, to out: inout [UInt8]) {
        if units < 0 { out.append(UInt8(ascii: "-")) }
        var digits = Array(String(units.magnitude).utf8)
        while digits.count <= decimals { digits.insert(UInt8(ascii: "0"), at: 0) }
        out += digits.dropLast(decimals)
        out.append(UInt8(ascii: "."))
        out += digits.suffix(decimals)
    }
}

/// A ratio that exploded, as services written in Python let it out.
enum Oddity: String, CaseIterable {
    case huge = "1.797e308"
    case hugeBelow = "-1.797e308"
    case notANumber = "NaN"
    case infinity = "Infinity"
    case below = "-Infinity"
    /// The same as bare tokens, which JSON does not know.
    case bareNotANumber = "bare NaN"
    case bareInfinity = "bare Infinity"
    case bareBelow = "bare -Infinity"

    var text: String { rawValue.hasPrefix("bare ") ? String(rawValue.dropFirst(5)) : rawValue }
    var isQuoted: Bool { [.notANumber, .infinity, .below].contains(self) }
}

/// How one record is written, and which of its ratios exploded: chosen by the seed for the record, the same whenever it comes.
struct MetricsSpelling {
    enum Wholes { case plain, float, text }

    var isDateCompact = false
    var isIdText = false
    var wholes = Wholes.plain
    /// The ratio's name.
    var odd: (name: String, oddity: Oddity)?

    /// `slot` is the record's day, or its hour.
    init(_ faults: Sandbox.MetricsFaults, _ dice: Dice, account: Int, slot: Int) {
        let (place, slot) = (Int64(account), Int64(slot))
        func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && dice.unit(salt, place, slot) < rate }
        isDateCompact = happens(faults.compactDateRate, 340)
        isIdText = happens(faults.textIdRate, 341)
        if happens(faults.floatWholeRate, 342) { wholes = dice.pick(2, 343, place, slot) == 0 ? .float : .text }
        var kinds: [Oddity] = []
        if happens(faults.hugeRatioRate, 344) { kinds += [.huge, .hugeBelow] }
        if happens(faults.textNaNRate, 345) { kinds += [.notANumber, .infinity, .below] }
        if happens(faults.bareNaNRate, 346) { kinds += [.bareNotANumber, .bareInfinity, .bareBelow] }
        if kinds.isEmpty { return }
        let names = MetricsRecord.ratios
        odd = (names[dice.pick(names.count, 347, place, slot)], kinds[dice.pick(kinds.count, 348, place, slot)])
    }
}
