import Testing
import TestSupport

@testable import Series

@Suite("Slot sets")
struct SlotSetTests {
    private static func isCanonical(_ set: SlotSet) -> Bool {
        set.ranges.allSatisfy { !$0.isEmpty } && zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
    }

    private static func slots(_ ranges: [Range<Int>]) -> Set<Int> { Set(ranges.flatMap { Array($0) }) }

    private static func check(_ set: SlotSet, _ expected: Set<Int>, _ what: Comment) {
        #expect(isCanonical(set), what)
        #expect(slots(set.ranges) == expected, what)
        #expect(set.count == expected.count, what)
        #expect(set.first == expected.min() && set.last == expected.max(), what)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func behavesLikeASetOfNumbers(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<600 {
            let (first, second) = (random.ranges(8, in: -30..<30, longest: 12), random.ranges(8, in: -30..<30, longest: 12))
            let (a, b) = (SlotSet(ranges: first), SlotSet(ranges: second))
            let (x, y) = (Self.slots(first), Self.slots(second))
            Self.check(a, x, "from ranges \(first)")
            Self.check(a.union(b), x.union(y), "\(a) union \(b)")
            Self.check(a.intersection(b), x.intersection(y), "\(a) intersection \(b)")
            Self.check(a.subtracting(b), x.subtracting(y), "\(a) subtracting \(b)")
            #expect(a.isSuperset(of: b) == x.isSuperset(of: y))
            let range = second.first ?? 0..<0
            Self.check(a.intersection(range), x.intersection(range), "\(a) intersection \(range)")
            #expect(a.count(in: range) == x.intersection(range).count)
            #expect(a.contains(range) == x.isSuperset(of: range))
            for slot in -32..<32 where a.contains(slot) != x.contains(slot) { Issue.record("\(a) contains \(slot)") }
            var changed = a
            changed.insert(range)
            Self.check(changed, x.union(range), "\(a) insert \(range)")
            changed.remove(range)
            Self.check(changed, x.subtracting(range), "\(a) remove \(range)")
        }
    }

    @Test func partsAndSlots() {
        var random = Seeded(4)
        for _ in 0..<600 {
            let ranges = random.ranges(8, in: -40..<40, longest: 12)
            let set = SlotSet(ranges: ranges)
            let numbers = Self.slots(ranges)
            for parts in [1, 2, 4, 7] {
                func held(_ slot: Int) -> Int { (slot * parts..<(slot + 1) * parts).filter(numbers.contains).count }
                let around = -42..<42
                Self.check(set.wholeSlots(of: parts), Set(around.filter { held($0) == parts }), "whole \(parts) of \(set)")
                Self.check(set.touchedSlots(of: parts), Set(around.filter { held($0) > 0 }), "touched \(parts) of \(set)")
                #expect(set.scaledUp(by: parts).wholeSlots(of: parts) == set)
                Self.check(set.scaledUp(by: parts), Set(numbers.flatMap { $0 * parts..<($0 + 1) * parts }), "scaled \(parts) of \(set)")
            }
        }
    }

    @Test func equalSetsAreEqualValues() {
        #expect(SlotSet(ranges: [0..<2, 2..<5, 4..<4]) == SlotSet(0..<5))
        #expect(SlotSet(ranges: [7..<9, 0..<2]).description == "{0..<2, 7..<9}")
        #expect(SlotSet(5..<5).isEmpty && SlotSet() == SlotSet(ranges: []))
    }
}
