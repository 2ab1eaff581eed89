internal import Bytes
internal import Series

/// What `GET /0/public/AssetPairs` tells of each pair, as far as it is of use here.
struct KrakenAssetPairs {
    struct Entry: Sendable, Equatable {
        /// As the answers of OHLC and Trades name it: `XXBTZUSD`.
        let name: String
        /// `XBTUSD`.
        let altname: String
        /// `XBT/USD`.
        let wsname: String?
        /// By the names of assets: `XXBT`, `ZUSD`.
        let base: String
        let quote: String
        /// `online`, `cancel_only`, `delisted`, ...
        let status: String?
        /// Digits of a price after the point.
        let pairDecimals: Int?
    }

    let entries: [Entry]
    private let places: [KrakenPair: Int]

    /// Throws where the answer is an error, or no list of pairs.
    init(_ body: [UInt8]) throws(AnswerDefect) {
        let answer = try KrakenAnswer(body)
        let entries: [Entry]
        do throws(JSONError) {
            entries = try Self.read(answer.result)
        } catch {
            throw AnswerDefect(.malformed, "expected a list of pairs: \(error)")
        }
        if entries.isEmpty { throw AnswerDefect(.malformed, "the list of pairs is empty") }
        // The altname before the others: no name is another pair's altname, but who knows.
        let names = [\Entry.altname, \.name].flatMap { name in entries.enumerated().map { ($0.element[keyPath: name], $0.offset) } }
        self.entries = entries
        places = Dictionary(names.compactMap { name, place in KrakenPair(name).map { ($0, place) } }) { first, _ in first }
    }

    subscript(pair: KrakenPair) -> Entry? { places[pair].map { entries[$0] } }

    private static func read(_ result: [UInt8]) throws(JSONError) -> [Entry] {
        var entries: [Entry] = []
        var reader = try JSONReader(result)
        try reader.beginObject()
        while let name = try reader.nextKey() { entries.append(try entry(name.description, &reader)) }
        try reader.end()
        return entries
    }

    private static func entry(_ name: String, _ reader: inout JSONReader) throws(JSONError) -> Entry {
        var texts: [String: String] = [:]
        var decimals: Int?
        let start = reader.offset
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "altname", "wsname", "base", "quote", "status":
                if try !reader.nullIfPresent() { texts[key.description] = try reader.string() }
            case "pair_decimals": decimals = Int(try reader.int())
            default: try reader.skip()
            }
        }
        guard let altname = texts["altname"], let base = texts["base"], let quote = texts["quote"] else {
            throw JSONError(.notString, at: start)
        }
        return Entry(
            name: name, altname: altname, wsname: texts["wsname"], base: base, quote: quote, status: texts["status"],
            pairDecimals: decimals)
    }
}
