import Bytes
import Testing

@testable import Sandbox

@Suite struct KeepaShapeTests {
    private let asins = someASINs(12)
    private let day = 1_440
    private let shipped = Set([7] + Array(18...29) + [32])

    /// Points of a series, all numbers of a point but the minute together.
    private func points(_ csv: [Int], _ type: Int) -> [(minute: Int, values: [Int])] {
        let width = shipped.contains(type) ? 3 : 2
        return stride(from: 0, to: csv.count, by: width).map { (csv[$0], Array(csv[$0 + 1..<$0 + width])) }
    }

    @Test func historyHoldsChangesAlone() throws {
        let desk = try makeKeepa()
        var (lengths, absences, triples) = (Set<Int>(), 0, 0)
        for product in try desk.products(asins, "&stats=90&offers=20&rating=1").products {
            let lists = try #require(product["csv"]?.array)
            lengths.insert(lists.count)
            #expect(product["stats"]?["current"]?.array?.count == lists.count)
            for type in lists.indices {
                guard let csv = product.csv(type) else {
                    #expect(lists[type].isNull && product.current(type) == -1)
                    continue
                }
                try #require(csv.count % (shipped.contains(type) ? 3 : 2) == 0)
                let points = points(csv, type)
                #expect(zip(points, points.dropFirst()).allSatisfy { $0.minute < $1.minute && $0.values != $1.values }, "\(type)")
                let last = try #require(points.last)
                #expect(product.current(type) == (last.values[0] < 0 ? -1 : last.values.reduce(0, +)) || type == 15)
                if type <= 2 { absences += points.count { $0.values[0] == -1 } }
                if shipped.contains(type) { triples += points.count }
            }
        }
        #expect(lengths == [34, 36] && absences > 10 && triples > 100)
    }

    @Test func theSameIsToldAgainAndLaterOnlyMore() throws {
        let early = try makeKeepa(), again = try makeKeepa(), late = try makeKeepa(wednesday + 40 * 86_400)
        let query = "&stats=30&offers=20&buybox=1&rating=1"
        let first = try early.products(asins, query), twin = try again.products(asins, query), later = try late.products(asins, query)
        #expect(first.products == twin.products)
        #expect(try early.product(asins[7], query) == first.products[7])
        var changes = 0
        for (before, after) in zip(first.products, later.products) {
            for type in 0..<34 {
                guard let old = before.csv(type), let new = after.csv(type) else { continue }
                #expect(Array(new.prefix(old.count)) == old, "\(type)")
                changes += new.count - old.count
            }
        }
        #expect(changes > 1_000)
        let other = try makeKeepa { $0.seed = 2 }
        #expect(try other.product(asins[0], query) != first.products[0])
    }

    @Test func dropsAreThoseOfTheHistory() throws {
        let desk = try makeKeepa()
        var all = 0
        for product in try desk.products(asins, "&stats=30").products {
            let end = Int(try #require(product["lastUpdate"]?.int)), ranks = points(try #require(product.csv(3)), 3)
            for days in [30, 90, 180, 365] {
                let drops = zip(ranks, ranks.dropFirst()).count {
                    $1.minute > end - days * day && $1.values[0] > 0 && $1.values[0] < $0.values[0]
                }
                #expect(product["stats"]?["salesRankDrops\(days)"]?.int == Int64(drops))
                all += drops
            }
            var (sum, length) = (0, 0)
            for (place, point) in ranks.enumerated() where point.values[0] >= 0 {
                let from = max(point.minute, end - 30 * day), until = place + 1 < ranks.count ? ranks[place + 1].minute : end
                if until <= from { continue }
                sum += point.values[0] * (until - from)
                length += until - from
            }
            #expect(product["stats"]?["avg30"]?.ints?[3] == (length > 0 ? sum / length : -1))
            #expect(product["stats"]?["avg"] == product["stats"]?["avg30"])
        }
        #expect(all > 200)
    }

    @Test func lightObjectsLackWhatWasNotAskedFor() throws {
        let desk = try makeKeepa()
        var manners = Set<String>()
        for product in try desk.products(someASINs(30), "&stats=90&history=0").products {
            #expect(product["csv"]?.isNull == true && product["offers"] == nil)
            let stats = try #require(product["stats"])
            for name in ["buyBoxPrice", "buyBoxShipping", "retrievedOfferCount", "tradeInPrice"] {
                #expect(stats[name]?.int == -2, "\(name)")
            }
            for type in [7, 10, 16, 17, 18, 19, 20] { #expect(product.current(type) == -1) }
            switch product["salesRanks"] {
            case nil: manners.insert("absent")
            case .some(.null): manners.insert("null")
            case .some(let ranks):
                manners.insert("pairs")
                #expect(ranks.object?.allSatisfy { $0.1.ints?.count == 2 } == true)
            }
        }
        #expect(manners == ["absent", "null", "pairs"])
        let bare = try desk.product(asins[0])
        #expect(bare["stats"]?.isNull == true && bare["csv"]?.array != nil && bare["title"]?.string != nil)
        let boxed = try desk.products(asins, "&stats=90&history=0&buybox=1&rating=1").products
        #expect(boxed.contains { $0["stats"]?["buyBoxPrice"]?.int ?? 0 > 0 } && boxed.contains { $0.current(16) ?? 0 > 0 })
        #expect(boxed.allSatisfy { $0["stats"]?["buyBoxPrice"]?.int != -2 })
    }

    @Test func daysKeepThePointThatStillHeld() throws {
        let desk = try makeKeepa()
        let full = try desk.product(asins[3]), cut = try desk.product(asins[3], "&days=20")
        let since = Int(try #require(full["lastUpdate"]?.int)) - 20 * day
        for type in [1, 3, 11] {
            let all = points(try #require(full.csv(type)), type), some = points(try #require(cut.csv(type)), type)
            #expect(some.map(\.minute) == Array(all.drop { $0.minute <= since }.map(\.minute)) || some[0].minute <= since)
            #expect(some.count <= all.count && some.dropFirst().allSatisfy { $0.minute > since })
            #expect(all.suffix(some.count).map(\.values) == some.map(\.values))
        }
    }

    @Test func heavyObjectsTellWhoSells() throws {
        let desk = try makeKeepa()
        for product in try desk.products(asins, "&stats=90&offers=40").products {
            let offers = try #require(product["offers"]?.array), live = try #require(product["liveOffersOrder"]?.ints)
            #expect(product["stats"]?["retrievedOfferCount"]?.int == Int64(live.count) && offers.count == live.count + 1)
            let now = product["lastUpdate"]?.int
            #expect(live.allSatisfy { offers[$0]["lastSeen"]?.int == now })
            let landed = try live.map { try #require(offers[$0]["offerCSV"]?.ints).suffix(2).reduce(0, +) }
            #expect(landed == landed.sorted())
            let byAmazon = live.filter { offers[$0]["isFBA"]?.bool == true && offers[$0]["isAmazon"]?.bool == false }
            let lowest = try byAmazon.map { try #require(offers[$0]["offerCSV"]?.ints)[1] }.min()
            #expect(lowest ?? -1 == product.current(10) || live.count == 40)
        }
    }

    @Test func moneyIsTheMarketplaces() throws {
        let desk = try makeKeepa()
        let target = "/keepa/product?key=k&domain=5&stats=90&asin=" + asins.joined(separator: ",")
        let yen = try KeepaPage(desk.polygonAnswer(target)).products, dollars = try desk.products(asins, "&stats=90").products
        #expect(yen.allSatisfy { $0["domainId"]?.int == 5 } && yen.compactMap { $0.current(1) }.allSatisfy { $0 == -1 || $0 % 10 == 0 })
        #expect(zip(yen, dollars).allSatisfy { $0["title"] == $1["title"] } && dollars.contains { ($0.current(1) ?? 0) % 10 == 9 })
        let seasonal = (0..<900).count { KeepaProduct("A00000" + String(1_000 + $0), .us, Dice(seed: 1)).season != nil }
        #expect((250...350).contains(seasonal))
    }

    @Test func truthIsWhatIsTold() throws {
        let desk = try makeKeepa()
        let page = try desk.products(asins, "&stats=90&offers=20&rating=1&history=0")
        let lines = try desk.keepaTruth([
            "asin": asins.joined(separator: ","), "told": "1", "stats": "90", "offers": "20", "rating": "1", "history": "0",
        ])
        #expect(lines.count == 12 && lines.reduce(0) { $0 + Int($1["tokens"]?.int ?? 0) } == page.consumed)
        for (product, line) in zip(page.products, lines) {
            func same(_ told: Int?, _ name: String) { #expect(told == line[name]?.int.map { Int($0) } ?? -1, "\(name)") }
            #expect(line["asin"] == product["asin"] && line["title"] == product["title"] && line["known"]?.bool == true)
            same(product.current(1), "new")
            same(product.current(2), "used")
            same(product.current(3), "sales_rank")
            same([19, 20, 21, 22].compactMap { product.current($0) }.filter { $0 >= 0 }.min() ?? -1, "used_landed")
            for (name, truth) in [
                ("buyBoxPrice", "buy_box"), ("buyBoxShipping", "buy_box_shipping"), ("totalOfferCount", "offers"),
                ("salesRankDrops30", "drops30"), ("salesRankDrops365", "drops365"),
            ] { same(product["stats"]?[name]?.int.map { Int($0) }, truth) }
            #expect(line["last_update"]?.int == KeepaMinute.seconds(Int(product["lastUpdate"]?.int ?? 0)))
            #expect(line["current"]?["new_fba"]?.int.map { Int($0) } ?? -1 == product.current(10))
        }
        // A row's own minute finds what it was told, later too.
        let light = try desk.product(asins[5], "&stats=90&history=0")
        let then = KeepaMinute.seconds(Int(try #require(light["lastUpdate"]?.int)))
        let later = try makeKeepa(wednesday + 86_400 * 9).keepaTruth(["asin": asins[5], "at": "\(then)"])
        #expect(later[0]["new"]?.int.map { Int($0) } ?? -1 == light.current(1))
        #expect(later[0]["drops30"] == light["stats"]?["salesRankDrops30"])
    }
}
