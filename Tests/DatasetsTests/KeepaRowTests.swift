import Bytes
import Series
import Testing

@testable import Datasets

@Suite("Fields of a product: set, cleared, kept")
struct KeepaRowTests {
    let bench = KeepaBench()

    private static let volatile: [(text: String, column: String)] = [
        ("\"stats\": {\"current\": [-1,V]}", "price_now"), ("\"stats\": {\"current\": [-1,-2,-2,V]}", "sales_rank"),
        ("\"stats\": {\"totalOfferCount\": V}", "offers"), ("\"stats\": {\"salesRankDrops30\": V}", "drops_30"),
        ("\"fbaFees\": {\"pickAndPackFee\": V}", "fulfilment"), ("\"referralFeePercentage\": V", "referral_share"),
        ("\"title\": V", "title"),
    ]

    /// -1 and null say that there is none, -2 and silence say nothing.
    @Test(arguments: volatile.indices)
    func threeStates(place: Int) throws {
        let (text, column) = Self.volatile[place]
        func value(_ written: String) throws -> Value {
            try bench.row("{\"asin\": \"B000000000\", \(text.replacing("V", with: written))}")[column]
        }
        let isTitle = column == "title"
        let isShare = column == "referral_share"
        let set: Value = switch column {
        case "price_now", "fulfilment": .money("3.5")
        case "referral_share": .money("3.5")
        case "title": .text("x")
        default: .integer(350)
        }
        #expect(try value(isTitle ? "\"x\"" : "350") == set)
        #expect(try value("null") == .null)
        if !isTitle { #expect(try value("-1") == .null) }
        // A share has no word for what was not asked for.
        if !isTitle, !isShare { #expect(try value("-2") == .kept, "\(column)") }
        #expect(try bench.row("{\"asin\": \"B000000000\"}")[column] == .kept)
        if text.hasPrefix("\"stats\"") {
            #expect(try bench.row("{\"asin\": \"B000000000\", \"stats\": null}")[column] == .kept)
        }
    }

    @Test func feesThatAreNullAreCleared() throws {
        #expect(try bench.row("{\"asin\": \"B000000000\", \"fbaFees\": null}")["fulfilment"] == .null)
        #expect(try bench.row("{\"asin\": \"B000000000\", \"fbaFees\": {}}")["fulfilment"] == .kept)
        // The whole percentage where the exact one is not told.
        let whole = "{\"asin\": \"B000000000\", \"referralFeePercentage\": null, \"referralFeePercent\": 15}"
        #expect(try bench.row(whole)["referral_share"] == .money("0.15"))
    }

    @Test func historiesAreOfHeavyAnswersOnly() throws {
        let without = "{\"asin\": \"B000000000\", \"title\": \"x\", \"csv\": null}"
        for column in ["list_at", "avg_1yr", "seasonality"] {
            #expect(try bench.row(without, .light)[column] == .kept)
            #expect(try bench.row(without, .heavy)[column] == .null)
            #expect(try bench.row(without, .heavy, .history)[column] == .null)
            #expect(try bench.row("{\"asin\": \"B000000000\"}", .heavy)[column] == .kept)
        }
        let history = try bench.row(without, .heavy, .history)
        for column in ["price_now", "sales_rank", "offers", "drops_30", "profit", "margin", "percent_down", "price_ships"] {
            #expect(history[column] == .null)
        }
        #expect(history["title"] == .text("x") && history["last_seen"] == .integer(KeepaBench.now))
    }

    /// Sets of figures by type, and what a buyer pays. All after new prices began to include shipping.
    @Test(arguments: [
        ([1: 1499, 18: 1499], "14.99", "new", 1), ([1: 1500, 18: 1499], "14.99", "buy_box", 1), ([2: 900, 1: 1499], "9", "used", 0),
        ([2: 700, 21: 900], "9", "used", 1), ([19: 1200, 21: 900, 32: 800], "8", "used", 1),
        ([20: 1499, 1: 1499, 18: 1499], "14.99", "used", 1),
        ([7: 500, 1: 499, 10: 600], "4.99", "new", 1), ([10: 600], "6", "new", 1), ([0: 100], nil, nil, nil), ([1: 0], "0", "new", 1),
    ] as [([Int: Int], String?, String?, Int64?)])
    func theCheapestIsNow(current: [Int: Int], price: String?, from: String?, ships: Int64?) throws {
        for count in [34, 36] {
            let row = try bench.row(KeepaBench.product("B000000000", current: current, count: count))
            #expect(row["price_now"] == price.map(Value.money) ?? .null)
            #expect(row["price_from"] == from.map(Value.text) ?? .null)
            #expect(row["price_ships"] == ships.map(Value.integer) ?? .null)
        }
    }

    @Test func newWithoutShippingIsOfLongAgo() throws {
        let edge = (KeepaPrice.newIncludesShippingFrom + KeepaHistory.epoch) * 60
        #expect(edge == Int64(LocalDate(year: 2026, month: 2, day: 16)!.daysSince1970) * 86_400)
        let text = KeepaBench.product("B000000000", current: [1: 499, 7: 700])
        let (before, since) = (try bench.row(text, at: edge - 60), try bench.row(text, at: edge))
        #expect(before["price_now"] == .money("7") && before["price_ships"] == .integer(1))
        #expect(since["price_now"] == .money("4.99") && since["price_ships"] == .integer(1))
        let alone = try bench.row(KeepaBench.product("B000000000", current: [1: 499]), at: edge - 60)
        #expect(alone["price_now"] == .money("4.99") && alone["price_ships"] == .integer(0))
    }

    /// What stands in `stats` beside the figures by type.
    @Test func theBuyBoxAside() throws {
        func row(_ stats: String, _ current: [Int: Int] = [:]) throws -> [Value] {
            try bench.row(KeepaBench.product("B000000000", current: current, stats: stats))
        }
        #expect(try row("\"buyBoxPrice\": 1000, \"buyBoxShipping\": 299")["price_now"] == .money("12.99"))
        let alone = try row("\"buyBoxPrice\": 1000, \"buyBoxShipping\": -1")
        #expect(alone["price_now"] == .money("10") && alone["price_ships"] == .integer(0))
        #expect(try row("\"buyBoxPrice\": 1, \"buyBoxShipping\": 0", [18: 500])["price_now"] == .money("5"))
        #expect(try row("\"buyBoxPrice\": -2, \"buyBoxShipping\": -2")["price_now"] == .null)
    }

    /// Some sources are not asked for: those that are tell. Where none is, what was known stays.
    @Test func pricesOfWhichSomeAreNotAskedFor() throws {
        let unasked = Dictionary(uniqueKeysWithValues: (0..<36).map { ($0, -2) })
        func price(_ current: [Int: Int]) throws -> Value {
            try bench.row(KeepaBench.product("B000000000", current: unasked.merging(current) { $1 }))["price_now"]
        }
        #expect(try price([:]) == .kept)
        #expect(try price([1: 800]) == .money("8"))
        #expect(try price([1: -1]) == .null)
    }

    @Test func offersAreOfAllConditions() throws {
        func offers(_ current: [Int: Int], _ stats: String) throws -> Value {
            try bench.row(KeepaBench.product("B000000000", current: current, stats: stats))["offers"]
        }
        #expect(try offers([11: 2, 12: 3], "\"totalOfferCount\": 9") == .integer(9))
        #expect(try offers([11: 2, 12: 3], "") == .integer(5))
        #expect(try offers([12: 1], "\"totalOfferCount\": -2") == .integer(1))
        #expect(try offers([:], "") == .null)
        #expect(try offers([11: 0], "") == .integer(0))
    }

    @Test func yenHaveNoCents() throws {
        let japan = KeepaBench(Keepa.Options(domain: .cojp))
        #expect(try japan.row(KeepaBench.product("B000000000"))["price_now"] == .money("1499"))
        #expect(japan.dataset.unit == "JPY")
    }

    @Test func whatIsKeptIsTakenFromTheRowBefore() throws {
        let schema = Keepa.schema(bench.options)
        let before = try bench.row(
            KeepaBench.product(
                "B000000000", current: [1: 1000, 3: 9], beside: ", \"fbaFees\": {\"pickAndPackFee\": 300}, \"referralFeePercentage\": 15"))
        var known = before
        (known[Keepa.Column.listAt], known[Keepa.Column.average]) = (.money("30"), .money("20"))
        known[Keepa.Column.seasonality] = .text("May")
        known = schema.carry!(nil, known)
        #expect(known["profit"] == .money("12.5") && known["margin"] == .money("0.4167") && known["percent_down"] == .money("0.5"))
        let light = try bench.row("{\"asin\": \"B000000000\", \"stats\": {\"current\": [-1, 800]}}")
        let whole = schema.carry!(known, light)
        #expect(!whole.contains(.kept) && whole["price_now"] == .money("8") && whole["sales_rank"] == .integer(9))
        #expect(whole["list_at"] == .money("30") && whole["seasonality"] == .text("May") && whole["title"] == .text("A thing"))
        #expect(whole["profit"] == .money("14.5") && whole["percent_down"] == .money("0.6"))
        #expect(schema.carry!(known, whole) == whole && schema.merge!(known, whole) == whole)
        // Nothing was known: null, never zero.
        let first = schema.carry!(nil, light)
        #expect(!first.contains(.kept) && first["list_at"] == .null && first["profit"] == .null && first["sales_rank"] == .null)
        // A price that is gone takes with it what follows from it.
        let gone = schema.carry!(known, try bench.row("{\"asin\": \"B000000000\", \"stats\": {\"current\": [-1, -1]}}"))
        for column in ["price_now", "price_from", "price_ships", "profit", "margin", "percent_down"] { #expect(gone[column] == .null) }
        #expect(gone["list_at"] == .money("30"))
    }
}
