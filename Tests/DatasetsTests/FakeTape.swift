import Bytes
import Series
import TestSupport

@testable import Datasets

/// One trade of the truth: price in tenths, volume in hundred-millionths.
struct FakeTrade: Hashable {
    var nanoseconds: Int64
    var price: Int
    var volume: Int
    var id: Int64

    var seconds: Int64 { nanoseconds / 1_000_000_000 }

    private static func fixed(_ number: Int, _ places: Int) -> String {
        let digits = String(repeating: "0", count: max(0, places + 1 - String(number).count)) + String(number)
        return digits.dropLast(places) + "." + digits.suffix(places)
    }

    func json(hasID: Bool) -> String {
        // As Kraken does: padded prices, and a time that a double holds.
        let time = Double(nanoseconds) / 1e9
        return #"["\#(Self.fixed(price, 1))0000","\#(Self.fixed(volume, 8))",\#(time),"b","m",""\#(hasID ? ",\(id)" : "")]"#
    }
}

/// Trades as Kraken serves them, `last` being exact where the times are not.
struct FakeTape {
    var trades: [FakeTrade]
    var pair = "XXBTZUSD"
    var pageSize = 1000
    /// Whether trades at `since` itself are answered.
    var isInclusive = false
    var hasIDs = true
    /// `last` of an answer without trades; nil: what was asked for comes back.
    var lastOfNothing: Int64?

    func answer(_ request: UpstreamRequest) -> String {
        let since = Int64(request["since"]!)!
        let page = trades.filter { isInclusive ? $0.nanoseconds >= since : $0.nanoseconds > since }.prefix(pageSize)
        return body(Array(page), last: page.last?.nanoseconds ?? lastOfNothing ?? since)
    }

    func body(_ page: [FakeTrade], last: Int64) -> String {
        #"{"error":[],"result":{"\#(pair)":[\#(page.map { $0.json(hasID: hasIDs) }.joined(separator: ","))],"last":"\#(last)"}}"#
    }

    /// Some trades in these minutes, several of one nanosecond beside each other, some of the very instant a minute begins.
    static func random(_ minutes: Range<Int>, count: Int, _ dice: inout Seeded) -> [FakeTrade] {
        let second: Int64 = 1_000_000_000
        let from = Int64(minutes.lowerBound) * 60 * second
        var instants: [Int64] = []
        while instants.count < count {
            // A double's time may fall into the next minute where less than a microsecond is left of one.
            let instant = from + Int64(dice.below(minutes.count * 60)) * second + Int64(dice.below(999_998_000))
            let start = dice.chance(5) ? instant / (60 * second) * 60 * second : instant
            for _ in 0..<(dice.chance(30) ? 1 + dice.below(4) : 1) { instants.append(start) }
        }
        return instants.sorted().enumerated().map { place, instant in
            // Volumes that are all different, so that two trades are never alike.
            FakeTrade(
                nanoseconds: instant, price: 10_000 + 2 * dice.below(40) + 1, volume: 1 + place + 1000 * dice.below(500_000),
                id: 7000 + Int64(place))
        }
    }

    /// The candles of the truth, reckoned in whole numbers.
    func rows(_ interval: Int, series: Int, in minutes: Range<Int>) -> [Row] {
        let groups = Dictionary(grouping: trades) { $0.seconds / 60 / Int64(interval) }
        return groups.keys.sorted().compactMap { slot -> Row? in
            let begin = Int(slot) * interval
            guard begin >= minutes.lowerBound, begin + interval <= minutes.upperBound, let group = groups[slot] else { return nil }
            let volume = group.reduce(0) { $0 + $1.volume }
            let turnover = group.reduce(0) { $0 + $1.price * $1.volume }
            let tenths = { (price: Int) in Value.decimal(Decimal(mantissa: Int64(price), scale: 1)!) }
            return Row(series: series, time: Int64(begin) * 60, values: [
                tenths(group[0].price), tenths(group.map(\.price).max()!), tenths(group.map(\.price).min()!), tenths(group.last!.price),
                tenths(turnover / volume), .decimal(Decimal(mantissa: Int64(volume), scale: 8)!), .integer(Int64(group.count)),
                .text("trades"),
            ])
        }
    }
}

extension Outcome {
    /// In the order of series and time.
    var sortedRows: [Row] { rows.sorted { ($0.series, $0.time) < ($1.series, $1.time) } }
}
