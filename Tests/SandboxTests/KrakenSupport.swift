import Bytes
import Foundation
import Testing

@testable import Sandbox

/// 2025-03-21 10:07:30 UTC.
let morning: Int64 = 1_742_551_650

/// A desk on a clock that stands, with an exchange that began eight days before, a few pairs, and no rate limit.
func makeExchange(
    begin: Int64 = morning - 8 * 86_400, intensity: Double = 1, only: Set<String> = ["XBTUSD", "HONEYUSD", "SOLUSD", "PEPEUSD"],
    _ change: (inout Sandbox.Configuration) -> Void = { _ in }
) throws -> Desk { try Desk(exchange(begin: begin, intensity: intensity, only: only, change)) }

func exchange(
    begin: Int64 = morning - 8 * 86_400, intensity: Double = 1, only: Set<String> = ["XBTUSD", "HONEYUSD", "SOLUSD", "PEPEUSD"],
    _ change: (inout Sandbox.Configuration) -> Void = { _ in }
) -> Sandbox.Configuration {
    var configuration = Sandbox.Configuration()
    configuration.clockStart = morning
    configuration.clockSpeed = 0
    configuration.kraken.begin = begin
    configuration.kraken.intensity = intensity
    configuration.kraken.only = only
    configuration.faults.kraken.rateLimit = nil
    change(&configuration)
    return configuration
}

/// A row of `OHLC`.
struct OHLCLine: Equatable {
    let time: Int64
    /// Open, high, low, close, vwap, volume, as they were written.
    let texts: [String]

    let prices: [Bytes.Decimal]
    let count: Int64
    var isPlaceholder: Bool { count == 0 }

    init(_ row: [JSONValue]) throws {
        try #require(row.count == 8)
        time = try #require(row[0].int)
        texts = try row[1...6].map { try #require($0.string) }
        prices = try texts.map { text in
            let decimal = Bytes.Decimal(text)
            return try #require(decimal)
        }
        count = try #require(row[7].int)
    }
}

/// A row of `Trades`, and of the truth's trades.
struct TradeLine: Equatable {
    let price: Bytes.Decimal
    let volume: Bytes.Decimal
    let seconds: Double
    let id: Int64
}

/// What the trades of one slot come to, by this suite's own reckoning.
struct Folded: Equatable {
    var open, high, low, close, volume: Bytes.Decimal
    var count: Int64

    init(_ trades: [TradeLine]) throws {
        open = try #require(trades.first).price
        close = trades[trades.count - 1].price
        high = trades.map(\.price).max()!
        low = trades.map(\.price).min()!
        volume = .zero
        for trade in trades {
            let sum = volume + trade.volume
            volume = try #require(sum)
        }
        count = Int64(trades.count)
    }
}

extension Desk {
    /// The result's document, after a look at the error.
    func kraken(_ path: String, _ query: KeyValuePairs<String, String>) throws -> JSONValue {
        let answer = get("/0/public/" + path, query)
        try #require(answer.status == 200 && answer.type == "application/json")
        let document = try JSONValue(parsing: answer.body, limit: 1_000_000)
        try #require(document["error"]?.array?.isEmpty == true, "\(String(decoding: answer.body.prefix(200), as: UTF8.self))")
        return try #require(document["result"])
    }

    func error(_ path: String, _ query: KeyValuePairs<String, String>) throws -> String? {
        let document = try JSONValue(parsing: get("/0/public/" + path, query).body)
        return document["result"] == nil ? document["error"]?.array?.first?.string : nil
    }

    func ohlc(_ pair: String, _ interval: Int, since: Int64? = nil) throws -> (key: String, rows: [OHLCLine], last: Int64?) {
        let result = try kraken("OHLC", ["pair": pair, "interval": "\(interval)", "since": since.map { "\($0)" } ?? ""])
        let (key, value) = try #require(result.object?.first { $0.0 != "last" })
        let rows = try #require(value.array)
        return (key, try rows.map { try OHLCLine(try #require($0.array)) }, result["last"]?.int)
    }

    func trades(_ pair: String, since: String, count: Int? = nil) throws -> (rows: [TradeLine], last: String) {
        let result = try kraken("Trades", ["pair": pair, "since": since, "count": count.map { "\($0)" } ?? ""])
        let (_, value) = try #require(result.object?.first { $0.0 != "last" })
        let rows = try #require(value.array).map { row in
            let row = try #require(row.array)
            try #require(row.count == 7)
            let (price, volume) = (Bytes.Decimal(row[0].string ?? ""), Bytes.Decimal(row[1].string ?? ""))
            return TradeLine(
                price: try #require(price), volume: try #require(volume), seconds: try #require(row[2].double),
                id: try #require(row[6].int))
        }
        return (rows, try #require(result["last"]?.string))
    }

    /// All trades from `since` (nanoseconds) on, page by page as `last` says, and once more from a nanosecond before where a page begins
    /// with another id than the next.
    func allTrades(_ pair: String, since: Int64, count: Int? = nil) throws -> [TradeLine] {
        var all: [TradeLine] = []
        var since = String(since)
        while true {
            var page = try trades(pair, since: since, count: count)
            if let last = all.last, page.rows.first.map({ $0.id != last.id + 1 }) ?? false {
                page = try trades(pair, since: String(try #require(Int64(since)) - 1), count: count)
            }
            let known = all.last?.id ?? 0
            let fresh = page.rows.filter { $0.id > known }
            if fresh.isEmpty { return all }
            all += fresh
            since = page.last
        }
    }

    func truth(_ pair: String, _ interval: Int, _ from: Int64, _ to: Int64) throws -> [KrakenLine] {
        let answer = get("/_sandbox/truth", [
            "dataset": "kraken", "pair": pair, "interval": "\(interval)", "from": "\(from)", "to": "\(to)",
        ])
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        return try answer.body.split(separator: 10).map { try JSONDecoder().decode(KrakenLine.self, from: Data($0)) }
    }

    func putFaults(_ json: String) -> Int {
        answer("PUT", Question(path: "/_sandbox/faults", query: []), body: Array(json.utf8)).status
    }
}

/// A slot of the truth.
struct KrakenLine: Decodable, Equatable {
    let pair: String
    let interval: Int
    let time: Int64
    let state: String
    let open, high, low, close, vwap, volume: String?
    let trades: Int
    let down: Int64
}
