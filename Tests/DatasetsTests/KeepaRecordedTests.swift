import Bytes
import Foundation
import Series
import TestSupport
import Testing

@testable import Datasets

/// What was recorded of the API, where the machine has it (`GAPLESS_REAL_DATA`).
@Suite("Recorded products")
struct KeepaRecordedTests {
    private static let whole = "api/product_B0D8W1YVBX_stats_buybox_rating_history.json"
    private static let object = "api/productobject_1886940606_offers_nohistory.json"
    private static let truncated = ["0425147681", "068911043X", "0713991429", "0824802063", "1433682508", "1576907503"]

    let bench = KeepaBench(Keepa.Options(buybox: true))

    private func rows(_ shape: Keepa.Shape, _ asin: String, _ body: [UInt8], at instant: Int64) throws -> [[Value]] {
        let outcome = try carryOut(bench.call(bench.order(shape, [asin], now: instant))) { _ in String(decoding: body, as: UTF8.self) }
        #expect(outcome.isProved && outcome.quarantined.isEmpty && outcome.dropped == 0 && outcome.unanswered.isEmpty)
        let carry = try #require(bench.dataset.table.schema.carry)
        return outcome.rows.map { carry(nil, $0.values) }
    }

    /// By hand: of 1105 falls of the rank in three years with a price 422 are of the last 365 days, at 8083.70 in all; of 21 monthly
    /// medians the 19th is 19.99. 19.99 - 14.99 - (19.99 * 0.1501 + 4.09) = -2.09.
    @Test func theWholeAnswer() throws {
        guard let body = try KeepaBench.recorded(Self.whole) else { return }
        let rows = try rows(.heavy, "B0D8W1YVBX", body, at: KeepaBench.now)
        #expect(rows.count == 2)
        let current = rows[0]
        #expect(current["price_now"] == .money("14.99") && current["price_from"] == .text("new"))
        #expect(current["price_ships"] == .integer(1))
        #expect(current["sales_rank"] == .integer(23) && current["drops_30"] == .integer(35) && current["offers"] == .integer(5))
        #expect(current["referral_share"] == .money("0.1501") && current["fulfilment"] == .money("4.09"))
        #expect(current["list_at"] == .money("19.99") && current["avg_1yr"] == .money("19.16"))
        #expect(current["seasonality"] == .text("all year"))
        #expect(current["profit"] == .money("-2.09") && current["margin"] == .money("-0.1046"))
        #expect(current["percent_down"] == .money("0.2176") && current["last_seen"] == .integer(1_778_386_768))
        guard case .text(let title) = current["title"] else { return #expect(Bool(false), "a title") }
        #expect(title.hasPrefix("EQQUALBERRY Vitamin Illuminating Serum"))
        #expect(rows[1]["list_at"] == .money("19.99") && rows[1]["price_now"] == .null && rows[1]["profit"] == .null)
    }

    /// A used book, with offers and without history. It was recorded when NEW did not include shipping yet.
    @Test func theLightObject() throws {
        guard let object = try KeepaBench.recorded(Self.object) else { return }
        let instant: Int64 = (7_833_124 + KeepaHistory.epoch) * 60
        let body = Array("{\"timestamp\": \(instant)000, \"products\": [".utf8) + object + Array("]}".utf8)
        let row = try #require(try rows(.light, "1886940606", body, at: instant).first)
        #expect(row["price_now"] == .money("22.43") && row["price_from"] == .text("used") && row["price_ships"] == .integer(1))
        #expect(row["sales_rank"] == .integer(287_187) && row["drops_30"] == .integer(3) && row["offers"] == .integer(1))
        #expect(row["title"] == .text("The Other Side of Suicide") && row["referral_share"] == .money("0.15"))
        #expect(row["fulfilment"] == .money("3.44") && row["list_at"] == .null && row["profit"] == .null && row["percent_down"] == .null)
    }

    /// What was learned of a product's history outlives light answers: they change what is volatile, what follows from it, and no more.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func aLightAnswerOverAHeavyOne(seed: UInt64) throws {
        guard let body = try KeepaBench.recorded(Self.whole) else { return }
        var random = Seeded(seed, isTold: false)
        let carry = try #require(bench.dataset.table.schema.carry)
        let heavy = try rows(.heavy, "B0D8W1YVBX", body, at: KeepaBench.now)[0]
        var product = try #require(
            (try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?["products"].flatMap { ($0 as? [[String: Any]])?.first })
        var stats = try #require(product["stats"] as? [String: Any])
        var current = try #require(stats["current"] as? [Int])
        let (price, rank, drops, offers) = (1 + random.below(5000), 1 + random.below(99), random.below(90), random.below(20))
        (current[1], current[18], current[3]) = (price, price + 1, rank)
        (stats["current"], stats["salesRankDrops30"], stats["totalOfferCount"]) = (current, drops, offers)
        (product["stats"], product["csv"], product["salesRanks"]) = (stats, NSNull(), nil)
        if random.chance(50) { product["fbaFees"] = nil }
        if random.chance(50) { (product["referralFeePercent"], product["referralFeePercentage"]) = (nil, nil) }
        let later = KeepaBench.now + 200_000
        let answer: [String: Any] = ["timestamp": later * 1000, "products": [product]]
        let text = Array(try JSONSerialization.data(withJSONObject: answer))
        let order = bench.order(.light, ["B0D8W1YVBX"], now: later)
        let outcome = try carryOut(bench.call(order)) { _ in String(decoding: text, as: UTF8.self) }
        let row = carry(heavy, try #require(outcome.rows.first).values)
        let expected: [String: Value] = [
            "price_now": .decimal(Decimal(mantissa: Int64(price), scale: 2)!), "sales_rank": .integer(Int64(rank)),
            "drops_30": .integer(Int64(drops)), "offers": .integer(Int64(offers)), "last_seen": .integer(later),
        ]
        for (name, value) in expected { #expect(row[name] == value, "seed \(seed)") }
        let changing = Set(expected.keys).union(["profit", "margin", "percent_down", "price_from", "price_ships"])
        for column in bench.dataset.table.schema.columns where !changing.contains(column.name) {
            #expect(row[column.name] == heavy[column.name], "\(column.name), seed \(seed)")
        }
        // 19.99 less 15.01 % and 4.09 is 12.899501.
        let profit = (Decimal("12.899501")! - Decimal(mantissa: Int64(price), scale: 2)!)?.rounded(to: 2)
        #expect(row["profit"] == profit.map(Value.decimal), "seed \(seed)")
    }

    @Test(arguments: truncated)
    func whatWasCutOffIsADefect(asin: String) throws {
        guard let cut = try KeepaBench.recorded("truncated/product_\(asin).truncated.json.txt") else { return }
        var call = bench.call(bench.order(.heavy, [asin]))
        let request = call.start()[0]
        for body in [cut, Array("{\"timestamp\": 1, \"products\": [".utf8) + cut, Array("{\"products\": [".utf8) + cut + Array("]}".utf8)] {
            let defect = #expect(throws: AnswerDefect.self) { try call.received(UpstreamAnswer(body: body), to: request) }
            #expect(defect?.kind == .malformed)
        }
        let good = KeepaBench.answer([KeepaBench.product(asin)])
        #expect(try call.received(UpstreamAnswer(body: Array(good.utf8)), to: request).rows.count == 2)
    }

    /// Wherever the recorded answer ends early it is a defect, never a trap and never an answer.
    @Test func anyPrefixIsADefect() throws {
        guard let body = try KeepaBench.recorded(Self.whole) else { return }
        var random = Seeded(7)
        for _ in 0..<40 {
            let cut = Array(body.prefix(random.below(body.count - 2)))
            #expect(throws: AnswerDefect.self) { try KeepaAnswer(cut, withHistory: true) }
            #expect(KeepaEnvelope.read(cut) == nil)
        }
    }
}
