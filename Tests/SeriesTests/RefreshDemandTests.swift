import Testing

import Series

struct RefreshDemandTests {
    /// 48 hours by 2 tokens, and every 30 days a call of 20 in place of one of them.
    private static let groups = [
        RefreshDemand.Group(seconds: 172_800, price: 2, comesWithLonger: true),
        RefreshDemand.Group(seconds: 2_592_000, price: 20, comesWithLonger: false),
    ]

    @Test func aSubjectTakesWhatItsGroupsTake() {
        let demand = RefreshDemand(subjects: 1000, groups: Self.groups)
        // 15 calls in 30 days: 14 light ones and a heavy one.
        #expect(abs(demand.tokensOfSubject * 30 - (14 * 2 + 20)) < 1e-9)
        #expect(abs(demand.tokensPerDay - 1600) < 1e-6)
    }

    @Test func whatABudgetKeepsIsTheMost() {
        let light = RefreshDemand(subjects: 100_000, groups: [.init(seconds: 172_800, price: 1, comesWithLonger: false)])
        // 7,200 tokens a day for two days.
        #expect(light.held(by: 5) == 14_400)
        #expect(RefreshDemand(subjects: 100_000, groups: [.init(seconds: 172_800, price: 20, comesWithLonger: false)]).held(by: 5) == 720)
        #expect(RefreshDemand(subjects: 10, groups: Self.groups).held(by: 5) == 10)
        #expect(RefreshDemand(subjects: 10, groups: Self.groups).held(by: 0) == 0)
    }

    @Test func whatCannotBeKeptSaysWhatWould() throws {
        let demand = RefreshDemand(subjects: 10_000, groups: Self.groups)
        let short = demand.sustainability(tokensPerMinute: 5)
        #expect(!short.isSustainable && short.shortPerDay == 16_000 - 7200)
        let text = try #require(short.wouldNeed)
        #expect(text.contains("12 tokens a minute instead of 5") && text.contains("4500 instead of 10000 products"))
        #expect(text.contains("2.3 times as far apart"))
        // Each of the three is enough.
        #expect(demand.sustainability(tokensPerMinute: 12).isSustainable)
        #expect(RefreshDemand(subjects: 4500, groups: Self.groups).sustainability(tokensPerMinute: 5).isSustainable)
        let slower = Self.groups.map {
            RefreshDemand.Group(seconds: Int(Double($0.seconds) * 2.3), price: $0.price, comesWithLonger: $0.comesWithLonger)
        }
        #expect(RefreshDemand(subjects: 10_000, groups: slower).sustainability(tokensPerMinute: 5).isSustainable)
    }
}
