internal import Bytes

extension Sandbox {
    /// A pair of the imitated exchange: its names, how its prices are written, how it trades, and when.
    package struct KrakenPair: Sendable, Hashable {
        /// Kraken's altname, `XBTUSD`: the name of its archive files too.
        package var name: String
        /// The key of its answers, `XXBTZUSD`; of newer pairs the altname.
        package var key: String
        /// `XBT/USD`, as the web socket names it.
        package var slashed: String
        /// `BTC/USD`, the key where `assetVersion=1` is asked for.
        package var display: String
        package var tradesPerMinute: Double
        package var priceDecimals: Int
        /// Of the volumes of its trades: ten at most.
        package var volumeDecimals: Int
        /// What it costs on the whole, and what a trade moves on the whole.
        package var price: Double
        package var volume: Double
        /// Seconds since 1970; its first trade comes after it.
        package var listed: Int64
        /// No trade from here on; nil where it goes on.
        package var delisted: Int64?

        /// A pair under names without oddities: `base` and `quote` as Kraken's altname joins them.
        package init(_ base: String, _ quote: String, tradesPerMinute: Double, price: Double, listed: Int64) {
            name = base + quote
            key = base + quote
            slashed = base + "/" + quote
            display = slashed
            self.tradesPerMinute = tradesPerMinute
            priceDecimals = 4
            volumeDecimals = 8
            self.price = price
            volume = max(0.001, 2_000 / price)
            self.listed = listed
        }

        var base: String { key == name ? String(slashed.prefix { $0 != "/" }) : String(key.prefix(key.count / 2)) }
        var quote: String { key == name ? String(slashed.drop { $0 != "/" }.dropFirst()) : String(key.suffix(key.count / 2)) }

        /// All that the exchange understands as this pair.
        var spellings: [String] { [name, key, slashed, display, String(display.filter { $0 != "/" })] }

        /// Those that a client is most likely to trip over. `begin`: when most of them were listed.
        package static func builtIn(from begin: Int64) -> [KrakenPair] {
            let quarter: Int64 = 90 * 86_400
            var pairs = [
                KrakenPair("XBT", "USD", tradesPerMinute: 3, price: 61_000, listed: begin),
                KrakenPair("ETH", "USD", tradesPerMinute: 2, price: 2_900, listed: begin),
                KrakenPair("XDG", "USD", tradesPerMinute: 0.8, price: 0.14, listed: begin),
                KrakenPair("SOL", "USD", tradesPerMinute: 1, price: 140, listed: begin),
                KrakenPair("SOLV", "USD", tradesPerMinute: 0.3, price: 0.09, listed: begin),
                KrakenPair("XBT", "USDT", tradesPerMinute: 0.6, price: 61_000, listed: begin),
                KrakenPair("HONEY", "USD", tradesPerMinute: 0.1, price: 0.062, listed: begin + 3 * 86_400 + 50_400),
                KrakenPair("PEPE", "USD", tradesPerMinute: 0.5, price: 0.0000118, listed: begin),
                // A new one, not at a round time, and one that ends.
                KrakenPair("FLR", "USD", tradesPerMinute: 0.4, price: 0.024, listed: begin + quarter + 51_137),
                KrakenPair("STORJ", "USD", tradesPerMinute: 0.4, price: 0.41, listed: begin),
            ]
            func change(_ name: String, _ body: (inout KrakenPair) -> Void) {
                for index in pairs.indices where pairs[index].name == name { body(&pairs[index]) }
            }
            for (name, key, display) in [("XBTUSD", "XXBTZUSD", "BTC/USD"), ("ETHUSD", "XETHZUSD", "ETH/USD")] {
                change(name) { ($0.key, $0.display) = (key, display) }
            }
            change("XBTUSD") { ($0.priceDecimals, $0.volumeDecimals, $0.volume) = (1, 10, 0.05) }
            change("ETHUSD") { $0.priceDecimals = 2 }
            change("XDGUSD") { ($0.priceDecimals, $0.display) = (7, "DOGE/USD") }
            change("SOLUSD") { $0.priceDecimals = 2 }
            change("SOLVUSD") { $0.priceDecimals = 5 }
            change("XBTUSDT") { ($0.priceDecimals, $0.display) = (1, "BTC/USDT") }
            change("HONEYUSD") { $0.priceDecimals = 5 }
            change("PEPEUSD") { ($0.priceDecimals, $0.volumeDecimals) = (9, 5) }
            change("FLRUSD") { $0.priceDecimals = 5 }
            change("STORJUSD") { $0.delisted = begin + 2 * quarter + 34_203 }
            return pairs
        }

        /// `NAME[:RATE[:LISTED[:DELISTED]]]`: a built-in pair traded otherwise, or a new one, which begins with `begin`. Instants are
        /// days, `2025-03-01`. nil where the text is none.
        package static func parse(_ text: String, over pairs: [KrakenPair], begin: Int64) -> KrakenPair? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let name = parts[0]
            guard parts.count <= 4, name.count > 3, name.allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber) }) else { return nil }
            let cut = ["USDT", "USDC", "USD", "EUR", "XBT", "ETH"].first { name.hasSuffix($0) && name.count > $0.count }?.count ?? 3
            var pair = pairs.first { $0.name == name }
                ?? KrakenPair(String(name.dropLast(cut)), String(name.suffix(cut)), tradesPerMinute: 1, price: 10, listed: begin)
            if parts.count > 1, !parts[1].isEmpty {
                guard let rate = Double(parts[1]), rate > 0, rate <= 1_000 else { return nil }
                pair.tradesPerMinute = rate
            }
            if parts.count > 2, !parts[2].isEmpty {
                guard let day = LocalDate(parts[2]) else { return nil }
                pair.listed = Int64(day.daysSince1970) * 86_400
            }
            if parts.count > 3, !parts[3].isEmpty {
                guard let day = LocalDate(parts[3]) else { return nil }
                pair.delisted = Int64(day.daysSince1970) * 86_400
            }
            return pair
        }
    }
}
