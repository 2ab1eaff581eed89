import Bytes
import Testing

@testable import Sandbox

@Suite struct KeepaCostTests {
    private let asins = someASINs(30)

    @Test func costFollowsWhatIsFound() throws {
        let desk = try makeKeepa()
        let light = try desk.products(asins, "&stats=90&history=0"), full = try desk.products(asins, "&stats=90")
        #expect(light.consumed == 30 && full.consumed == 30)
        #expect(try desk.products(asins, "&buybox=1").consumed == 90)
        let rated = try desk.products(asins, "&rating=1")
        let fresh = rated.products.count { KeepaMinute.of(wednesday) - Int($0["lastRatingUpdate"]?.int ?? 0) <= 14 * 1_440 }
        #expect(rated.consumed == 30 + fresh && fresh > 5 && fresh < 30)
        var (sum, pages) = (0, Set<Int>())
        let heavy = try desk.products(asins, "&stats=90&offers=100&buybox=1")
        for product in heavy.products {
            let found = Int(product["stats"]?["totalOfferCount"]?.int ?? -1)
            #expect(Int(product["stats"]?["retrievedOfferCount"]?.int ?? -1) == min(100, found))
            let page = min(10, max(1, (found + 9) / 10))
            sum += page * 6
            pages.insert(page)
        }
        #expect(heavy.consumed == sum && pages.contains(1) && pages.contains(2) && pages.count > 2)
        #expect(try desk.products(asins, "&offers=20").consumed < sum)
        // Fresh enough offers are not looked for.
        #expect(try desk.products(asins, "&offers=100&update=2000").consumed == 150)
    }

    @Test func updatesAreLookedForAsAsked() throws {
        let desk = try makeKeepa()
        let now = KeepaMinute.of(wednesday)
        func ages(_ query: String) throws -> [Int] {
            try desk.products(asins, query).products.map { now - Int($0["lastUpdate"]?.int ?? 0) }
        }
        let usual = try ages(""), any = try ages("&update=-1")
        #expect(usual.allSatisfy { $0 < 60 } && usual.contains { $0 > 0 } && any.contains { $0 > 60 })
        #expect(try ages("&update=0").allSatisfy { $0 == 0 } && ages("&update=5").allSatisfy { $0 < 300 })
        #expect(try desk.products(asins, "&update=0").consumed == 30 + any.count { $0 < 60 })
    }

    @Test func failedLooksCostOneAndTellOldOffers() throws {
        let desk = try makeKeepa()
        desk.setKeepa(#"{"failed_offers_rate":1}"#)
        let page = try desk.products(asins, "&stats=30&offers=20")
        #expect(page.consumed == 30)
        for product in page.products {
            #expect(product["offersSuccessful"]?.bool == false && product["lastUpdate"]?.int == Int64(KeepaMinute.of(wednesday)))
            let asked = try #require(product["stats"]?["lastOffersUpdate"]?.int)
            #expect(asked < KeepaMinute.of(wednesday))
            for offer in product["offers"]?.array ?? [] { #expect(try #require(offer["lastSeen"]?.int) <= asked) }
        }
    }

    @Test func unknownOnesCostSomethingOrNothing() throws {
        let desk = try makeKeepa()
        desk.setKeepa(#"{"unknown_rate":1}"#)
        let page = try desk.products(asins, "&stats=30")
        #expect((5...25).contains(page.consumed) && (5...25).contains(page.products.count))
        #expect(page.products.allSatisfy { $0["title"]?.isNull == true && $0["csv"]?.isNull == true && $0["productType"]?.int == 4 })
        #expect(try desk.products(asins, "&update=-1").consumed == 0)
        #expect(try desk.keepaTruth(["asin": asins[0]])[0]["known"]?.bool == false)
        desk.setKeepa(#"{"unknown_rate":0.01,"unknown":["B0TEST0003"]}"#)
        let listed = try desk.keepaTruth(["kind": "products", "count": "5000"])
        let known = listed.count { $0["known"]?.bool == true }
        #expect(listed.count == 5_000 && (4_900...4_985).contains(known))
        let names = listed.compactMap { $0["asin"]?.string }
        #expect(names.allSatisfy(KeepaProduct.isASIN) && Set(names).count == 5_000)
        #expect(try desk.keepaTruth(["asin": "B0TEST0003"])[0]["known"]?.bool == false)
    }
}
