internal import Bytes

/// Which assets people mean by TIER1 to TIER4: what is to be whole first. A pair is of its base asset's tier, whatever it is paid with.
///
/// - TIER1 are the twenty that aaronspindler/aaronspindler.com (feefifofunds/services/kraken.py) names.
/// - TIER2 and TIER3, thirty each, are of our choosing: assets that Kraken has long listed against the US dollar and that are traded there
///   day by day, the larger ones first. The archive as a whole was not at hand to be counted, so this is judgement; a table of one's own
///   (`KRAKEN_TIERS_FILE`) puts any asset elsewhere.
/// - TIER4 is the rest.
package struct KrakenTiers: Sendable, Hashable {
    package static let names = ["TIER1", "TIER2", "TIER3", "TIER4"]
    /// What an asset is of that no table names.
    static let rest = "TIER4"

    private var tiers: [String: String]

    package static let builtIn: KrakenTiers = {
        let first = "XBT ETH USDT USDC BNB XRP ADA XDG AVAX SOL MATIC DOT TRX DAI WBTC SHIB LTC LINK BCH ATOM"
        let second = """
            UNI XLM ETC XMR ALGO FIL NEAR AAVE ICP INJ OP ARB APT SUI XTZ EOS GRT MKR RUNE SAND MANA FTM HBAR STX LDO PEPE KSM FLOW DASH ZEC
            """
        let third = """
            1INCH CRV BAT COMP SNX YFI ENJ ZRX OMG STORJ KAVA ANKR SC ICX LSK QTUM NANO REP GNO OXT KNC BAL LRC CHZ AXS DYDX IMX ENS FLR WIF
            """
        var tiers: [String: String] = [:]
        for (tier, assets) in zip(names, [first, second, third]) {
            for asset in assets.split(separator: " ") { tiers[String(asset)] = tier }
        }
        return KrakenTiers(tiers: tiers)
    }()

    init(tiers: [String: String]) { self.tiers = tiers }

    /// Of a base asset by Kraken's name (`XBT`, not `BTC`); nil stands for one that could not be told.
    package func tier(of asset: String?) -> String { asset.flatMap { tiers[$0] } ?? Self.rest }

    /// The assets that tables name, in the order of their names; of TIER4, which is the rest, those that were put there on purpose.
    package func assets(of tier: String) -> [String] { tiers.filter { $0.value == tier }.keys.sorted() }

    /// What is wrong with a table, and where: lines count from 1.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let line: Int
        package let field: String
        package let reason: String

        package var description: String { "line \(line), \(field): \(reason)" }
    }

    /// These tiers with the entries of a CSV text (RFC 4180, UTF-8) of the header `asset,tier`; an entry replaces that of the same asset.
    package func extended(byCSV text: [UInt8]) throws(Refusal) -> KrakenTiers {
        var result = self
        var lines: [String: Int] = [:]
        var reader = try Self.reading { () throws(CSVError) in try CSVReader(text) }
        guard try Self.reading({ () throws(CSVError) in try reader.nextRow() }), reader.count == 2, reader.text(0) == "asset",
            reader.text(1) == "tier"
        else { throw Refusal(line: 1, field: "header", reason: "expected asset,tier") }
        while true {
            let line = reader.line
            guard try Self.reading({ () throws(CSVError) in try reader.nextRow() }) else { return result }
            let (asset, tier) = (reader.text(0).uppercased(), reader.text(1).uppercased())
            guard (1...20).contains(asset.utf8.count), asset.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
                throw Refusal(line: line, field: "asset", reason: "expected letters and digits, such as XBT")
            }
            guard Self.names.contains(tier) else {
                throw Refusal(line: line, field: "tier", reason: "expected one of \(Self.names.joined(separator: ", "))")
            }
            let name = KrakenPair.asset(asset[...])
            if let earlier = lines.updateValue(line, forKey: name) {
                throw Refusal(line: line, field: "asset", reason: "\(name) stands on line \(earlier) already")
            }
            result.tiers[name] = tier
        }
    }

    private static func reading<T>(_ body: () throws(CSVError) -> T) throws(Refusal) -> T {
        do throws(CSVError) { return try body() } catch {
            throw Refusal(line: error.line, field: "column \(error.column)", reason: error.reason.rawValue)
        }
    }
}
