internal import Bytes
internal import Series

/// One bar, read by itself: what is wrong with it, and its row's values. Whether its instant is that of a session is another question.
struct EquityBar {
    /// Why it is no row; the first of them.
    let flaw: String?
    /// In the order of the table's columns; empty where the bar lacks what a row must have.
    let values: [Value]
    /// The bar's instant in milliseconds since 1970; nil where it has none.
    let stamp: Int64?
    private let text: ArraySlice<UInt8>

    /// `leniently`: a person says that it is right, so that its prices may contradict each other, and be as high as can be.
    init(_ record: EquityRecord, leniently: Bool = false) {
        text = record.text
        stamp = Cell(record[.stamp]).number.flatMap { $0.scale == 0 && Self.stamps.contains($0.mantissa) ? $0.mantissa : nil }
        let cells = [EquityRecord.Member.open, .high, .low, .close, .volume, .vwap, .transactions].map { Cell(record[$0]) }
        let prices = cells[0...3].compactMap(\.number)
        guard let flaw = Self.unread(cells) else {
            let volume = cells[4].number ?? .zero
            let vwap = cells[5].number
            values = (prices + [volume]).map(Value.decimal)
                + [vwap.map(Value.decimal) ?? .null, cells[6].number.map { .integer($0.mantissa) } ?? .null]
            self.flaw = Self.absurd(prices, vwap, volume, cells[6].number, leniently) ?? (leniently ? nil : Self.contradiction(prices))
            return
        }
        self.flaw = flaw
        values = []
    }

    /// Whether both say the same of their session.
    func isSame(as other: EquityBar) -> Bool {
        values.isEmpty || other.values.isEmpty ? text == other.text : values == other.values
    }

    enum Flaw {
        static let empty = "empty cells"
        static let notNumber = "not a number"
        static let highBelowLow = "high below low"
        static let outside = "open or close outside high and low"
        static let notPositive = "price not positive"
        static let priceRange = "price out of range"
        static let negativeVolume = "negative volume"
        static let volumeRange = "volume out of range"
        static let notSession = "not a session"
        static let notMidnight = "not at midnight"
        static let notThisSession = "not of this session"
        static let twice = "twice with other values"
    }

    /// Above these no share was ever priced or traded in a day.
    static let priceMost = Decimal(10_000_000)
    static let volumeMost = Decimal(10_000_000_000_000 as Int64)
    /// Instants of years that dates can be written of.
    private static let stamps: ClosedRange<Int64> = -2_208_988_800_000...253_370_764_800_000

    /// A number as it stands in the text, exactly.
    private enum Cell {
        case absent, number(Decimal)
        /// More than the type holds.
        case huge
        case wrong

        init(_ raw: ArraySlice<UInt8>?) {
            guard let raw, let first = raw.first else {
                self = .absent
                return
            }
            guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") < 10 else {
                self = .wrong
                return
            }
            if let number = Decimal(utf8: raw) {
                self = .number(number)
            } else {
                let isNegative = first == UInt8(ascii: "-")
                // Refused as every negative number is, however large.
                let beyond = isNegative ? Self.number(Decimal(Int64.min)) : .huge
                self = NumberText.double(raw).map { $0.magnitude > 1e13 } ?? true ? beyond : .wrong
            }
        }

        var number: Decimal? { if case .number(let number) = self { number } else { nil } }
        var isAbsent: Bool { if case .absent = self { true } else { false } }
        var isHuge: Bool { if case .huge = self { true } else { false } }
        var isWrong: Bool { if case .wrong = self { true } else { false } }
    }

    /// What no row can be made of. Mean price and count of trades may be absent, and are when nothing was traded at an exchange.
    private static func unread(_ cells: [Cell]) -> String? {
        if cells[0...4].contains(where: \.isAbsent) { return Flaw.empty }
        if cells.contains(where: \.isWrong) { return Flaw.notNumber }
        if let trades = cells[6].number, trades.scale != 0 { return Flaw.notNumber }
        if cells[0...3].contains(where: \.isHuge) || cells[5].isHuge { return Flaw.priceRange }
        return cells[4].isHuge || cells[6].isHuge ? Flaw.volumeRange : nil
    }

    private static func absurd(
        _ prices: [Decimal], _ vwap: Decimal?, _ volume: Decimal, _ trades: Decimal?, _ leniently: Bool
    ) -> String? {
        if prices.contains(where: { $0 <= .zero }) || vwap?.isNegative == true { return Flaw.notPositive }
        if !leniently, (prices + [vwap ?? .zero]).contains(where: { $0 > priceMost }) { return Flaw.priceRange }
        if volume.isNegative { return Flaw.negativeVolume }
        if trades?.isNegative == true || (!leniently && volume > volumeMost) { return Flaw.volumeRange }
        return nil
    }

    /// `prices`: open, high, low, close.
    private static func contradiction(_ prices: [Decimal]) -> String? {
        let (open, high, low, close) = (prices[0], prices[1], prices[2], prices[3])
        if high < low { return Flaw.highBelowLow }
        return [open, close].contains { $0 < low || $0 > high } ? Flaw.outside : nil
    }
}
