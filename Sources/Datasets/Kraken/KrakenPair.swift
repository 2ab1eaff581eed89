/// A pair under one name, Kraken's altname without slash: `XBTUSD`, `XDGUSD`, `SOLUSD`.
///
/// Kraken itself has several names for one pair: the altname, the name that its answers use (`XXBTZUSD`, from the days when assets had
/// four letters, X for coins and Z for money of states), and the display name (`BTC/USD`). Only these are undone; no name is ever taken
/// for another because it looks like it (`SOLVUSD` is a pair of its own).
struct KrakenPair: Sendable, Hashable, CustomStringConvertible {
    let name: String
    /// What is traded and what it is paid with, where the name ends in a quote that is known.
    let base: String?
    let quote: String?

    var description: String { name }

    /// nil for what cannot be a pair's name. Small letters are taken for large ones.
    init?(_ spelling: some StringProtocol) {
        let name = spelling.uppercased()
        guard name.utf8.count <= Self.lengthMax, name.utf8.allSatisfy(Self.isAllowed) else { return nil }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: self.init(altname: Self.altname(name))
        case 2 where !parts[0].isEmpty && !parts[1].isEmpty: self.init(altname: Self.asset(parts[0]) + Self.asset(parts[1]))
        default: return nil
        }
    }

    private init?(altname: String) {
        // The shortest there are: one letter and a currency (`TUSD`).
        guard altname.utf8.count >= 4, !Self.quotes.contains(altname[...]) else { return nil }
        name = altname
        (base, quote) = Self.split(altname).map { (String($0), String($1)) } ?? (nil, nil)
    }

    /// Whether an answer that names its pair so is about this one.
    func matches(resultKey: String) -> Bool { KrakenPair(resultKey) == self }

    // MARK: Names

    private static let lengthMax = 24

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"): true
        default: false
        }
    }

    /// The longer before those that they end in.
    private static let quotes: [Substring] = [
        "RLUSD", "PYUSD", "USDT", "USDC", "USDG", "USDQ", "USDR", "EURT", "EURC", "EURQ", "EURR", "USD", "EUR", "GBP", "CAD", "JPY", "AUD",
        "CHF", "AED", "KRW", "DAI", "XBT", "BTC", "ETH", "DOT", "SOL",
    ]

    /// Assets that have a name of four letters besides.
    private static let prefixed: [Substring: String] = {
        let coins = ["XBT", "ETH", "LTC", "XDG", "ETC", "REP", "XRP", "XLM", "XMR", "ZEC", "MLN", "ICN", "NMC", "DAO", "XVN"]
        let money = ["USD", "EUR", "GBP", "CAD", "JPY", "KRW", "AUD"]
        return Dictionary(
            uniqueKeysWithValues: coins.map { ("X\($0)"[...], $0) } + money.map { ("Z\($0)"[...], $0) })
    }()

    static func asset(_ name: Substring) -> String {
        switch name {
        case "BTC": "XBT"
        case "DOGE": "XDG"
        default: prefixed[name] ?? String(name)
        }
    }

    private static func split(_ name: String) -> (base: Substring, quote: Substring)? {
        guard let quote = quotes.first(where: { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }) else { return nil }
        return (name.dropLast(quote.count), quote)
    }

    private static func altname(_ name: String) -> String {
        // Two names of four letters are looked for before the quote: XTZUSD is Tezos, not XT in US dollars.
        let (front, back) = (name.prefix(4), name.dropFirst(4))
        if let quote = prefixed[back], let base = prefixed[front] ?? (front == "USDT" ? "USDT" : nil) { return base + quote }
        guard let (base, quote) = split(name) else { return name }
        return asset(base) + asset(quote)
    }
}
