import Bytes
import Series
import Testing

@testable import Datasets

@Suite("What a product earns")
struct KeepaMoneyTests {
    private func row(_ values: [Int: Value]) -> [Value] {
        (0..<Keepa.Column.count).map { values[$0] ?? .null }
    }

    private func derived(_ values: [Int: Value], _ rates: Keepa.Rates = Keepa.Rates(), _ domain: Keepa.Domain = .com) -> [Value] {
        var row = row(values)
        KeepaMoney(Keepa.Options(domain: domain, rates: rates)).derive(&row)
        return row
    }

    /// 10 to buy, 40 to sell, a year's mean of 16; the marketplace takes 15 % and 3.50.
    private let usual: [Int: Value] = [
        Keepa.Column.priceNow: .money("10"), Keepa.Column.listAt: .money("40"), Keepa.Column.average: .money("16"),
        Keepa.Column.referral: .money("0.15"), Keepa.Column.fulfilment: .money("3.5"), Keepa.Column.priceShips: .integer(1),
    ]
    private let rates = Keepa.Rates(tax: Decimal("0.07")!, preparation: Decimal("1.25")!, shipping: Decimal("4")!)

    @Test func byHand() {
        // 40 - 10 - (6 + 3.50) = 20.50
        let plain = derived(usual)
        #expect(plain["profit"] == .money("20.5") && plain["margin"] == .money("0.5125") && plain["percent_down"] == .money("0.375"))
        // 40 - (10.70 + 1.25) - 9.50 = 18.55
        #expect(derived(usual, rates)["profit"] == .money("18.55"))
        // and 4 more where the price is without shipping.
        #expect(derived(usual.merging([Keepa.Column.priceShips: .integer(0)]) { $1 }, rates)["profit"] == .money("14.55"))
        // Rates of one's own go before the answer's: 40 - 10 - (4 + 2)
        let own = Keepa.Rates(referral: Decimal("0.1")!, fulfilment: Decimal("2")!)
        #expect(derived(usual, own)["profit"] == .money("24"))
        let untold = usual.merging([Keepa.Column.referral: .null, Keepa.Column.fulfilment: .kept]) { $1 }
        #expect(derived(untold, own)["profit"] == .money("24") && derived(untold)["profit"] == .null)
        // A loss is a loss: 5 - 10 - (0.75 + 3.50)
        let loss = derived(usual.merging([Keepa.Column.listAt: .money("5")]) { $1 })
        #expect(loss["profit"] == .money("-9.25") && loss["margin"] == .money("-1.85"))
        #expect(derived(usual.merging([Keepa.Column.priceNow: .money("20")]) { $1 })["percent_down"] == .money("-0.25"))
    }

    @Test func roundingIsHalfEvenToTheCurrency() {
        // 40 - 10 - (40 * 0.150125 + 3.50) = 20.495
        let odd = usual.merging([Keepa.Column.referral: .money("0.150125")]) { $1 }
        #expect(derived(odd)["profit"] == .money("20.5"))
        #expect(derived(odd.merging([Keepa.Column.fulfilment: .money("3.51")]) { $1 })["profit"] == .money("20.48"))
        #expect(derived(odd, Keepa.Rates(), .cojp)["profit"] == .money("20"))
        // 1 - 10/30
        #expect(derived(usual.merging([Keepa.Column.average: .money("30")]) { $1 })["percent_down"] == .money("0.6667"))
    }

    @Test(arguments: [Keepa.Column.priceNow, Keepa.Column.listAt, Keepa.Column.referral, Keepa.Column.fulfilment, Keepa.Column.priceShips])
    func nothingFollowsFromWhatIsMissing(column: Int) {
        let null = derived(usual.merging([column: .null]) { $1 })
        #expect(null["profit"] == .null && null["margin"] == .null)
        let kept = derived(usual.merging([column: .kept]) { $1 })
        #expect(kept["profit"] == .kept && kept["margin"] == .kept)
    }

    @Test func nothingIsDividedByZero() {
        let zero = derived(usual.merging([Keepa.Column.listAt: .money("0"), Keepa.Column.average: .money("0")]) { $1 })
        #expect(zero["profit"] == .money("-13.5") && zero["margin"] == .null && zero["percent_down"] == .null)
        let none = derived(usual.merging([Keepa.Column.average: .null]) { $1 })
        #expect(none["percent_down"] == .null && none["profit"] == .money("20.5"))
        // What no number of the type can hold is not known either.
        let vast = derived(usual.merging([Keepa.Column.listAt: .money("9000000000000000000")]) { $1 })
        #expect(vast["profit"] == .null && vast["margin"] == .null)
    }
}
