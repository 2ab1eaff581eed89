@testable import Datasets
internal import Series
import Testing

@Suite("Kraken's tiers")
struct KrakenTiersTests {
    @Test func builtInTiersAreDistinctAndOfTheSizesThatAreSaid() {
        let tiers = KrakenTiers.builtIn
        let assets = KrakenTiers.names.map(tiers.assets(of:))
        #expect(assets.map(\.count) == [20, 30, 30, 0])
        #expect(Set(assets.joined()).count == 80, "no asset is of two tiers")
        #expect(tiers.tier(of: "XBT") == "TIER1" && tiers.tier(of: "UNI") == "TIER2" && tiers.tier(of: "CRV") == "TIER3")
        #expect(tiers.tier(of: "HONEY") == "TIER4" && tiers.tier(of: nil) == "TIER4")
    }

    @Test func aPairIsOfItsBaseAssetsTierWhateverItIsPaidWith() throws {
        for pair in ["XBTUSD", "XBTEUR", "XDGUSD", "ETHXBT", "USDTUSD"] {
            #expect(KrakenTiers.builtIn.tier(of: KrakenPair(pair)?.base) == "TIER1", "\(pair)")
        }
        #expect(KrakenTiers.builtIn.tier(of: KrakenPair("SOLVUSD")?.base) == "TIER4", "which is not Solana")
    }

    @Test func aTableOfOnesOwnPutsAssetsElsewhere() throws {
        let own = try KrakenTiers.builtIn.extended(byCSV: Array("asset,tier\nbtc,TIER3\nHONEY,tier2\n".utf8))
        #expect(own.tier(of: "XBT") == "TIER3" && own.tier(of: "HONEY") == "TIER2" && own.tier(of: "ETH") == "TIER1")
    }

    @Test(arguments: [
        ("tier,asset\n", 1, "header"), ("asset,tier\nXBT,TIER5\n", 2, "tier"), ("asset,tier\nX-T,TIER1\n", 2, "asset"),
        ("asset,tier\nXBT,TIER1\nBTC,TIER2\n", 3, "asset"), ("", 1, "header"),
    ])
    func whatIsWrongWithATableIsNamed(text: String, line: Int, field: String) {
        let refusal = #expect(throws: TableRefusal.self) { try KrakenTiers.builtIn.extended(byCSV: Array(text.utf8)) }
        #expect(refusal?.line == line && refusal?.field == field)
    }
}
