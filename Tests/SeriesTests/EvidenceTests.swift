import Bytes
import Testing
import TestSupport

@testable import Series

@Suite("What held slots say about others")
struct EvidenceTests {
    @Test(arguments: [51, 52, 53] as [UInt64])
    func finerSlotsAreToldOneByOne(_ seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<300 {
            let ratio = [2, 3, 12][random.below(3)]
            let fine = Ruler.every(seconds: 60, anchor: Int64(random.below(5)) * 60)
            let coarse = Ruler.every(seconds: 60 * ratio, anchor: Int64(random.below(5)) * 60)
            let span = -60..<60
            let held = SlotSet(ranges: random.ranges(8, in: span, longest: 20))
            let empty = SlotSet(ranges: random.ranges(8, in: span, longest: 20)).subtracting(held)
            let common = empty.intersection(SlotSet(ranges: random.ranges(8, in: span, longest: 40)))
            let finer = try #require(FinerSlots(of: fine, in: coarse, held: held, empty: empty, common: common))
            let wanted = SlotSet(ranges: random.ranges(4, in: -20..<20, longest: 30))
            let known = finer.known(of: wanted)
            for slot in -30..<30 {
                let within = (-500..<500).filter { coarse.slot(containing: fine.start(of: $0)) == slot }
                #expect(within.count == ratio)
                let isKnown = wanted.contains(slot) && within.allSatisfy { held.contains($0) || empty.contains($0) }
                let isHeld = within.contains(where: held.contains)
                #expect(known.rolled.contains(slot) == (isKnown && isHeld))
                #expect(known.common.contains(slot) == (isKnown && within.allSatisfy(common.contains)))
                #expect(known.empty.contains(slot) == (isKnown && !isHeld && !within.allSatisfy(common.contains)))
                #expect(finer.touched.contains(slot) == isHeld)
                #expect(finer.finer(in: SlotSet(slot..<slot + 1)) == SlotSet(within[0]..<within[ratio - 1] + 1))
                #expect(finer.coarser(touching: SlotSet(within[0]..<within[0] + 1)) == SlotSet(slot..<slot + 1))
            }
        }
        let minute = Ruler.every(seconds: 60, anchor: 0)
        let others: [Ruler] = [(60, 0), (30, 0), (90, 0), (120, 30)].map { .every(seconds: $0.0, anchor: $0.1) }
        for other in others + [.days(.utc)] {
            #expect(FinerSlots(of: minute, in: other) == nil)
        }
    }

    @Test func setsAreMovedBridgedAndAskedForTheirRanges() {
        var random = Seeded(54)
        for _ in 0..<200 {
            let set = SlotSet(ranges: random.ranges(8, in: -40..<40, longest: 9))
            let distance = random.below(20) - 10
            let longest = random.below(6)
            let moved = set.shifted(by: distance)
            let bridged = set.bridged(over: longest)
            for slot in -60..<60 {
                #expect(moved.contains(slot + distance) == set.contains(slot))
                let low = (-80...slot).last(where: set.contains)
                let high = (slot..<80).first(where: set.contains)
                let isBridged = low.flatMap { low in high.map { $0 - low - 1 <= longest } } ?? false
                #expect(bridged.contains(slot) == (set.contains(slot) || isBridged))
                #expect(set.range(containing: slot) == set.ranges.first { $0.contains(slot) })
            }
        }
    }

    @Test func remarksReachOverWhatIsNotMissing() {
        var random = Seeded(55)
        for _ in 0..<300 {
            let missing = SlotSet(ranges: random.ranges(12, in: 0..<100, longest: 6))
            let lost = missing.intersection(SlotSet(ranges: random.ranges(4, in: 0..<100, longest: 20)))
            let silent = missing.subtracting(lost).intersection(SlotSet(ranges: random.ranges(3, in: 0..<100, longest: 20)))
            let unknown = missing.subtracting(lost).subtracting(silent)
            let remarks = SlotRemarks(["lost": lost, "unknown": unknown], silent: silent)
            for slot in 0..<100 where missing.contains(slot) {
                let said = remarks.runs.filter { $0.slots.contains(slot) }.map(\.reason)
                #expect(said == (lost.contains(slot) ? ["lost"] : unknown.contains(slot) ? ["unknown"] : []))
            }
            for (a, b) in zip(remarks.runs, remarks.runs.dropFirst()) {
                #expect(a.slots.upperBound <= b.slots.lowerBound)
                let between = silent.intersection(a.slots.upperBound..<b.slots.lowerBound)
                #expect(a.reason != b.reason || !between.isEmpty)
            }
        }
    }

    @Test(arguments: [56, 57] as [UInt64])
    func theQuietestBlockIsFoundBySlots(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<100 {
            let size = [1, 4, 12][random.below(3)]
            let span = -40 * size + random.below(9)..<60 * size + random.below(9)
            let counts = Dictionary(uniqueKeysWithValues: span.map { ($0, Int64(random.below(50))) })
            var activity = Activity(slotsPerBlock: size, over: span)
            for (slot, count) in counts { activity.add(count, at: slot) }
            let from = span.lowerBound + random.below(span.count - 30)
            let run = from..<from + 1 + random.below(25)
            let stretch = min(from, span.lowerBound + random.below(300))..<max(run.upperBound, span.upperBound - random.below(300))
            func block(_ slot: Int) -> Int { slot.flooredQuotient(size) }
            var sums: [Int64] = []
            for number in block(from) - 24...block(run.upperBound - 1) + 24 {
                let slots = number * size..<(number + 1) * size
                if number >= block(from), number <= block(run.upperBound - 1) { continue }
                guard stretch.contains(slots.lowerBound), stretch.contains(slots.upperBound - 1) else { continue }
                guard number >= block(span.lowerBound), number <= block(span.upperBound - 1) else { continue }
                sums.append(slots.reduce(0) { $0 + (counts[$1] ?? 0) })
            }
            let expected = sums.count < 24 ? 0 : Double(sums.min() ?? 0) / Double(size)
            #expect(activity.quietest(around: run, within: stretch) == expected)
        }
    }

    /// Witnesses of which nothing is known but what happened near these silences.
    private func spared(
        _ witnesses: [Evidence.Witness], _ happened: [[Int: Int64]], _ silences: [SlotSet], _ span: Range<Int>
    ) -> [Evidence.Witness] {
        witnesses.indices.map { place in
            var one = witnesses[place]
            one.activity = silences[place].isEmpty ? nil : Activity(slotsPerBlock: 1, over: span)
            let near = SlotSet(ranges: silences[place].ranges.map { Activity.neighbourhood(of: $0, slotsPerBlock: 1) })
            for (slot, count) in happened[place] where near.contains(slot) { one.activity?.add(count, at: slot) }
            return one
        }
    }

    /// Hours of dense and of thin series; slot by slot, what the words of the definition say.
    @Test(arguments: [58, 59, 60] as [UInt64])
    func verdictsAreThoseOfEachSlotAlone(_ seed: UInt64) {
        var random = Seeded(seed)
        let evidence = Evidence(slotSeconds: 3600)
        #expect(evidence.bridge == 72)
        var isSpared = false
        for round in 0..<25 {
            let span = 0..<400
            let outages = SlotSet(ranges: random.ranges(4, in: span, longest: 5))
            var happened: [[Int: Int64]] = []
            let witnesses = (0..<2 + random.below(4)).map { _ in
                let typical = [2, 4, 6, 20][random.below(4)]
                let life = SlotSet(random.below(120)..<400 - random.below(120))
                let long = SlotSet(ranges: random.ranges(1, in: span, longest: 90))
                var held = life.subtracting(outages).subtracting(long)
                for _ in 0..<random.below(4) { held.remove(random.below(400)..<random.below(3) + 400) }
                for _ in 0..<random.below(6) {
                    let slot = random.below(400)
                    held.remove(slot..<slot + 1)
                }
                let empty = SlotSet(ranges: random.ranges(2, in: span, longest: 2)).intersection(life).subtracting(held)
                var activity = Activity(slotsPerBlock: 1, over: span)
                var counts: [Int: Int64] = [:]
                for range in held.ranges { for slot in range { counts[slot] = Int64(typical + random.below(4)) } }
                for (slot, count) in counts { activity.add(count, at: slot) }
                happened.append(counts)
                let missing = life.subtracting(held).subtracting(empty)
                return Evidence.Witness(
                    held: held, empty: empty, missing: missing,
                    finer: missing.intersection(SlotSet(ranges: random.ranges(1, in: span, longest: 3))), activity: activity)
            }
            let traded = SlotSet(ranges: random.ranges(1, in: span, longest: 2))
            let verdicts = evidence.judge(witnesses, traded: traded)
            let sparing = spared(witnesses, happened, evidence.silences(witnesses, traded: traded), span)
            isSpared = isSpared || sparing.contains { $0.activity == nil }
            #expect(evidence.judge(sparing, traded: traded) == verdicts, "round \(round)")
            func knows(_ one: Evidence.Witness, _ slot: Int) -> Bool { one.held.contains(slot) || one.empty.contains(slot) }
            /// The stretch that a slot lies in: no silence in it is longer than the bridge.
            func stretch(_ one: Evidence.Witness, _ slot: Int) -> Range<Int>? {
                guard let low = (0...slot).last(where: { knows(one, $0) }), let high = (slot..<400).first(where: { knows(one, $0) }),
                    high - low - 1 <= 72
                else { return nil }
                var (from, to) = (low, high)
                while let next = (max(0, from - 73)..<from).last(where: { knows(one, $0) }) { from = next }
                while let next = (to + 1..<to + 74).first(where: { knows(one, $0) }) { to = next }
                return from..<to + 1
            }
            func rate(_ one: Evidence.Witness, _ slot: Int) -> Double {
                guard let stretch = stretch(one, slot) else { return 0 }
                var (from, to) = (slot, slot)
                while stretch.contains(from - 1), !one.held.contains(from - 1) { from -= 1 }
                while stretch.contains(to + 1), !one.held.contains(to + 1) { to += 1 }
                return one.activity?.quietest(around: from..<to + 1, within: stretch) ?? 0
            }
            for slot in span {
                let alive = witnesses.filter { stretch($0, slot) != nil }
                let isAny = traded.contains(slot) || witnesses.contains { $0.held.contains(slot) }
                let isCommon = !isAny && alive.count >= 3 && alive.reduce(0) { $0 + rate($1, slot) } >= 13.815_510_557_964_274
                for (one, verdict) in zip(witnesses, verdicts) {
                    let isJudged = one.missing.contains(slot) && stretch(one, slot) != nil
                    let isLost = isJudged && isAny && (one.finer.contains(slot) || rate(one, slot) >= 13.815_510_557_964_274)
                    #expect(verdict.common.contains(slot) == (isJudged && isCommon), "round \(round) slot \(slot)")
                    #expect(verdict.lost.contains(slot) == isLost, "round \(round) slot \(slot)")
                    #expect(verdict.unknown.contains(slot) == (isJudged && !isCommon && !isLost), "round \(round) slot \(slot)")
                }
            }
        }
        #expect(isSpared)
    }
}
