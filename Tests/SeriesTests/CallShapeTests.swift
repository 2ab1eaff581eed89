import Testing

@testable import Series

@Suite("Call shapes at a price that was found out")
struct CallShapeTests {
    /// What a call was found to need is all that it needs: nothing is added for what it names, but tokens, of which nothing was found.
    @Test func aLearntPriceIsTheWholePriceInRequests() {
        let shape = CallShape(
            name: "s", channel: "c", kind: .window(periods: 31), fixed: Cost(requests: 1, tokens: 5),
            perPeriod: Cost(requests: 2, tokens: 1), perSeries: Cost(requests: 3, tokens: 7), secondsPerRequest: 4)
        for (periods, series) in [(1, 1), (31, 1), (4, 9)] {
            let tokens = shape.cost(periods: periods, series: series).tokens
            #expect(shape.costing(12).cost(periods: periods, series: series) == Cost(requests: 12, tokens: tokens))
        }
        #expect(shape.costing(0).cost(periods: 1, series: 1).requests == 1, "no call is free")
        #expect(shape.costing(12).kind == shape.kind && shape.costing(12, windows: 0).kind == .window(periods: 1))
        #expect(shape.costing(12, windows: 40).kind == .window(periods: 40) && shape.costing(12).channel == "c")
        let sweep = CallShape(name: "s", kind: .sweep, fixed: Cost(requests: 6), secondsPerRequest: 4)
        #expect(sweep.costing(9, windows: 2).kind == .sweep)
    }
}
