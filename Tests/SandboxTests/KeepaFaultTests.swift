import Bytes
import Testing

@testable import Sandbox

@Suite struct KeepaFaultTests {
    private let asins = someASINs(12)

    @Test func everyFaultIsSetShownAndTakenBack() throws {
        let desk = try makeKeepa()
        desk.setKeepa(#"""
            {"http_429_rate":0.1,"http_500_rate":0.2,"http_503_rate":0.3,"timeout_rate":0.4,"reset_rate":0.5,"truncated_rate":0.6,
            "stall_rate":0.7,"garbage_rate":0.8,"garbage":["bom","nul"],"shuffled_rate":0.9,"missing_rate":0.1,"doubled_rate":0.2,
            "stub_rate":0.3,"wrong_type_rate":0.4,"failed_offers_rate":0.5,"unknown_rate":0.6,"latency_ms":7,"offers_latency_ms":8,
            "stall_ms":9,"max_asins":10,"key_refused":true,"bad_asin":"unknown","unknown":["A"],"poison":["B"],"broken":["C"]}
            """#)
        let shown = desk.service.faults.json
        var again = Sandbox.Faults()
        try again.change(by: shown)
        #expect(again.json == shown && again.keepa == desk.keepa.faults && again.keepa.poison == ["B"])
        for bad in [#"{"x":1}"#, #"{"stub_rate":2}"#, #"{"bad_asin":"x"}"#, #"{"broken":[1]}"#] {
            #expect(desk.putFaults(#"{"keepa":\#(bad)}"#) == 400, "\(bad)")
        }
        #expect(desk.answer("DELETE", Question(path: "/_sandbox/faults", query: [])).status == 200 && !desk.keepa.faults.keyRefused)
    }

    @Test func answersLackAndRepeatProducts() throws {
        let desk = try makeKeepa()
        #expect(try desk.products(asins, "&history=0").asins == asins)
        desk.setKeepa(#"{"shuffled_rate":1}"#)
        let mixed = try desk.products(asins).asins
        #expect(mixed != asins && mixed.sorted() == asins)
        desk.setKeepa(#"{"shuffled_rate":0,"missing_rate":0.3}"#)
        let some = try desk.products(asins)
        #expect((1..<12).contains(some.asins.count) && some.consumed == 12)
        desk.setKeepa(#"{"missing_rate":0,"doubled_rate":0.3}"#)
        let more = try desk.products(asins)
        #expect(more.asins.count > 12 && Set(more.asins).count == 12 && more.consumed == 12)
        desk.setKeepa(#"{"doubled_rate":0,"stub_rate":0.3}"#)
        let stubs = try desk.products(asins).products.filter { $0["title"]?.isNull == true }
        #expect((1..<12).contains(stubs.count) && stubs.allSatisfy { $0["productType"]?.int == 3 && $0["stats"]?.isNull == true })
    }

    @Test func oneBrokenRecordStandsAmongGoodOnes() throws {
        let desk = try makeKeepa()
        desk.setKeepa(#"{"broken":["B0TEST0002"]}"#)
        var kinds = Set<String>()
        for _ in 0..<40 {
            let products = try desk.products(Array(asins[..<4]), "&stats=90").products
            for (place, product) in products.enumerated() {
                let broken = [
                    "title": product["title"]?.string == nil, "csv": product["csv"]?.array == nil, "stats": product["stats"]?.object == nil,
                    "lastUpdate": product["lastUpdate"]?.int == nil,
                ].filter(\.value).keys
                #expect(broken.count == (place == 2 ? 1 : 0))
                kinds.formUnion(broken)
            }
        }
        #expect(kinds == ["title", "csv", "stats", "lastUpdate"])
        desk.setKeepa(#"{"broken":[],"wrong_type_rate":1}"#)
        #expect(desk.keepaAnswer(asins).spoiled == 12)
    }

    @Test func wholeRequestsAreRefused() throws {
        let desk = try makeKeepa()
        func refused(_ asins: [String], _ query: String = "", _ status: Int = 400) throws {
            let page = try KeepaPage(desk.keepaAnswer(asins, query), status)
            #expect(page.consumed == 0 && page.error != nil && page.body["products"] == nil, "\(query)")
        }
        let many = someASINs(101)
        #expect(try desk.products(Array(many.dropLast())).asins.count == 100)
        for asins in [many, [], ["B0TEST000"], ["b0test0001"], ["B0TEST0001", "B0TEST-001"]] { try refused(asins) }
        for query in ["&offers=19", "&offers=101", "&history=2", "&stats=x", "&stats=2025-06-02,2025-06-01", "&days=0", "&update=-2"] {
            try refused(["B0TEST0001"], query)
        }
        #expect(try KeepaPage(desk.polygonAnswer("/keepa/product?key=k&domain=7&asin=B0TEST0001"), 400).error != nil)
        #expect(try desk.product("B0TEST0001", "&stats=2025-06-01,2025-06-05")["stats"]?["avg"]?.array != nil)
        desk.setKeepa(#"{"max_asins":null,"bad_asin":"unknown","poison":["B0TEST0003"]}"#)
        #expect(try desk.products(["B0TEST0001", "B0TEST000"]).asins.first == "B0TEST0001")
        try refused(["B0TEST0001", "B0TEST0003"])
        #expect(try KeepaPage(desk.polygonAnswer("/keepa/deal?key=k"), 404).error != nil)
        desk.setKeepa(#"{"key_refused":true}"#)
        try refused(["B0TEST0001"], "", 402)
        #expect(try KeepaPage(desk.polygonAnswer("/keepa/token?key=k"), 402).left == 0)
        let keyed = try makeKeepa { $0.keys = ["right-one"] }
        #expect(keyed.keepaAnswer(asins, key: "wrong").status == 402 && keyed.keepaAnswer(asins, key: "right-one").status == 200)
    }

    @Test func wireGoesWrong() throws {
        let desk = try makeKeepa()
        let full = try desk.products(asins).left
        for (fault, status) in [("http_429_rate", 429), ("http_500_rate", 500)] {
            desk.setKeepa(#"{"\#(fault)":1}"#)
            let answer = desk.keepaAnswer(asins)
            #expect(answer.status == status && answer.body.isEmpty)
            desk.setKeepa(#"{"\#(fault)":0}"#)
        }
        desk.setKeepa(#"{"http_503_rate":1}"#)
        #expect(desk.keepaAnswer(asins).status == 503 && desk.keepaAnswer(asins).type == "text/html")
        desk.setKeepa(#"{"http_503_rate":0,"timeout_rate":1}"#)
        #expect(desk.keepaAnswer(asins).status == 0)
        desk.setKeepa(#"{"timeout_rate":0,"reset_rate":1}"#)
        #expect(desk.keepaAnswer(asins).isBroken)
        desk.setKeepa(#"{"reset_rate":0,"truncated_rate":1}"#)
        #expect(desk.keepaAnswer(asins).isCut)
        // What never came was paid for as well.
        desk.setKeepa(#"{"truncated_rate":0,"stall_rate":1,"stall_ms":40,"offers_latency_ms":20000}"#)
        let slow = desk.keepaAnswer(["B0TEST0001"], "&offers=20")
        #expect((2_040...20_040).contains(slow.pause) && desk.keepaAnswer(["B0TEST0001"]).pause == 40)
        desk.setKeepa(#"{"stall_rate":0}"#)
        #expect(try desk.products(asins).left < full - 2 * 12 - 12)
        for kind in Sandbox.Faults.Garbage.allCases {
            desk.setKeepa(#"{"garbage_rate":1,"garbage":["\#(kind.rawValue)"]}"#)
            let answer = desk.keepaAnswer(asins, "&history=0")
            let products = (try? JSONValue(parsing: answer.body))?["products"]?.array
            #expect(answer.status == 200 && products == nil && answer.rows == 0, "\(kind)")
        }
    }

    @Test func whatIsHeldIsCounted() throws {
        let desk = try makeKeepa()
        func kept(_ desk: Desk, _ period: Int, _ anchor: Int = 0) throws -> JSONValue {
            try JSONValue(parsing: desk.get("/_sandbox/keepa/kept", [
                "from": "2025-06-11", "to": "2025-06-12", "period": "\(period)", "anchor": "\(anchor)",
            ]).body)
        }
        _ = try desk.products(asins)
        _ = try desk.products(asins)
        desk.setKeepa(#"{"missing_rate":1}"#)
        _ = try desk.products(["B0TEST0099"])
        desk.setKeepa(#"{"missing_rate":0,"stub_rate":1}"#)
        _ = try desk.products(["B0TEST0098"])
        let told = try kept(desk, 21_600)
        #expect(told["asins"]?.int == 14 && told["periods"]?.int == 4 && told["kept"]?.int == 12)
        #expect(told["by_period"]?.ints == [0, 0, 12, 0])
        // 14:30 lies in the third six hours, and in the second of those that begin at 02:00.
        let shifted = try kept(desk, 43_200, 7_200)
        #expect(shifted["periods"]?.int == 2 && shifted["by_period"]?.ints == [0, 12])
        var held = KeepaKept()
        for second: Int64 in [5, 99, 100, 350, 350, 401] { held.answer("A", at: second) }
        #expect(try JSONValue(parsing: held.json(0..<400, period: 100, anchor: 0))["by_period"]?.ints == [1, 1, 0, 1])
        #expect(try JSONValue(parsing: held.json(60..<360, period: 100, anchor: 50))["by_period"]?.ints == [0, 0, 1])
        #expect(desk.get("/_sandbox/keepa/kept", ["from": "2025-06-11", "to": "2025-06-12", "period": "0"]).status == 400)
    }
}
