import Bytes
import Testing
import TestSupport

@testable import Series

@Suite("Plans")
struct PlannerTests {
    private static let grid = Ruler.every(seconds: 60, anchor: 0)

    private static func demand(_ missing: [[Range<Int>]]) -> [Demand] {
        missing.enumerated().map { Demand(series: SeriesKey(["s\($0 + 100)"]), missing: SlotSet(ranges: $1)) }
    }

    private static func window(_ periods: Int, _ requests: Int, perPeriod: Int = 0) -> CallShape {
        CallShape(
            name: "window\(periods)", kind: .window(periods: periods), fixed: Cost(requests: requests),
            perPeriod: Cost(requests: perPeriod), secondsPerRequest: 1)
    }

    private static func sweep(_ requests: Int) -> CallShape {
        CallShape(name: "sweep", kind: .sweep, fixed: Cost(requests: requests), secondsPerRequest: 1)
    }

    private static func batch(_ size: Int) -> CallShape {
        CallShape(name: "batch", kind: .batch(series: size), fixed: Cost(requests: 1), secondsPerRequest: 1)
    }

    private static func plan(_ demand: [Demand], _ shapes: [CallShape], maxRequests: Int? = nil) -> Plan {
        Planner(slots: grid, periods: grid, shapes: shapes, maxRequests: maxRequests).plan(demand)
    }

    /// What must hold of every plan, whatever it was made of.
    private static func check(_ plan: Plan, _ demand: [Demand]) {
        var left = Dictionary(uniqueKeysWithValues: demand.map { ($0.series, $0.missing) })
        for call in plan.calls {
            #expect(call.cost == call.shape.cost(periods: call.periods.count, series: call.series.count))
            #expect(call.covers > 0)
            switch call.shape.kind {
            case .window(let periods): #expect(call.series.count == 1 && call.periods.count <= periods)
            case .sweep: #expect(call.periods.count == 1 && !call.series.isEmpty)
            case .batch(let size): #expect(call.periods.count == 1 && (1...size).contains(call.series.count))
            case .snapshot, .newest, .tape, .file, .inference: Issue.record("these are not planned for here")
            }
            for series in call.series { left[series]?.remove(call.periods) }
        }
        #expect(left.values.allSatisfy { $0.isEmpty }, "no missing slot is left out")
        #expect(plan.totals.slots == demand.reduce(0) { $0 + $1.missing.count } && plan.uncovered == 0)
        #expect(plan.totals.cost == plan.calls.reduce(.zero) { $0 + $1.cost } && plan.totals.calls == plan.calls.count)
        #expect(plan.lowerBound.requests <= plan.totals.cost.requests)
        if plan.optimality == .proven { #expect(plan.lowerBound.requests == plan.totals.cost.requests) }
        if let proof = plan.proof { check(proof, of: plan, demand) }
    }

    /// What is claimed of a proof: its holes are missing, they carry what the plan costs, and no call could fill more than it costs.
    private static func check(_ proof: Proof, of plan: Plan, _ demand: [Demand]) {
        let missing = Dictionary(uniqueKeysWithValues: demand.map { ($0.series, $0.missing) })
        #expect(proof.requests == plan.totals.cost.requests && plan.optimality == .proven)
        #expect(proof.holes.allSatisfy { missing[$0.series]?.contains($0.period) ?? false && $0.requests > 0 })
        for shape in Set(plan.calls.map(\.shape)) {
            let price = shape.fixed.requests
            switch shape.kind {
            case .window(let length):
                for own in Dictionary(grouping: proof.holes, by: \.series).values {
                    for first in own {
                        let inside = own.filter { (first.period..<first.period + length).contains($0.period) }
                        #expect(inside.reduce(0) { $0 + $1.requests } <= price)
                    }
                }
            case .sweep:
                for own in Dictionary(grouping: proof.holes, by: \.period).values {
                    #expect(own.reduce(0) { $0 + $1.requests } <= price)
                }
            case .batch, .snapshot, .newest, .tape, .file, .inference: Issue.record("no proof tells of these")
            }
        }
    }

    /// The least price, by trying every set of swept periods and, for each series, every set of windows that begin where needed.
    private static func leastByForce(_ demand: [Demand], length: Int, fixed: Int, perPeriod: Int, sweep: Int) -> Int {
        let periods = Set(demand.flatMap { $0.missing.ranges.flatMap { Array($0) } }).sorted()
        func windows(_ needed: [Int]) -> Int {
            guard let first = needed.first else { return 0 }
            return (1...length).map { span in
                fixed + perPeriod * span + windows(needed.filter { $0 >= first + span })
            }.min() ?? 0
        }
        return (0..<(1 << periods.count)).map { choice in
            let swept = Set(periods.indices.filter { choice >> $0 & 1 == 1 }.map { periods[$0] })
            return swept.count * sweep
                + demand.reduce(0) { total, entry in
                    total + windows(entry.missing.ranges.flatMap { Array($0) }.filter { !swept.contains($0) })
                }
        }.min() ?? 0
    }

    @Test(arguments: [31, 32, 33, 34] as [UInt64])
    func windowsAndSweepsAgainstEveryChoice(_ seed: UInt64) {
        var random = Seeded(seed)
        var proven = 0
        for round in 0..<150 {
            let span = 9 + random.below(2)
            let demand = Self.demand((0..<1 + random.below(4)).map { _ in random.ranges(4, in: 0..<span, longest: 4) })
                .filter { !$0.missing.isEmpty }
            let (length, fixed, perPeriod, sweep) = (1 + random.below(6), 1 + random.below(3), random.below(2), 1 + random.below(5))
            let plan = Self.plan(demand, [Self.window(length, fixed, perPeriod: perPeriod), Self.sweep(sweep)])
            Self.check(plan, demand)
            let least = Self.leastByForce(demand, length: length, fixed: fixed, perPeriod: perPeriod, sweep: sweep)
            #expect(plan.lowerBound.requests <= least, "round \(round)")
            #expect(plan.totals.cost.requests >= least, "round \(round)")
            if plan.optimality == .proven {
                proven += 1
                #expect(plan.totals.cost.requests == least, "round \(round)")
            }
        }
        #expect(proven > 100)
    }

    @Test(arguments: [41, 42] as [UInt64])
    func largerMixturesAreCoveredAndBounded(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<25 {
            let demand = Self.demand((0..<10).map { _ in random.ranges(12, in: 0..<90, longest: 9) }).filter { !$0.missing.isEmpty }
            let shapes = [
                Self.window(1 + random.below(20), 1 + random.below(3), perPeriod: random.below(2)), Self.sweep(2 + random.below(8)),
            ]
            let plan = Self.plan(demand, shapes)
            Self.check(plan, demand)
            #expect(plan.totals.cost.requests <= Self.plan(demand, [shapes[0]]).totals.cost.requests)
            #expect(plan.totals.cost.requests <= Self.plan(demand, [shapes[1]]).totals.cost.requests)
            let withBatches = Self.plan(demand, shapes + [Self.batch(3)])
            Self.check(withBatches, demand)
            #expect(Self.plan(demand.shuffled(using: &random), shapes) == plan, "the order of the demand does not matter")
        }
    }

    @Test func windowsAloneAreOptimal() {
        let demand = Self.demand([[0..<1, 6..<8, 10..<11], [5..<30]])
        let plan = Self.plan(demand, [Self.window(7, 2)])
        Self.check(plan, demand)
        #expect(plan.optimality == .proven)
        #expect(plan.calls.filter { $0.series == [demand[0].series] }.map(\.periods) == [0..<7, 7..<11])
        #expect(plan.calls.filter { $0.series == [demand[1].series] }.map(\.periods) == [5..<12, 12..<19, 19..<26, 26..<30])
        #expect(plan.totals.cost == Cost(requests: 12) && plan.totals.seconds == 12)
    }

    @Test func aDearerLongWindowIsTakenWhereItPays() {
        let demand = Self.demand([[0..<2, 50..<60]])
        let plan = Self.plan(demand, [Self.window(2, 1), Self.window(10, 3)])
        Self.check(plan, demand)
        #expect(plan.calls.map(\.shape.name) == ["window2", "window10"])
        #expect(plan.optimality == .proven)
    }

    @Test(arguments: [1, 3, 7])
    func nineNodesAreCheaperThanAScan(_ periods: Int) throws {
        let days = Ruler.days(try Zone.load("America/Santiago"))
        let hours = Ruler.every(seconds: 3600, anchor: 0)
        let from = try #require(LocalDate("2025-04-01")).daysSince1970
        let missing = hours.slots(from: days.start(of: from), to: days.start(of: from + 30))
        #expect(missing.count == 721)  // April 5th has 25 hours.
        let demand = (0..<9).map { Demand(series: SeriesKey(["node \($0)", "online"]), missing: SlotSet(missing)) }
        let planner = Planner(slots: hours, periods: days, shapes: [Self.window(periods, 1), Self.sweep(38)])
        let plan = planner.plan(demand)
        #expect(plan.totals.cost.requests == 9 * ((30 + periods - 1) / periods))
        #expect(plan.optimality == .proven && plan.totals.slots == 9 * 721)
        #expect(plan.calls.allSatisfy { $0.shape.kind == .window(periods: periods) })
        // Without the filter there is only the scan.
        let scan = Planner(slots: hours, periods: days, shapes: [Self.sweep(38)]).plan(demand)
        #expect(scan.totals.cost.requests == 30 * 38 && scan.optimality == .proven && scan.calls[4].covers == 9 * 25)
    }

    @Test func mixedHolesFarLongerThanAWindowAreProvenToo() {
        // Nine nodes with different holes; a scan can never pay.
        let demand = Self.demand((0..<9).map { node in [node..<node + 40, 60 + 2 * node..<90] })
        let plan = Self.plan(demand, [Self.window(7, 1), Self.sweep(38)])
        Self.check(plan, demand)
        #expect(plan.optimality == .proven)
        #expect(plan.calls.allSatisfy { $0.shape.kind != .sweep })
    }

    /// Where one window reaches over all that a series lacks, the proof comes hole by hole, whatever calls cost.
    @Test(arguments: 1...120)
    func tickersAgainstSessionsAreProvenHoleByHole(_ seed: UInt64) throws {
        var dice = Seeded(seed, isTold: false)
        let groups = (1...6).map { _ in dice.ranges(4, in: 0..<40, longest: 6) }
        // Some lack the same, as on a first load.
        let demand = Self.demand((0..<Int.random(in: 1...14, using: &dice)).map { _ in groups[Int.random(in: 0..<6, using: &dice)] })
        let (window, sweep) = (Int.random(in: 1...3, using: &dice), Int.random(in: 1...3, using: &dice))
        let plan = Self.plan(demand, [Self.window(50_000, window), Self.sweep(sweep)])
        Self.check(plan, demand)
        #expect(plan.optimality == .proven, "seed \(seed)")
        let proof = try #require(plan.proof, "seed \(seed)")
        #expect(proof.requests == plan.lowerBound.requests, "seed \(seed)")
        // The calls of the other kind would not do with less either.
        for own in Dictionary(grouping: proof.holes, by: \.series).values { #expect(own.reduce(0) { $0 + $1.requests } <= window) }
        for own in Dictionary(grouping: proof.holes, by: \.period).values { #expect(own.reduce(0) { $0 + $1.requests } <= sweep) }
    }

    @Test func tickersAgainstSessionsIsAMinimumCut() {
        // Everybody lacks the newest three sessions; two tickers are new and lack all.
        let sessions = 0..<500
        let demand = Self.demand((0..<523).map { $0 < 2 ? [sessions] : [497..<500] })
        let plan = Self.plan(demand, [Self.window(730, 1), Self.sweep(1)])
        Self.check(plan, demand)
        #expect(plan.totals.cost.requests == 5 && plan.optimality == .proven)
        #expect(plan.calls.filter { $0.shape.kind == .sweep }.map(\.periods.lowerBound) == [497, 498, 499])
    }

    @Test func accountsComeInBatches() {
        let demand = Self.demand((0..<60).map { $0 < 51 ? [0..<2] : [1..<2] })
        let plan = Self.plan(demand, [Self.batch(25)])
        Self.check(plan, demand)
        #expect(plan.totals.calls == 3 + 3 && plan.optimality == .proven)
    }

    @Test func tokensAreSparedWhereTheyAreCounted() {
        let demand = Self.demand([[0..<1], [0..<1], [0..<1]])
        let light = CallShape(
            name: "light", kind: .batch(series: 100), fixed: Cost(requests: 1), perSeries: Cost(requests: 0, tokens: 1),
            secondsPerRequest: 1)
        let heavy = CallShape(name: "heavy", kind: .sweep, fixed: Cost(requests: 1, tokens: 50), secondsPerRequest: 1)
        let plan = Self.plan(demand, [heavy, light])
        Self.check(plan, demand)
        #expect(plan.totals.cost == Cost(requests: 1, tokens: 3) && plan.optimality == .proven)
        #expect(plan.lowerBound == Cost(requests: 1, tokens: 3))
    }

    @Test func aLimitKeepsTheCallsThatFillMost() {
        let demand = Self.demand([[0..<1, 20..<30], [40..<45]])
        let plan = Self.plan(demand, [Self.window(10, 1)], maxRequests: 2)
        #expect(plan.calls.map(\.periods) == [20..<30, 40..<45])
        #expect(plan.uncovered == 1 && plan.optimality == .bounded && plan.gaps == Plan.GapCount(count: 3, slots: 16))
        #expect(Self.plan(demand, [Self.window(10, 1)], maxRequests: 0).calls.isEmpty)
    }

    @Test func nothingToDoAndNothingToDoItWith() {
        #expect(Self.plan([], [Self.sweep(1)]).optimality == .proven)
        #expect(Self.plan(Self.demand([[]]), [Self.window(1, 1)]).calls.isEmpty)
        let helpless = Self.plan(Self.demand([[0..<3]]), [])
        #expect(helpless.uncovered == 3 && helpless.optimality == .bounded)
    }

    @Test func aHundredMillionSlotsWithTenThousandHoles() {
        let (ledgers, missing) = Self.hundredMillion(seed: 51)
        let calendar = Calendar(ruler: Self.grid)
        var total = Tally()
        var gaps = 0
        for ledger in ledgers {
            total += ledger.tally(in: 0..<1_000_000, calendar: calendar, dueBefore: 1_000_000)
            gaps += ledger.gaps(in: 0..<1_000_000, calendar: calendar, dueBefore: 1_000_000).count
        }
        #expect(total.slots == 100_000_000 && total.missing == missing)
        #expect(total.completeness < .one && gaps > 9000)
        let demand = ledgers.map {
            Demand(series: $0.key, missing: $0.missing(in: 0..<1_000_000, calendar: calendar, dueBefore: 1_000_000))
        }
        let plan = Self.plan(demand, [Self.window(720, 1)])
        Self.check(plan, demand)
        #expect(plan.optimality == .proven && plan.gaps == Plan.GapCount(count: gaps, slots: missing))
    }

    /// A hundred series of a million slots each, with ten thousand holes of up to twenty slots.
    static func hundredMillion(seed: UInt64) -> (ledgers: [Ledger], missing: Int) {
        var random = Seeded(seed)
        var missing = 0
        let ledgers = (0..<100).map { series in
            let holes = SlotSet(
                ranges: (0..<100).map { _ in
                    let from = random.below(999_980)
                    return from..<from + 1 + random.below(20)
                })
            missing += holes.count
            return Ledger(key: SeriesKey(["p\(series)"]), held: SlotSet(0..<1_000_000).subtracting(holes))
        }
        return (ledgers, missing)
    }
}
