import Foundation
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Calls for products")
struct KeepaExchangeTests {
    let bench = KeepaBench()

    /// Serves every product that is asked for, but for those of which `but` knows something else.
    private func serve(_ request: UpstreamRequest, at instant: Int64 = KeepaBench.now, but: [String: [String]] = [:]) -> String {
        let asins = request["asin"]!.split(separator: ",").map(String.init)
        return KeepaBench.answer(asins.reversed().flatMap { but[$0] ?? [KeepaBench.product($0)] }, at: instant)
    }

    @Test func aRequestSaysWhatIsWantedAndNoMore() throws {
        func first(_ options: Keepa.Options, _ shape: Keepa.Shape) -> UpstreamRequest {
            let bench = KeepaBench(options)
            var call = bench.call(bench.order(shape, ["B0D8W1YVBX", "1886940606"]))
            return call.start()[0]
        }
        let light = first(Keepa.Options(), .light)
        #expect(light.path == "/product" && light.subjects == 2 && light.isDoubtful)
        #expect(light.query.map(\.name) == ["domain", "asin", "stats", "history"])
        #expect(light["asin"] == "B0D8W1YVBX,1886940606" && light["domain"] == "1" && light["stats"] == "180" && light["history"] == "0")
        let heavy = first(Keepa.Options(domain: .cojp, buybox: true), .heavy)
        #expect(heavy["domain"] == "5" && heavy["history"] == "1" && heavy["days"] == "1100" && heavy["buybox"] == "1")
        let offers = first(Keepa.Options(offers: 20, buybox: true), .light)
        #expect(offers["offers"] == "20" && offers["only-live-offers"] == "1" && offers["buybox"] == nil)
    }

    @Test(arguments: [(250, Int.max, 100), (7, 3, 3), (5, 1, 1), (100, 100, 100)])
    func requestsNameNoMoreThanTheBudgetBears(products: Int, atOnce: Int, most: Int) throws {
        let asins = KeepaBench.asins(products)
        let outcome = try carryOut(bench.call(bench.order(.light, asins, atOnce: atOnce))) { serve($0) }
        #expect(outcome.requests.count == (products + most - 1) / most && outcome.requests.allSatisfy { $0.subjects <= most })
        #expect(outcome.requests.flatMap { $0["asin"]!.split(separator: ",").map(String.init) } == asins)
        #expect(outcome.rows.count == products && outcome.isProved && outcome.unanswered.isEmpty)
        #expect(Set(outcome.rows.map(\.series)) == Set(0..<products))
    }

    @Test func aHeavyCallFillsBothGroupsEachInItsSlot() throws {
        let order = bench.order(.heavy, ["B0D8W1YVBX"])
        let outcome = try carryOut(bench.call(order)) { serve($0) }
        #expect(outcome.rows.map(\.series) == [0, 1] && outcome.isProved && outcome.witnessed == order.periods)
        for row in outcome.rows {
            let slot = bench.dataset.slots(of: order.series[row.series], in: order.periods)
            #expect(slot.count == 1 && bench.dataset.instants(of: slot, of: order.series[row.series]).lowerBound == row.time)
        }
        #expect(outcome.rows[0].values["price_now"] == .money("14.99"))
        #expect(outcome.rows[1].values["price_now"] == .null && outcome.rows[1].values["title"] == .text("A thing"))
    }

    @Test func missingStubbedDoubledAndStrangeProducts() throws {
        let asins = KeepaBench.asins(6)
        let late = KeepaBench.product(asins[2], current: [1: 700], updated: 200)
        let early = KeepaBench.product(asins[2], current: [1: 600], updated: 100)
        let stub = "{\"asin\": \"\(asins[1])\", \"title\": null, \"csv\": null, \"stats\": null}"
        let outcome = try carryOut(bench.call(bench.order(.light, asins))) { request in
            serve(request, but: [
                asins[0]: [], asins[1]: [stub], asins[2]: [late, early],
                asins[3]: [KeepaBench.product(asins[3]), KeepaBench.product(asins[3], current: [1: 900])],
                asins[4]: [KeepaBench.product(asins[4]), KeepaBench.product("XXXXXXXXXX")],
                asins[5]: request.attempt == 0 ? ["null"] : [KeepaBench.product(asins[5])],
            ])
        }
        // Those that were left out are asked for once more; the one that comes then has its row, the other is not known.
        #expect(outcome.requests.count == 2 && outcome.requests[1].attempt == 1)
        #expect(outcome.requests[1]["asin"] == "\(asins[0]),\(asins[5])" && outcome.requests[1].subjects == 2)
        let prices = Dictionary(uniqueKeysWithValues: outcome.rows.map { ($0.series, $0.values["price_now"]) })
        #expect(prices == [2: .money("7"), 3: .money("9"), 4: .money("14.99"), 5: .money("14.99")])
        #expect(outcome.isProved && outcome.unanswered.isEmpty && outcome.dropped == 4)
        #expect(outcome.end == .proved("4 of 6 products were told of, 2 are not known to the upstream"))
    }

    @Test func aFieldOfAWrongTypeRefusesItsProductOnly() throws {
        let asins = KeepaBench.asins(4)
        let bad = [
            KeepaBench.product(asins[0]).replacingOccurrences(of: "\"current\": [", with: "\"current\": [\"x\","),
            KeepaBench.product(asins[1], beside: ", \"title\": 7"),
            KeepaBench.product(asins[2], stats: "\"salesRankDrops30\": 1.5"),
        ]
        let outcome = try carryOut(bench.call(bench.order(.light, asins))) {
            serve($0, but: [asins[0]: [bad[0]], asins[1]: [bad[1]], asins[2]: [bad[2]]])
        }
        #expect(outcome.rows.map(\.series) == [3] && outcome.isProved && outcome.unanswered.isEmpty)
        let reasons = Dictionary(uniqueKeysWithValues: outcome.quarantined.map { ($0.series, $0.reason) })
        #expect(reasons == [
            0: "wrong type of stats.current", 1: "wrong type of title", 2: "wrong type of stats.salesRankDrops30",
        ])
        #expect(outcome.quarantined.allSatisfy { $0.time == outcome.rows[0].time && $0.record.hasPrefix("{\"asin\": \"B00") })
    }

    /// The second of two halves of a slot's length later: the row is of the slot in which the upstream answered.
    @Test func anAnswerOfTheNextSlotSaysNothingOfTheOneBefore() throws {
        let order = bench.order(.light, ["B0D8W1YVBX"])
        let end = bench.dataset.periods.end(of: order.periods.lowerBound)
        let late = bench.order(.light, ["B0D8W1YVBX"], now: end - 5, planned: end - 5)
        let outcome = try carryOut(bench.call(late)) { serve($0, at: end + 10) }
        #expect(outcome.rows.map(\.time) == [end] && outcome.unanswered == [0] && outcome.isProved)
        // A clock that is far off is not believed.
        let lost = try carryOut(bench.call(late)) { serve($0, at: end + 90_000) }
        #expect(lost.rows.map(\.time) == [bench.dataset.periods.start(of: order.periods.lowerBound)] && lost.unanswered.isEmpty)
        #expect(lost.rows[0].values["last_seen"] == .integer(end - 5))
        // A period that passed while the call waited: asked for is what is no more.
        let old = bench.order(.light, ["B0D8W1YVBX"], now: end + 5, planned: end - 5)
        let passed = try carryOut(bench.call(old)) { serve($0, at: end + 6) }
        #expect(passed.rows.map(\.time) == [end] && passed.unanswered == [0])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func refusedProductsAreFoundByHalves(seed: UInt64) throws {
        var random = Seeded(seed, isTold: false)
        let asins = KeepaBench.asins(60)
        let bad = Set((0..<(1 + random.below(4))).map { _ in asins[random.below(60)] })
        let outcome = try carryOut(
            bench.call(bench.order(.light, asins)), pick: { random.below($0) }, cause: { _ in .badRequest }
        ) { request in
            bad.contains { request["asin"]!.contains($0) } ? nil : serve(request)
        }
        #expect(outcome.isProved && outcome.unanswered.isEmpty && outcome.rows.count == 60 - bad.count, "seed \(seed)")
        #expect(Set(outcome.quarantined.map { asins[$0.series!] }) == bad, "seed \(seed)")
        #expect(outcome.quarantined.allSatisfy { $0.reason == "refused by the upstream" && $0.time == outcome.rows[0].time })
        #expect(Set(outcome.requests).count == outcome.requests.count, "no two requests are alike")
    }

    /// Where it is not for the products, it is not asked product by product.
    @Test func aCallThatIsRefusedWhateverItNamesEndsSoon() throws {
        let outcome = try carryOut(bench.call(bench.order(.light, KeepaBench.asins(100))), cause: { _ in .badRequest }) { _ in nil }
        #expect(outcome.isUnproved && outcome.rows.isEmpty && outcome.quarantined.isEmpty && outcome.requests.count <= 32)
        let one = try carryOut(bench.call(bench.order(.heavy, ["B0D8W1YVBX"])), cause: { _ in .badRequest }) { _ in nil }
        #expect(one.quarantined.map(\.series) == [0, 1] && one.rows.isEmpty)
    }

    @Test func whatWasNotAnsweredStaysMissing() throws {
        let asins = KeepaBench.asins(4)
        let outcome = try carryOut(bench.call(bench.order(.light, asins, atOnce: 2))) { request in
            request["asin"]!.contains(asins[0]) ? nil : serve(request)
        }
        #expect(outcome.isUnproved && outcome.unanswered == [0, 1] && Set(outcome.rows.map(\.series)) == [2, 3])
        #expect(outcome.witnessed?.count == 1)
        // Where nothing came at all, nothing is said: the call is made again.
        let none = try carryOut(bench.call(bench.order(.light, asins))) { _ in nil }
        #expect(none.isUnproved && none.unanswered.isEmpty && none.witnessed == nil)
        // The quota is waited for.
        var tries = 0
        let throttled = try carryOut(bench.call(bench.order(.light, asins)), cause: { _ in .throttled(retryAfterSeconds: nil) }) {
            tries += 1
            return tries < 4 ? nil : serve($0)
        }
        #expect(throttled.isProved && throttled.rows.count == 4 && Set(throttled.requests).count == 4)
    }

    @Test(arguments: [
        "", "<html>", "[]", "{}", "{\"products\": 7}", "{\"timestamp\": 1, \"tokensLeft\": 5}", "{\"products\": [{\"asin\": \"B0\"}]}",
        "{\"products\": [], \"products\": []}", "{\"products\": [{\"asin\": \"B000000000\", \"title\": \"x",
        "{\"error\": {\"type\": \"SOMETHING\"}, \"products\": []}", String(repeating: "[", count: 100_000),
        "{\"products\": [" + String(repeating: "[", count: 100_000),
    ])
    func whatIsNoAnswerIsADefectAndLeavesTheCallAsItWas(body: String) throws {
        var call = bench.call(bench.order(.light, ["B000000000"]))
        let request = call.start()[0]
        #expect(throws: AnswerDefect.self) { try call.received(UpstreamAnswer(body: Array(body.utf8)), to: request) }
        let step = try call.received(UpstreamAnswer(body: Array(KeepaBench.answer([KeepaBench.product("B000000000")]).utf8)), to: request)
        #expect(step.rows.count == 1 && step.end != nil)
    }

    @Test(arguments: [
        ("NOT_ENOUGH_TOKEN", FailureClass.throttled(retryAfterSeconds: nil)), ("PAYMENT_REQUIRED", .refused),
        ("REQUEST_REJECTED", .badRequest), ("INTERNAL_SERVER_ERROR", .server), ("invalidParameter", .badRequest),
    ])
    func errorsAreToldByTheirWord(word: String, kind: FailureClass) throws {
        let body = "{\"timestamp\": 1, \"error\": {\"type\": \"\(word)\", \"message\": \"the key abcdef0123456789\", \"details\": null}}"
        let defect = #expect(throws: AnswerDefect.self) { try KeepaAnswer(Array(body.utf8), withHistory: false) }
        #expect(defect?.kind == kind && defect?.reason.contains("abcdef") == false && defect?.reason.contains(word) == true)
    }

    @Test func aTitleThatWasCutWithinACharacterIsMended() throws {
        let body = KeepaBench.answer([KeepaBench.product("B000000000", title: "cut \\ud83d")])
        let outcome = try carryOut(bench.call(bench.order(.light, ["B000000000"]))) { _ in body }
        #expect(outcome.rows[0].values["title"] == .text("cut \u{FFFD}") && KeepaEnvelope.read(Array(body.utf8))?.left == 94)
    }

    @Test func anOrderThatCannotBeMeantAsksForNothing() {
        let key = SeriesKey(["B000000000", "current"])
        for order in [
            CallOrder(shape: "other", series: [key], periods: 0..<1), CallOrder(shape: "light", series: [], periods: 0..<1),
            CallOrder(shape: "light", series: [key], periods: 0..<2),
            CallOrder(shape: "light", series: [SeriesKey(["B000000000", "offers"])], periods: 0..<1),
        ] {
            var call = bench.call(order)
            #expect(call.start().isEmpty)
        }
    }
}
