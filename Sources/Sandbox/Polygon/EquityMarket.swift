internal import Bytes

/// Who is traded, and at what prices; without faults and whenever it is asked.
protocol EquityMarket {
    /// In the order of the listing.
    var tickers: [EquityTicker] { get }

    /// nil where nobody traded, or the session is lost.
    func bar(_ ticker: EquityTicker, _ day: Int) -> DailyBar?

    /// What would come for a session that the source has lost; nil where it has lost none there.
    func lost(_ ticker: EquityTicker, _ day: Int) -> DailyBar?
}

/// A name and when it was traded under it.
struct EquityTicker: Sendable, Hashable {
    enum Kind: String, Sendable { case builtin, generated, other, recorded }

    let name: String
    let kind: Kind
    /// The first and the last day, since 1970; none has no end.
    let first: Int
    var last: Int?
    /// The name it was traded under before, or is from the next day on.
    var formerly: String?
    var later: String?
    /// It is so little traded that on some sessions nobody does.
    var isThin = false
    /// What the dice know it by: of its name alone.
    let number: Int64

    init(_ name: String, _ kind: Kind, first: Int, last: Int? = nil) {
        self.name = name
        self.kind = kind
        self.first = first
        self.last = last
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        number = Int64(bitPattern: hash)
    }

    func isListed(_ day: Int) -> Bool { day >= first && last.map { day <= $0 } ?? true }
}
