import Bytes
import Series
import Testing

@testable import Datasets

@Suite("The dataset keepa")
struct KeepaDatasetTests {
    let bench = KeepaBench()
    var dataset: Dataset { bench.dataset }

    @Test(arguments: [
        ("asin", " b0d8w1yvbx\n", "B0D8W1YVBX"), ("asin", "1886940606", "1886940606"), ("asin", "B0D8W1YVB", nil),
        ("asin", "B0D8W1YVBXX", nil), ("asin", "B0D8W1YVB-", nil), ("asin", "B0D8W1YVÉ", nil), ("asin", "", nil),
        ("group", " Current ", "current"), ("group", "history", "history"), ("group", "offers", nil),
    ])
    func namesHaveOneSpelling(name: String, value: String, canonical: String?) {
        #expect(dataset.canonical(name, value) == canonical)
    }

    @Test func seriesAreProductsInTwoGroups() {
        #expect(dataset.followed.isEmpty && dataset.followsStored && dataset.asksForNow && dataset.beginsWhenFollowed)
        let named = KeepaBench(Keepa.Options(asins: ["B0D8W1YVBX", "1886940606"])).dataset
        #expect(named.followed.map(\.description) == [
            "B0D8W1YVBX/current", "B0D8W1YVBX/history", "1886940606/current", "1886940606/history",
        ])
        #expect(!named.followsStored && named.values(of: "group") == ["current", "history"] && named.defaults("group").count == 2)
        let key = SeriesKey(["B0D8W1YVBX", "history"])
        #expect(named.channel(key) == "" && named.family(key) == "B0D8W1YVBX" && named.group(key) == "history")
        #expect(named.schema(of: key).table == "keepa_products" && named.readDefaults == ["group": "current"])
    }

    @Test func fieldsPointAtColumns() {
        let schema = dataset.table.schema
        #expect(schema.columns.count == Keepa.Column.count && schema.index(of: "price_ships") == Keepa.Column.priceShips)
        #expect(schema.index(of: "last_seen") == Keepa.Column.lastSeen && schema.index(of: "avg_1yr") == Keepa.Column.average)
        #expect(dataset.table.slotFields.map(\.name) == [
            "asin", "group", "slot", "title", "price_now", "sales_rank", "offers", "drops_30", "list_at", "avg_1yr", "seasonality",
            "profit", "margin", "percent_down", "last_seen_utc", "price_from",
        ])
        #expect(schema.merge != nil && schema.carry != nil && schema.migrations.map(\.name) == ["0001 products"])
        for column in schema.columns { #expect(schema.migrations[0].sql.contains("column keepa_products.\(column.name) is")) }
    }

    /// FNV-1a's published values, and phases that are a product's for ever.
    @Test func heavyCallsAreSpreadOverTheDays() {
        #expect(KeepaCalendar.fnv1a("") == 0xcbf2_9ce4_8422_2325 && KeepaCalendar.fnv1a("a") == 0xaf63_dc4c_8601_ec8c)
        #expect(KeepaCalendar.fnv1a("foobar") == 0x8594_4171_f739_67e8)
        let calendar = KeepaCalendar(.usual)
        var products: [Int64: Int] = [:]
        for asin in KeepaBench.asins(3000) {
            guard case .every(let seconds, let anchor) = calendar.ruler(of: SeriesKey([asin, "history"])) else { return }
            #expect(seconds == 2_592_000 && anchor % 172_800 == 0 && (0..<2_592_000).contains(anchor))
            products[anchor, default: 0] += 1
        }
        // Fifteen days of 200 on average.
        #expect(products.count == 15 && products.values.allSatisfy { (120...280).contains($0) })
    }

    @Test func aHistoryBeginsWithACurrentSlot() throws {
        let refresh = try Keepa.Refresh(currentSeconds: 7200, historySeconds: 7200 * 7)
        let calendar = KeepaCalendar(refresh)
        for asin in KeepaBench.asins(50) {
            let (current, history) = (calendar.ruler(of: SeriesKey([asin, "current"])), calendar.ruler(of: SeriesKey([asin, "history"])))
            let start = history.start(of: history.slot(containing: KeepaBench.now))
            #expect(current.start(of: current.slot(containing: start)) == start)
            #expect(current == calendar.periods && start <= KeepaBench.now)
        }
    }

    @Test(arguments: [(3599, 3600), (3600, 5400), (7200, 3600), (0, 0), (3600, 0), (31_536_001, 63_072_002), (3600, 315_363_600)])
    func periodsThatDoNotFitAreRefused(current: Int, history: Int) {
        let refusal = #expect(throws: Keepa.Refusal.self) { try Keepa.Refresh(currentSeconds: current, historySeconds: history) }
        #expect(refusal?.description.contains("refresh period") == true)
    }

    @Test func onlyTheSlotInProgressIsToBeHad() throws {
        let key = SeriesKey(["B0D8W1YVBX", "history"])
        let ruler = dataset.calendar(of: key).ruler
        let slot = ruler.slot(containing: KeepaBench.now)
        let reach = try #require(dataset.reach(key, KeepaBench.now))
        #expect(reach.from == ruler.start(of: slot) && reach.reason == "passed")
        #expect(reach.holds == ruler.start(of: slot)..<ruler.end(of: slot))
        let judged = dataset.judged(Ledger(key: key, lifetime: slot - 5..<slot + 5), now: KeepaBench.now)
        #expect(judged.unfillable.contains(slot - 1) && !judged.unfillable.contains(slot))
        #expect(dataset.dueBefore(key, now: KeepaBench.now) == slot + 1, "it is due from its beginning")
        #expect(dataset.askLag(key) == 2_592_000 && dataset.askLag(SeriesKey(["B0D8W1YVBX", "current"])) == 172_800)
        #expect(dataset.horizonDays * 86_400 > 2_592_000, "a slot that began with the longest period ago is looked at")
    }

    @Test(arguments: [
        (nil, false, 1), (nil, true, 3), (20, false, 12), (20, true, 12), (25, false, 18), (500, false, 60), (1, false, 12),
    ] as [(Int?, Bool, Int)])
    func aProductCostsWhatItsParametersCost(offers: Int?, buybox: Bool, tokens: Int) {
        let shapes = KeepaBench(Keepa.Options(offers: offers, buybox: buybox)).dataset.shapes
        #expect(shapes.map(\.name) == ["light", "heavy"])
        for shape in shapes {
            #expect(shape.kind == .snapshot(subjects: 100) && shape.fixed == Cost(requests: 1) && shape.perSeries.tokens == tokens)
        }
    }

    @Test func aLightCallServesCurrentFiguresOnly() {
        let keys = ["current", "history"].map { SeriesKey(["B0D8W1YVBX", $0]) }
        #expect(keys.map { dataset.serves(dataset.shapes[0], $0) } == [true, false])
        #expect(keys.map { dataset.serves(dataset.shapes[1], $0) } == [true, true])
    }

    @Test func whatLacksIsLookedForAllDay() {
        #expect(dataset.schedules.map(\.name) == ["refresh"] && dataset.schedules[0].purpose == .everyHole)
        #expect(dataset.schedules[0].recurrence.next(after: KeepaBench.now) == 1_778_386_800)
        #expect(dataset.upstream.tokens?.refillPerMinute == 5 && dataset.upstream.tokens?.capacityMinutes == 60)
        #expect(KeepaBench(Keepa.Options(floor: 40)).dataset.upstream.tokens?.floor == 40)
    }

    @Test func aListOfProducts() throws {
        let text = "\u{FEFF}# mine\r\nB0D8W1YVBX, 1886940606 # a book\r\n\r\n b0d8w1yvbx,,B000000000\n"
        #expect(try KeepaList(Array(text.utf8)).asins == ["B0D8W1YVBX", "1886940606", "B000000000"])
        #expect(try KeepaList([]).asins.isEmpty)
        let refusal = #expect(throws: TableRefusal.self) { try KeepaList(Array("B0D8W1YVBX\n\nB0D8, B000000000".utf8)) }
        #expect(refusal?.line == 3 && refusal?.description == "line 3, asin: 'B0D8' is not ten letters and digits")
        #expect(throws: TableRefusal.self) { try KeepaList([0xFF, 0xFE]) }
    }

    @Test func aListHasAnEnd() throws {
        let all = KeepaBench.asins(KeepaList.most)
        let text = all.joined(separator: "\n")
        #expect(try KeepaList(Array((text + "\n" + all[0]).utf8)).asins.count == KeepaList.most, "what stands twice is one")
        let refusal = #expect(throws: TableRefusal.self) { try KeepaList(Array((text + "\nXXXXXXXXXX").utf8)) }
        #expect(refusal?.line == KeepaList.most + 1)
    }
}
