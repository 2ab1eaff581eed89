import Bytes
@testable import Series
import Testing
import TestSupport

/// A channel with series of slots of 1, 2, 3, 6 and 12 periods (a period is a second), any of which follows from any shorter one.
struct LadderUniverse {
    var lengths = [1, 2, 3, 6, 12]
    var window = 4
    var unserved: Set<Int> = []
    var hasInference = true

    static func key(_ length: Int) -> SeriesKey { SeriesKey(["p", "\(length)"]) }
    static func length(_ key: SeriesKey) -> Int { Int(key.values[1]) ?? 1 }

    static let newest = CallShape(name: "newest", kind: .newest(slots: 4), fixed: Cost(requests: 1), secondsPerRequest: 1)
    static let tape = CallShape(name: "tape", kind: .tape, fixed: Cost(requests: 1), secondsPerRequest: 1)
    static let file = CallShape(name: "file", kind: .file, fixed: .zero, secondsPerRequest: 0)
    static let inference = CallShape(name: "derive", kind: .inference, fixed: .zero, secondsPerRequest: 0)

    var shapes: [CallShape] {
        [CallShape(name: "newest", kind: .newest(slots: window), fixed: Cost(requests: 1), secondsPerRequest: 1), Self.tape, Self.file]
            + (hasInference ? [Self.inference] : [])
    }

    var dataset: Dataset {
        let (lengths, unserved) = (lengths, unserved)
        return Dataset(
            name: "ladder", title: "A ladder", keys: ["name", "length"], unit: "1", zone: .utc,
            calendars: .each(finest: .every(seconds: 1, anchor: 0)) {
                Calendar(ruler: .every(seconds: Self.length($0), anchor: 0))
            }, dueLag: { _ in 0 }, horizonDays: 1, shapes: shapes, periods: .every(seconds: 1, anchor: 0),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [],
            followed: lengths.map(Self.key), channel: { $0.values[0] },
            derivation: Derivation(
                sources: { key in lengths.filter { $0 < Self.length(key) && Self.length(key) % $0 == 0 }.map(Self.key) },
                roll: { $0.first ?? [] }, countColumn: 0, emptyReason: "empty", commonReason: "common"),
            servesSeries: { shape, key in shape != "newest" || !unserved.contains(Self.length(key)) },
            published: { key, start, _ in
                let from = start / 100 * 100
                return start < 0 ? nil : PublishedFile(name: "part\(from).zip", member: "\(key).csv", span: from..<from + 100)
            }, tapePage: 10)
    }
}

@Suite struct WayPlannerTests {
    /// Slots of every length, slot by slot: what is known, and what follows, worked out the slow way.
    private struct Truth {
        let universe: LadderUniverse
        var known: [Int: Set<Int>]
        let wanted: [Int: Set<Int>]

        /// All that follows of what is wanted, until nothing more does.
        mutating func close() {
            var hasGrown = true
            while hasGrown {
                hasGrown = false
                for length in universe.lengths where universe.hasInference {
                    for slot in wanted[length] ?? [] where known[length]?.contains(slot) != true {
                        let follows = universe.lengths.contains { finer in
                            finer < length && length % finer == 0
                                && (slot * length / finer..<(slot + 1) * length / finer).allSatisfy { known[finer]?.contains($0) == true }
                        }
                        if follows {
                            known[length, default: []].insert(slot)
                            hasGrown = true
                        }
                    }
                }
            }
        }

        var filled: Int { wanted.reduce(0) { $0 + $1.value.intersection(known[$1.key] ?? []).count } }
    }

    private struct Trial {
        var universe = LadderUniverse()
        let now: Int64
        var ledgers: [Ledger] = []
        var demand: [Demand] = []
        var truth: Truth

        init(_ random: inout Seeded) {
            universe.window = Int.random(in: 1...5, using: &random)
            if Bool.random(using: &random) { universe.unserved = [universe.lengths.randomElement(using: &random) ?? 1] }
            universe.hasInference = Int.random(in: 0..<5, using: &random) > 0
            now = Int64.random(in: 24...60, using: &random)
            var known: [Int: Set<Int>] = [:]
            var wanted: [Int: Set<Int>] = [:]
            for length in universe.lengths where Int.random(in: 0..<6, using: &random) > 0 {
                let due = Int(now) / length
                let density = Double.random(in: 0...1, using: &random)
                var held = SlotSet()
                var absent = SlotSet()
                for slot in 0..<due where Double.random(in: 0..<1, using: &random) < density {
                    if Bool.random(using: &random) { held.insert(slot..<slot + 1) } else { absent.insert(slot..<slot + 1) }
                }
                let key = LadderUniverse.key(length)
                ledgers.append(Ledger(key: key, held: held, absent: absent))
                let missing = SlotSet(0..<due).subtracting(held).subtracting(absent)
                known[length] = Set(held.union(absent).ranges.joined())
                if Int.random(in: 0..<4, using: &random) > 0 {
                    demand.append(Demand(series: key, missing: missing))
                    wanted[length] = Set(missing.ranges.joined())
                }
            }
            truth = Truth(universe: universe, known: known, wanted: wanted)
        }

        func plan(_ ways: (inout Selection.Ways) -> Void = { _ in }, files: [FileAtHand] = []) -> Plan {
            var wanted = Selection.Ways()
            ways(&wanted)
            return universe.dataset.plan(
                demand, shapes: universe.shapes, circumstances: Circumstances(
                    now: now, ledgers: ledgers, files: files, ways: wanted, events: { _, _ in 1 }))
        }

        /// What a `newest` call of a length brings.
        func window(_ length: Int) -> Range<Int> {
            let current = Int(now) / length
            return current - universe.window..<current
        }
    }

    /// No smaller set of newest calls fills as much, tried out one by one; and the plan's own fills all that it says.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func asFewNewestCallsAsFillAsMuch(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<100 { Self.asFewNewestCallsAsFillAsMuch(Trial(&random), &random) }
    }

    private static func asFewNewestCallsAsFillAsMuch(_ trial: Trial, _ random: inout Seeded) {
        let plan = trial.plan()
        var base = trial.truth
        base.close()
        let lengths = trial.ledgers.map { LadderUniverse.length($0.key) }.filter { !trial.universe.unserved.contains($0) }
        func filled(_ asked: [Int]) -> Int {
            var truth = base
            for length in asked { truth.known[length, default: []].formUnion(trial.window(length)) }
            truth.close()
            return truth.filled
        }
        let most = filled(lengths)
        let least = (0..<1 << lengths.count).filter { mask in
            filled(lengths.indices.filter { at in mask >> at & 1 == 1 }.map { at in lengths[at] }) == most
        }.map(\.nonzeroBitCount).min() ?? 0
        #expect(plan.totals.slots == most && plan.uncovered == plan.gaps.slots - most)
        #expect(plan.totals.cost.requests == least && plan.lowerBound.requests == least && plan.optimality == .proven)
        // The calls bring what they say when they are made one after the other.
        var truth = trial.truth
        truth.close()
        var covered = truth.filled
        #expect(plan.calls.filter { $0.shape.kind == .inference }.reduce(0) { $0 + $1.covers } == covered)
        let asked = plan.calls.filter { $0.shape.name == "newest" }
        for call in asked.sorted(by: { LadderUniverse.length($0.series[0]) < LadderUniverse.length($1.series[0]) }) {
            let length = LadderUniverse.length(call.series[0])
            truth.known[length, default: []].formUnion(trial.window(length))
            truth.close()
            #expect(truth.filled - covered == call.covers)
            covered = truth.filled
            let first = call.periods.lowerBound / length
            #expect(trial.window(length).contains(first))
            // Gone when the slot that is `window` later has ended.
            #expect(call.deadline == Int64((first + trial.universe.window + 1) * length))
        }
        #expect(covered == most)
        #expect(plan.calls == plan.calls.sorted(by: Plan.precedes))
    }

    /// An inference is planned only where all slots of one source are known now.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func whatIsInferredFollowsFromWhatIsKnown(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<50 { Self.whatIsInferredFollowsFromWhatIsKnown(Trial(&random), &random) }
    }

    private static func whatIsInferredFollowsFromWhatIsKnown(_ trial: Trial, _ random: inout Seeded) {
        let plan = trial.plan { $0.apiBackfill = false }
        #expect(plan.totals.cost.requests == 0 && plan.optimality == .proven && plan.calls.allSatisfy { $0.shape.kind == .inference })
        var truth = trial.truth
        truth.close()
        #expect(plan.totals.slots == truth.filled)
        for call in plan.calls {
            let length = LadderUniverse.length(call.series[0])
            let slots = call.periods.lowerBound / length..<call.periods.upperBound / length
            #expect(slots.contains { slot in
                trial.universe.lengths.contains { finer in
                    finer < length && length % finer == 0
                        && (trial.truth.known[finer] ?? []).isSuperset(of: slot * length / finer..<(slot + 1) * length / finer)
                }
            })
        }
    }

    /// With a tape all is filled, slots are cut by no call, and it never costs more than without the other calls.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func theTapeFillsTheRest(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<75 { Self.theTapeFillsTheRest(Trial(&random), &random) }
    }

    private static func theTapeFillsTheRest(_ trial: Trial, _ random: inout Seeded) {
        let plan = trial.plan { $0.trades = true }
        #expect(plan.uncovered == 0 && plan.totals.slots == plan.gaps.slots)
        #expect(plan.optimality == (plan.totals.cost.requests <= 1 ? .proven : .bounded) && plan.lowerBound.requests <= 1)
        var truth = trial.truth
        for call in plan.calls {
            for key in call.series {
                let length = LadderUniverse.length(key)
                switch call.shape.kind {
                case .newest: truth.known[length, default: []].formUnion(trial.window(length))
                case .tape:
                    let slots = (call.periods.lowerBound + length - 1) / length..<max(
                        (call.periods.lowerBound + length - 1) / length, call.periods.upperBound / length)
                    #expect(!slots.isEmpty)
                    truth.known[length, default: []].formUnion(slots)
                default: break
                }
            }
        }
        truth.close()
        #expect(truth.filled == plan.gaps.slots)
        let tapes = plan.calls.filter { $0.shape.kind == .tape }
        #expect(zip(tapes, tapes.dropFirst()).allSatisfy { $0.periods.upperBound <= $1.periods.lowerBound })
        for call in tapes { #expect(call.cost.requests == 1 + call.periods.count / 10) }
        #expect(plan.totals.cost.requests >= trial.plan().lowerBound.requests || plan.calls.allSatisfy { $0.shape.name != "newest" })
    }

    /// Before its first row nothing is known of a series: the longer slot in which it begins is asked for, for it does not follow.
    @Test func theSlotInWhichASeriesBeginsIsAskedFor() {
        let universe = LadderUniverse(lengths: [1, 6])
        let ledgers = [
            Ledger(key: LadderUniverse.key(1), lifetime: 50..<Ledger.always.upperBound, held: SlotSet(50..<60)),
            Ledger(key: LadderUniverse.key(6), lifetime: 8..<Ledger.always.upperBound),
        ]
        let plan = universe.dataset.plan(
            [Demand(series: LadderUniverse.key(6), missing: SlotSet(8..<10))], shapes: universe.shapes,
            circumstances: Circumstances(now: 60, ledgers: ledgers, files: [], ways: Selection.Ways(), events: { _, _ in 1 }))
        #expect(plan.calls.filter { $0.shape.name == "derive" }.map(\.periods) == [54..<60])
        #expect(plan.calls.filter { $0.shape.name == "newest" }.map(\.periods) == [48..<54])
        #expect(plan.calls.count == 2 && plan.uncovered == 0)
    }

    /// What has ended can still be told by files, and follow; but nobody can be asked.
    @Test func nobodyIsAskedForWhatHasEnded() {
        let universe = LadderUniverse(lengths: [1, 6])
        var ways = Selection.Ways()
        ways.trades = true
        let demand = [Demand(series: LadderUniverse.key(1), missing: SlotSet(50..<56))]
        for (end, isOver) in [(Ledger.always.upperBound, false), (58, true)] {
            let circumstances = Circumstances(
                now: 60, ledgers: [Ledger(key: LadderUniverse.key(1), lifetime: 0..<end)], files: [], ways: ways, events: { _, _ in 1 })
            let plan = universe.dataset.plan(demand, shapes: universe.shapes, circumstances: circumstances)
            #expect(plan.calls.isEmpty == isOver && plan.uncovered == (isOver ? 6 : 0))
            let fillings = universe.dataset.fillings(of: LadderUniverse.key(1), demand[0].missing, circumstances)
            #expect(fillings.map(\.obstacle) == (isOver ? ["needs_archive"] : [nil]))
        }
    }

    /// As a broken file may tell it: the plan is dear, and comes to an end.
    @Test func whatIsBeyondAllMeasureIsPartedNoFinerThanPeriods() {
        let universe = LadderUniverse()
        var ways = Selection.Ways()
        ways.trades = true
        let plan = universe.dataset.plan(
            [Demand(series: LadderUniverse.key(1), missing: SlotSet(0..<50))], shapes: [LadderUniverse.tape],
            circumstances: Circumstances(now: 60, ledgers: [], files: [], ways: ways, events: { _, _ in 1e30 }))
        #expect(plan.calls.map(\.periods) == (0..<50).map { $0..<$0 + 1 })
    }

    /// What lies in a file's span is left to it; no call is made for it now.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func aFileIsReadBeforeAnybodyIsAsked(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<50 { Self.aFileIsReadBeforeAnybodyIsAsked(Trial(&random), &random) }
    }

    private static func aFileIsReadBeforeAnybodyIsAsked(_ trial: Trial, _ random: inout Seeded) {
        let files = trial.ledgers.enumerated().filter { _ in Bool.random(using: &random) }.map { at, ledger in
            let from = Int64.random(in: 0..<trial.now, using: &random)
            return FileAtHand(id: Int64(at), series: ledger.key, span: from..<Int64.random(in: from...trial.now, using: &random) + 1)
        }
        let plan = trial.plan(files: files)
        var truth = trial.truth
        truth.close()
        for file in files {
            let length = LadderUniverse.length(file.series)
            let told = (Int(file.span.lowerBound) + length - 1) / length..<max(
                (Int(file.span.lowerBound) + length - 1) / length, (Int(file.span.upperBound) + length - 1) / length)
            let holes = (truth.wanted[length] ?? []).filter { told.contains($0) && truth.known[length]?.contains($0) != true }
            if !holes.isEmpty { #expect(plan.calls.contains { $0.file == file.id }) }
        }
        for call in plan.calls where call.file != nil { #expect(call.cost == .zero && call.deadline == nil) }
        // No call beside the files' is for what they tell of.
        for call in plan.calls where call.shape.name == "newest" {
            let length = LadderUniverse.length(call.series[0])
            guard let wanted = truth.wanted[length] else { continue }
            let told = files.filter { $0.series == call.series[0] }
            let asked = trial.window(length).filter { wanted.contains($0) }
            if !asked.isEmpty, asked.allSatisfy({ slot in told.contains { $0.span.contains(Int64(slot * length)) } }) {
                // It may only be asked for what follows from it.
                #expect(trial.demand.contains { LadderUniverse.length($0.series) > length })
            }
        }
        #expect(trial.plan({ $0.archives = false }, files: files) == trial.plan())
    }
}
