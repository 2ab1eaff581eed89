import Bytes
import Testing

@testable import Sandbox

/// The bucket of one key, asked at instants of its own; times in seconds.
private final class Purse {
    private var buckets: KeepaBuckets

    init(_ rate: Int, phase: Int64 = 0) { buckets = KeepaBuckets(KeepaPlan(refillRate: rate, price: 1), phase: phase) }

    func left(_ now: Double) -> Int { buckets.settled("a", now: Int64(now * 1_000)).left }
    func refillIn(_ now: Double) -> Int64 { buckets.settled("a", now: Int64(now * 1_000)).refillIn(now: Int64(now * 1_000)) }
    func admits(_ now: Double) -> Bool { buckets.admits("a", now: Int64(now * 1_000)) }
    func take(_ cost: Int, _ now: Double) { buckets.take(cost, of: "a", now: Int64(now * 1_000)) }
    func change(_ json: String, _ now: Double) throws { try buckets.change(by: Array(json.utf8), now: Int64(now * 1_000)) }
    func told(_ now: Double) throws -> JSONValue { try JSONValue(parsing: buckets.json(now: Int64(now * 1_000))) }
}

@Suite struct KeepaBucketTests {
    @Test func stepsComeOnceAMinuteUpToAnHour() {
        let purse = Purse(5)
        #expect(purse.left(0) == 300)
        purse.take(20, 1)
        #expect(purse.left(59.999) == 280 && purse.left(60) == 285 && purse.left(179.999) == 290 && purse.left(900_000) == 300)
        #expect(purse.refillIn(900_012.345) == 47_655)
        let late = Purse(5, phase: 40_000)
        late.take(20, 0)
        #expect(late.left(19.999) == 280 && late.left(20) == 285 && late.refillIn(20) == 60_000)
    }

    @Test func whoHasOneMayLeaveItNegative() throws {
        let purse = Purse(5)
        try purse.change(#"{"tokens_left":11}"#, 0)
        #expect(purse.admits(0))
        purse.take(30, 0)
        #expect(purse.left(0) == -19 && !purse.admits(0))
        purse.take(1, 0)
        // At nothing it is still refused.
        #expect(!purse.admits(240) && purse.left(240) == 0 && purse.admits(300))
        let told = try purse.told(300)
        #expect(told["lowest"]?.int == -20 && told["consumed"]?.int == 31 && told["refused"]?.int == 2 && told["tokens_left"]?.int == 5)
    }

    @Test func planChangesWhileItRuns() throws {
        let purse = Purse(5)
        purse.take(300, 0)
        // Ten minutes by the old plan, two by the new one.
        try purse.change(#"{"refill_rate":25}"#, 600)
        #expect(purse.left(600) == 50 && purse.left(720) == 100 && purse.left(7_200) == 1_500)
        try purse.change(#"{"refill_rate":5,"token_flow_reduction":0.9}"#, 7_200)
        #expect(purse.left(7_200) == 300)
        purse.take(300, 7_200)
        #expect(purse.left(7_800) == 41)
        for bad in [#"{"refill_rate":0}"#, #"{"refill_rate":10001}"#, #"{"price":-1}"#, #"{"tokens_left":1.5}"#, #"{"x":1}"#, "[]"] {
            #expect(throws: Sandbox.Faults.Refused.self, "\(bad)") { try purse.change(bad, 0) }
        }
    }

    @Test func clientsOfAKeyShareIt() throws {
        let desk = try makeKeepa { $0.keepa.refillRate = 1 }
        let asins = someASINs(70)
        #expect(try desk.products(Array(asins[..<40])).left == 20)
        let second = try desk.products(Array(asins[40...]))
        #expect(second.consumed == 30 && second.left == -10)
        let refused = try KeepaPage(desk.keepaAnswer(asins), 429)
        #expect(refused.consumed == 0 && refused.left == -10 && refused.products.isEmpty && refused.error != nil)
        #expect(try desk.products(asins, key: "other").left == -10)
        let token = try KeepaPage(desk.polygonAnswer("/keepa/token?key=k"))
        #expect(token.left == -10 && token.consumed == 0 && token.body["refillRate"]?.int == 1 && token.error == nil)
        let told = try desk.plan(#"{"tokens_left":7,"price":2}"#)
        #expect(told["lowest"]?.int == -10 && told["consumed"]?.int == 140 && told["refused"]?.int == 1 && told["keys"]?.int == 2)
        let dearer = try desk.products(["B0TEST0001"])
        #expect(dearer.consumed == 2 && dearer.left == 5)
    }
}
