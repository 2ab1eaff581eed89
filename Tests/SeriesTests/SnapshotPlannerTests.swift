import Testing

import Bytes
import Series
import TestSupport

/// Plans of calls that ask for what is now: who is asked for, by which call, in which order, in how many calls.
struct SnapshotPlannerTests {
    static let hour = 3600
    /// Of `a` an hour, of `b` four of them.
    static let lengths = ["a": 1, "b": 4]

    /// `hour`: seconds of what is an hour here.
    static func dataset(heavyTokens: Int = 2, batch: Int = 100, hour: Int = hour, lengths: [String: Int] = lengths) -> Dataset {
        let none = TokenRules(refillPerMinute: 5, capacityMinutes: 60) { _ in nil }
        return Dataset(
            name: "things", title: "Things", keys: ["thing", "group"], unit: "1", zone: .utc,
            calendars: .each(finest: .every(seconds: hour, anchor: 0)) { key in
                Calendar(ruler: .every(seconds: hour * (lengths[key.values[1]] ?? 1), anchor: 0))
            },
            dueLag: { _ in 0 }, horizonDays: 2,
            shapes: [
                CallShape(
                    name: "light", kind: .snapshot(subjects: batch), fixed: Cost(requests: 1), perSeries: Cost(requests: 0, tokens: 1),
                    secondsPerRequest: 1),
                CallShape(
                    name: "heavy", kind: .snapshot(subjects: batch), fixed: Cost(requests: 1),
                    perSeries: Cost(requests: 0, tokens: heavyTokens), secondsPerRequest: 1),
            ],
            periods: .every(seconds: hour, anchor: 0),
            upstream: UpstreamProfile(
                name: "things", credential: .none, rate: RequestRate(count: 60, seconds: 60), requestsInFlight: 1, timeoutSeconds: 5,
                bodyBytesMax: 1000, tokens: none),
            exchange: { _ -> any Exchange in fatalError("nothing is fetched here") },
            schema: RowSchema(table: "things", columns: [], migrations: []), slotFields: [], partFields: [], followed: [],
            servesSeries: { $0 == "heavy" || $1.values[1] == "a" }, dueFrom: .slotBegin, family: { $0.values[0] }, beginsWhenFollowed: true)
    }

    private static func key(_ thing: Int, _ group: String) -> SeriesKey { SeriesKey(["t\(thing)", group]) }

    /// At 10:30, with what is held of each thing's groups as slots before the one in progress or in it.
    private static let now = Int64(hour * 10 + 1800)

    private static func plan(
        _ things: [(id: Int, held: [String: Int], seen: Int64)], prices: [String: Double] = [:], asking groups: [String] = ["a", "b"],
        dataset: Dataset = dataset()
    ) -> Plan {
        var around = Circumstances(now: now)
        around.tokenPrices = prices
        var demand: [Demand] = []
        for thing in things {
            for group in ["a", "b"] {
                let key = key(thing.id, group)
                let slot = dataset.calendar(of: key).ruler.slot(containing: now)
                let held = thing.held[group].map { SlotSet($0..<$0 + 1) } ?? SlotSet()
                around.ledgers[key] = Ledger(key: key, held: held)
                around.seen[key] = thing.seen
                if groups.contains(group), !held.contains(slot) { demand.append(Demand(series: key, missing: SlotSet(slot..<slot + 1))) }
            }
        }
        return dataset.plan(demand, shapes: dataset.shapes, circumstances: around)
    }

    @Test func newOnesHaveTheHeavyCallAndKnownOnesTheLight() {
        // 1 is new; of 2 the group b is held in its slot in progress and a is not; of 3 both are due; 4 lacks nothing.
        let plan = Self.plan([(1, [:], 0), (2, ["a": 9, "b": 2], 0), (3, ["a": 9, "b": 1], 0), (4, ["a": 10, "b": 2], 0)])
        let asked = Dictionary(uniqueKeysWithValues: plan.calls.map { ($0.shape.name, $0.series) })
        #expect(asked["light"] == [Self.key(2, "a")])
        #expect(Set(asked["heavy"] ?? []) == [Self.key(1, "a"), Self.key(1, "b"), Self.key(3, "a"), Self.key(3, "b")])
        #expect(plan.totals.cost == Cost(requests: 2, tokens: 1 + 2 * 2) && plan.lowerBound == plan.totals.cost)
        #expect(plan.optimality == .proven && plan.totals.slots == 5 && plan.uncovered == 0)
    }

    /// Of one of which nothing was ever held all is asked for, though only one group was selected: the first call has to bring it anyway.
    @Test func aNewOneIsAskedForWhole() {
        let plan = Self.plan([(1, [:], 0), (2, ["b": 1], 0)], asking: ["a"])
        #expect(plan.calls.count == 2)
        #expect(plan.calls.first { $0.shape.name == "heavy" }?.series == [Self.key(1, "a"), Self.key(1, "b")])
        #expect(plan.calls.first { $0.shape.name == "light" }?.series == [Self.key(2, "a")])
        #expect(plan.totals.slots == 3)
    }

    /// A call that is made for the group b tells of a as well, whose row says what follows from both.
    @Test func whatIsToldOfAnywayIsTaken() {
        let plan = Self.plan([(1, ["a": 10, "b": 1], 0)])
        #expect(plan.calls.map(\.series) == [[Self.key(1, "a"), Self.key(1, "b")]])
        #expect(plan.calls.map(\.covers) == [1] && plan.calls[0].deadline == Int64(Self.hour * 12))
    }

    @Test func whoWasHeardOfLongestAgoGoesFirst() {
        let things = (0..<50).map { (id: $0, held: ["a": 9, "b": 2], seen: Int64(($0 * 37) % 50)) }
        let plan = Self.plan(things, dataset: Self.dataset(batch: 7))
        #expect(plan.calls.count == 8)
        let order = plan.calls.flatMap(\.series).map { key in things[Int(key.values[0].dropFirst())!].seen }
        #expect(order == order.sorted())
        // What ends first before all: of those that lack only b, which lasts until 12:00, none goes before an a that ends at 11:00.
        let mixed = Self.plan([(1, ["a": 10, "b": 1], 0), (2, ["a": 9, "b": 2], 1000)])
        #expect(mixed.calls.map(\.shape.name) == ["light", "heavy"])
        #expect(mixed.calls.map(\.deadline) == [Int64(Self.hour * 11), Int64(Self.hour * 12)])
    }

    @Test func batchesAndPricesAreThoseThatWereLearnt() {
        let known = (0..<25).map { (id: $0, held: ["a": 9, "b": 2], seen: Int64(0)) }
        let plan = Self.plan(known, prices: ["1 by the page": 1.5], dataset: Self.dataset(batch: 10))
        #expect(plan.calls.map(\.cost.tokens) == [15, 15, 8] && plan.totals.cost.requests == 3)
        #expect(plan.calls.allSatisfy { $0.periods == 10..<11 })
    }

    /// What was learnt of late moves no choice: both calls cost the same on the upstream's page, and noise would have everybody asked for
    /// by the heavy one.
    @Test func aDearerLightCallIsNoReasonForTheHeavyOne() {
        let plan = Self.plan([(1, ["a": 9, "b": 2], 0)], prices: ["1 by the page": 1.1], dataset: Self.dataset(heavyTokens: 1))
        #expect(plan.calls.map(\.shape.name) == ["light"])
    }

    /// A slot that has passed is nobody's to ask for.
    @Test func whatHasPassedIsNotAskedFor() {
        let dataset = Self.dataset()
        var around = Circumstances(now: Self.now)
        around.ledgers[Self.key(1, "a")] = Ledger(key: Self.key(1, "a"))
        let plan = dataset.plan(
            [Demand(series: Self.key(1, "a"), missing: SlotSet(3..<10))], shapes: dataset.shapes, circumstances: around)
        #expect(plan.calls.isEmpty && plan.uncovered == 7)
    }
}
