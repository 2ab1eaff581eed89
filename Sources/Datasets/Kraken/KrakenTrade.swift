internal import Bytes
internal import Series

/// One trade as Trades tells it.
struct KrakenTrade: Sendable, Equatable {
    let price: Decimal
    let volume: Decimal
    /// Nanoseconds since 1970, by the fraction that was sent: a double, so that it is off by a tenth of a microsecond at most. It tells
    /// the candle, never the place in the sequence.
    let nanoseconds: Int64
    /// Side and type.
    let marks: [ArraySlice<UInt8>]
    /// Consecutive for each pair; nil in old answers.
    let id: Int64?

    /// Price, volume, time, side, type, miscellaneous, id. nil where it is none.
    init?(fields: [ArraySlice<UInt8>]) {
        guard fields.count >= 6, let price = Decimal(utf8: fields[0]), let volume = Decimal(utf8: fields[1]),
            let seconds = Decimal(utf8: fields[2]), let nanoseconds = Self.nanoseconds(seconds),
            price > .zero, !volume.isNegative
        else { return nil }
        self.price = price
        self.volume = volume
        self.nanoseconds = nanoseconds
        marks = [fields[3], fields[4]]
        if fields.count > 6 {
            guard let number = NumberText.int(fields[6]), (1..<Int64.max).contains(number) else { return nil }
            id = number
        } else {
            id = nil
        }
    }

    /// nil also for what is so late that sums with it could pass 64 bits: no trade is of that time.
    private static func nanoseconds(_ seconds: Decimal) -> Int64? {
        guard !seconds.isNegative, seconds < Decimal(KrakenArchive.plausible.upperBound),
            let scaled = seconds * Decimal(1_000_000_000)
        else { return nil }
        let (whole, scale) = (scaled.mantissa, scaled.scale)
        return (0..<scale).reduce(whole) { value, _ in value / 10 }
    }

    /// The same but for the id, which one of the answers may lack.
    func isLike(_ other: KrakenTrade) -> Bool {
        price == other.price && volume == other.volume && nanoseconds == other.nanoseconds && marks == other.marks
    }
}

/// One answer of Trades.
struct KrakenTradesPage {
    /// Nanoseconds: what the next question is made of.
    let last: Int64
    /// Those that can be read, in the order in which they stand.
    let trades: [KrakenTrade]
    /// Records, those included that cannot be read.
    let count: Int
    let quarantined: [QuarantinedRecord]
    /// Places in `trades` before which records stand that cannot be read; `trades.count` where the page ends in one.
    let broken: Set<Int>

    init(_ body: [UInt8], of pair: KrakenPair) throws(AnswerDefect) {
        let listing = try KrakenListing(body, of: pair)
        var trades: [KrakenTrade] = []
        var quarantined: [QuarantinedRecord] = []
        var broken: Set<Int> = []
        for (index, fields) in listing.records.enumerated() {
            if let trade = fields.flatMap(KrakenTrade.init(fields:)) {
                trades.append(trade)
            } else {
                broken.insert(trades.count)
                quarantined.append(
                    QuarantinedRecord(reason: "not a trade", record: listing.text(index), place: listing.place(index)))
            }
        }
        if trades.isEmpty, !quarantined.isEmpty { throw AnswerDefect(.malformed, "no record of the answer is a trade") }
        last = listing.last
        count = listing.records.count
        self.trades = trades
        self.quarantined = quarantined
        self.broken = broken
    }
}
