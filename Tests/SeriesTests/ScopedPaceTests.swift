import Bytes
import Testing
import TestSupport

@testable import Series

/// What requests take that are counted by scope: a channel of series.
@Suite struct ScopedPaceTests {
    private static func dataset(paced: Bool, inFlight: Int = 4) -> Dataset {
        Dataset(
            name: "hours", title: "Hours", keys: ["size", "pair"], unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: 3600, anchor: 0))), dueLag: { _ in 3600 }, horizonDays: 30,
            shapes: [CallShape(name: "one", kind: .window(periods: 1), fixed: Cost(requests: 1), secondsPerRequest: 0.5)],
            periods: .every(seconds: 3600, anchor: 0),
            upstream: UpstreamProfile(
                name: "far", credential: .none, rate: RequestRate(count: 1, seconds: 2), requestsInFlight: inFlight, timeoutSeconds: 1,
                bodyBytesMax: 1, pacedByChannel: paced),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [],
            followed: [SeriesKey(["s", "a"]), SeriesKey(["s", "b"])], channel: { $0.values[1] })
    }

    /// Calls of one request each: so many of each pair.
    private static func plan(_ calls: [String: Int]) -> Plan {
        let shape = CallShape(name: "one", kind: .window(periods: 1), fixed: Cost(requests: 1), secondsPerRequest: 0.5)
        return Plan(
            joining: calls.sorted { $0.key < $1.key }.map { pair, count in
                let demand = Demand(series: SeriesKey(["s", pair]), missing: SlotSet(0..<count))
                let hours = Ruler.every(seconds: 3600, anchor: 0)
                return Planner(slots: hours, periods: hours, shapes: [shape]).plan([demand])
            })
    }

    @Test func theLongestScopeDecides() {
        let plan = Self.plan(["a": 10, "b": 3])
        #expect(plan.totals.cost.requests == 13)
        #expect(Self.dataset(paced: false).estimatedSeconds(of: plan) == 6.5, "one budget: one after the other")
        let dataset = Self.dataset(paced: true)
        #expect(dataset.estimatedSeconds(of: plan) == 20, "ten requests, one in two seconds")
        #expect(dataset.estimatedSeconds(of: plan, rate: RequestRate(count: 10, seconds: 1)) == 5, "as long as they take themselves")
        #expect(dataset.requestsByScope(of: plan) == ["a": 10, "b": 3])
        #expect(Self.dataset(paced: false).requestsByScope(of: plan) == ["": 13])
        // Many scopes are limited by how many may be under way at once.
        let many = Self.plan(Dictionary(uniqueKeysWithValues: (0..<100).map { ("p\($0)", 1) }))
        #expect(dataset.estimatedSeconds(of: many) == 12.5)
        #expect(dataset.estimatedSeconds(of: Self.plan([:])) == 0)
    }

    @Test func theWordForAScopeIsTheKeyThatNamesIt() {
        #expect(Self.dataset(paced: true).paceWord == "pair" && Self.dataset(paced: false).paceWord == nil)
        #expect(Self.dataset(paced: true).scope(of: SeriesKey(["s", "b"])) == "b")
        #expect(Self.dataset(paced: false).scope(of: SeriesKey(["s", "b"])) == "")
    }

    @Test func aRequestCountsForATenthMoreThanAShortWindow() {
        #expect(BudgetPace.counted(windowSeconds: 1) == 1.1)
        #expect(BudgetPace.counted(windowSeconds: 10) == 11 && BudgetPace.counted(windowSeconds: 3600) == 3601)
    }

    @Test func forecastsOfScopesDoNotAddUp() throws {
        let fresh = BudgetPace(quota: 1, window: 1, now: 1000)
        let experience = Forecast.Experience(expectedPace: 1000)
        func end(_ shares: [Forecast.Share]) throws -> Int64 { try #require(Forecast.of(shares, in: .history, experience: experience)).p50 }
        let alone = try end([.init(requests: 600, budget: fresh)])
        let beside = try end([.init(requests: 600, budget: fresh), .init(requests: 500, budget: fresh), .init(requests: 1, budget: fresh)])
        #expect(alone >= 1600 && abs(alone - beside) <= 2, "\(alone) \(beside)")
        // One that rests is the last.
        let resting = BudgetPace(quota: 1, window: 1, now: 1000, restUntil: 9000)
        #expect(try end([.init(requests: 600, budget: fresh), .init(requests: 1, budget: resting)]) >= 9000)
        // What is before it in its own scope counts, and its scope's only.
        let behind = Forecast.Share(requests: 1, behind: Forecast.Queue(ahead: [.history: 3000]), budget: fresh)
        #expect(try end([.init(requests: 600, budget: fresh), behind]) >= 4000)
        // However many scopes there are, so many at once go only.
        let slow = Forecast.Experience(expectedPace: 2)
        let many = [Forecast.Share](repeating: .init(requests: 1, budget: fresh), count: 1000)
        #expect(try #require(Forecast.of(many, in: .history, experience: slow)).p50 >= 1500)
        #expect(Forecast.of([.init(requests: 0, budget: fresh)], in: .history, experience: experience) == nil)
    }

    @Test func theBusiestScopeDecidesWhetherAQuotaHolds() {
        let rate = RequestRate(count: 1, seconds: 86_400)
        let held = Forecast.sustainability(of: SteadyDemand(["a": 1, "b": 1, "c": 1]), rate: rate)
        #expect(held.isSustainable && held.requestsPerDay == 3 && held.shortPerDay == 0)
        let short = Forecast.sustainability(of: SteadyDemand(["a": 4, "b": 1]), rate: rate)
        #expect(!short.isSustainable && short.requestsPerDay == 5 && short.shortPerDay == 3)
    }
}
