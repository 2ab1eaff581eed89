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

    private let tiers: [String: String]

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

    /// These tiers with the entries of a CSV text (RFC 4180, UTF-8) of the header `asset,tier`; an entry replaces that of the same asset.
    package func extended(byCSV text: [UInt8]) throws(TableRefusal) -> KrakenTiers {
        let own = try TwoColumnTable(key: "asset", value: "tier").read(text) { asset, tier throws(TwoColumnTable.Flaw) in
            let (asset, tier) = (asset.uppercased(), tier.uppercased())
            guard (1...20).contains(asset.utf8.count), asset.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
                throw TwoColumnTable.Flaw("asset", "expected letters and digits, such as XBT")
            }
            guard Self.names.contains(tier) else {
                throw TwoColumnTable.Flaw("tier", "expected one of \(Self.names.joined(separator: ", "))")
            }
            return (KrakenPair.asset(asset[...]), tier)
        }
        return KrakenTiers(tiers: tiers.merging(own) { $1 })
    }
}
