import Bytes
import Testing
import TestSupport

@testable import Series

@Suite("Ledgers, tallies and gaps")
struct LedgerTests {
    private static let hours = Ruler.every(seconds: 3600, anchor: 0)

    /// The same answer, slot by slot, straight from the words of the definition.
    private static func state(_ slot: Int, _ ledger: Ledger, _ calendar: Calendar, _ dueBefore: Int) -> SlotState? {
        if let lifetime = ledger.lifetime, !lifetime.contains(slot) { return nil }
        if calendar.expected(in: slot..<slot + 1).isEmpty { return nil }
        let parts = slot * calendar.parts..<(slot + 1) * calendar.parts
        if parts.allSatisfy(ledger.held.contains) { return .present }
        if ledger.excluded.contains(slot) { return .excluded }
        if ledger.absent.contains(slot) { return .absent }
        if slot >= dueBefore { return .pending }
        if ledger.quarantined.contains(slot) { return .quarantined }
        if ledger.unfillable.contains(slot) { return .unfillable }
        return .missing
    }

    private static func random(_ random: inout Seeded, parts: Int) -> Ledger {
        func set(_ span: Range<Int>) -> SlotSet { SlotSet(ranges: random.ranges(4, in: span, longest: span.count / 5)) }
        let span = -20..<20
        return Ledger(
            key: SeriesKey(["a"]), lifetime: random.below(2) == 0 ? nil : -10 + random.below(5)..<5 + random.below(20),
            held: set(span.lowerBound * parts..<span.upperBound * parts), absent: set(span), excluded: set(span), unfillable: set(span),
            quarantined: set(span))
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func everySlotHasOneStateAndTheCountsAddUp(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<300 {
            let parts = [1, 4][random.below(2)]
            let sessions = SlotSet(ranges: random.ranges(6, in: -20..<20, longest: 12))
            let calendar = Calendar(ruler: Self.hours, parts: parts, existing: random.below(2) == 0 ? .all : .sessions(sessions))
            let ledger = Self.random(&random, parts: parts)
            let due = -20 + random.below(40)
            let from = -20 + random.below(20)
            let range = from..<from + random.below(20)
            let states = range.compactMap { Self.state($0, ledger, calendar, due) }
            func count(_ state: SlotState) -> Int { states.filter { $0 == state }.count }
            let tally = ledger.tally(in: range, calendar: calendar, dueBefore: due)
            #expect(tally.slots == states.count && tally.present == count(.present) && tally.pending == count(.pending))
            #expect(tally.absent == count(.absent) && tally.excluded == count(.excluded))
            #expect(tally.unfillable == count(.unfillable) && tally.quarantined == count(.quarantined))
            #expect(tally.missing == count(.missing) + count(.unfillable) + count(.quarantined))
            #expect(tally.expected == tally.present + tally.missing)
            let missing = Set(range.filter { [.missing, .quarantined].contains(Self.state($0, ledger, calendar, due)) })
            #expect(Set(ledger.missing(in: range, calendar: calendar, dueBefore: due).ranges.flatMap { Array($0) }) == missing)
            let middle = range.lowerBound + range.count / 2
            let halves = [range.lowerBound..<middle, middle..<range.upperBound].map {
                ledger.tally(in: $0, calendar: calendar, dueBefore: due)
            }
            #expect(halves[0] + halves[1] == tally)
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func gapsAndPresentSlotsPartTheRange(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<300 {
            let parts = [1, 4][random.below(2)]
            let calendar = Calendar(
                ruler: Self.hours, parts: parts,
                existing: .sessions(SlotSet(ranges: random.ranges(9, in: -20..<20, longest: 12))))
            let ledger = Self.random(&random, parts: parts)
            let due = -20 + random.below(40)
            let gaps = ledger.gaps(in: -20..<20, calendar: calendar, dueBefore: due)
            var inGap: Set<Int> = []
            for gap in gaps {
                let slots = gap.range.filter { Self.state($0, ledger, calendar, due) != nil }
                #expect(slots.count == gap.slots && gap.slots > 0)
                #expect(slots.first == gap.range.lowerBound && slots.last == gap.range.upperBound - 1)
                for slot in slots {
                    #expect(Self.state(slot, ledger, calendar, due) == gap.state)
                    #expect(ledger.held.count(in: slot * parts..<(slot + 1) * parts) == gap.partsHeld)
                    #expect(inGap.insert(slot).inserted)
                }
            }
            for slot in -20..<20 {
                let state = Self.state(slot, ledger, calendar, due)
                #expect(inGap.contains(slot) == (state != nil && state != .present))
            }
            for (a, b) in zip(gaps, gaps.dropFirst()) where a.state == b.state && a.partsHeld == b.partsHeld {
                let between = (a.range.upperBound..<b.range.lowerBound).compactMap { Self.state($0, ledger, calendar, due) }
                #expect(between.contains(.present), "\(a) and \(b) are one gap")
            }
        }
    }

    @Test func partialHoursTellHowMuchOfThemIsHeld() {
        let calendar = Calendar(ruler: Self.hours, parts: 4)
        // Hour 0 whole, 1 and 2 with three quarters, 3 empty, 4 with two quarters apart, 5 whole.
        let ledger = Ledger(key: SeriesKey(["a"]), held: SlotSet(ranges: [0..<7, 8..<10, 11..<12, 16..<17, 18..<19, 20..<24]))
        #expect(
            ledger.gaps(in: 0..<6, calendar: calendar, dueBefore: 6) == [
                Gap(state: .missing, range: 1..<3, slots: 2, partsHeld: 3), Gap(state: .missing, range: 3..<4, slots: 1),
                Gap(state: .missing, range: 4..<5, slots: 1, partsHeld: 2),
            ])
        #expect(ledger.firstHeldSlot(parts: 4) == 0 && ledger.lastHeldSlot(parts: 4) == 5)
    }

    @Test func aWeekendDoesNotEndAGap() {
        let calendar = Calendar(ruler: .every(seconds: 86_400, anchor: 0), existing: .sessions(SlotSet(ranges: [0..<5, 7..<12])))
        let ledger = Ledger(key: SeriesKey(["A"]), held: SlotSet(ranges: [0..<4, 8..<12]))
        #expect(
            ledger.gaps(in: 0..<14, calendar: calendar, dueBefore: 14) == [Gap(state: .missing, range: 4..<8, slots: 2)])
    }

    @Test func completenessIsNeverRoundedUpToOne() {
        var tally = Tally()
        #expect(tally.completeness == .one)
        tally.slots = 100_000_000
        tally.present = 99_999_999
        #expect(tally.completeness.description == "0.999999")
        tally.present = 100_000_000
        #expect(tally.completeness == .one)
        tally.pending = 1
        tally.slots = 4
        tally.present = 2
        #expect(tally.completeness.description == "0.666666")
    }

    @Test func modesAskForDifferentSlots() {
        let calendar = Calendar(ruler: Self.hours)
        let ledger = Ledger(
            key: SeriesKey(["a"]), held: SlotSet(ranges: [0..<3, 5..<7]), absent: SlotSet(3..<4), excluded: SlotSet(9..<10),
            unfillable: SlotSet(7..<8))
        #expect(ledger.demand(.missing, in: 0..<12, calendar: calendar, dueBefore: 11) == SlotSet(ranges: [4..<5, 8..<9, 10..<11]))
        #expect(ledger.demand(.incremental, in: 0..<12, calendar: calendar, dueBefore: 11) == SlotSet(ranges: [8..<9, 10..<11]))
        #expect(ledger.demand(.refresh, in: 0..<12, calendar: calendar, dueBefore: 11) == SlotSet(ranges: [0..<7, 8..<9, 10..<11]))
        #expect(ledger.demand(.incremental, in: 0..<6, calendar: calendar, dueBefore: 11).isEmpty)
    }
}
