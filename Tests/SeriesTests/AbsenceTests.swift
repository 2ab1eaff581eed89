import Testing
import TestSupport

@testable import Series

@Suite("Absences, and gaps by their notes")
struct AbsenceTests {
    private static let final: Set = ["no_trade"]

    /// One slot's absence as the words of the definition have it.
    private struct Word: Equatable {
        var reason: String
        var since: Int64
        var asked: Int64
        var attempts = 1
        var steps = 1
        var evidence: Int64

        var nextAsk: Int64? {
            AbsenceTests.final.contains(reason) ? nil : asked + [0, 3600, 86_400, 604_800, 2_592_000][min(steps, 4)]
        }

        init(_ reason: String, _ now: Int64, _ evidence: Int64) {
            (self.reason, since, asked, self.evidence) = (reason, now, now, evidence)
        }

        mutating func again(_ reason: String, _ now: Int64, _ evidence: Int64) {
            if nextAsk.map({ now >= $0 }) ?? true { steps += 1 }
            attempts += 1
            (self.reason, asked, self.evidence) = (reason, now, evidence)
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func runsAreWhatEachSlotWouldBeAlone(_ seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<100 {
            var absences = Absences()
            var words: [Int: Word] = [:]
            var now: Int64 = 0
            let reasons = ["no_record", "partial", "no_trade"]
            let reason = { (slot: Int) in reasons[((slot / 5) % 3 + 3) % 3] }
            for round in 0..<12 {
                now += Int64([60, 3600, 86_400, 40 * 86_400][random.below(4)] + random.below(60))
                let ended = SlotSet(ranges: random.ranges(3, in: -20..<20, longest: 8))
                let nothing = SlotSet(ranges: random.ranges(3, in: -20..<20, longest: 20))
                absences.end(ended)
                var said: [String: SlotSet] = [:]
                for range in nothing.ranges { for slot in range { said[reason(slot), default: SlotSet()].insert(slot..<slot + 1) } }
                absences.note(said, at: now, evidence: Int64(round), final: Self.final)
                for slot in -20..<20 {
                    if ended.contains(slot) { words[slot] = nil }
                    if nothing.contains(slot) {
                        if words[slot] == nil {
                            words[slot] = Word(reason(slot), now, Int64(round))
                        } else {
                            words[slot]?.again(reason(slot), now, Int64(round))
                        }
                    }
                }
                var found: [Int: Absence] = [:]
                for run in absences.runs { for slot in run.slots { #expect(found.updateValue(run.absence, forKey: slot) == nil) } }
                #expect(Set(found.keys) == Set(words.keys) && absences.slots.count == words.count)
                for (slot, word) in words {
                    let absence = found[slot]
                    #expect(absence?.reason == word.reason && absence?.since == word.since && absence?.asked == word.asked)
                    #expect(absence?.attempts == word.attempts && absence?.nextAsk == word.nextAsk && absence?.evidence == word.evidence)
                }
                for (a, b) in zip(absences.runs, absences.runs.dropFirst()) {
                    #expect(a.slots.upperBound < b.slots.lowerBound || (a.slots.upperBound == b.slots.lowerBound && a.absence != b.absence))
                }
            }
        }
    }

    @Test func anAnswerBeforeItIsDueDoesNotPutTheNextAskOffByDays() {
        var absences = Absences()
        let slots = SlotSet(0..<10)
        func note(_ now: Int64) -> Absence? {
            absences.note(["no_record": slots], at: now, evidence: now, final: Self.final)
            return absences.runs.count == 1 ? absences.runs[0].absence : nil
        }
        #expect(note(0)?.nextAsk == 3600)
        #expect(note(300).map { ($0.attempts, $0.nextAsk) } ?? (0, 0) == (2, 3900))
        #expect(note(3900).map { ($0.attempts, $0.nextAsk) } ?? (0, 0) == (3, 3900 + 86_400))
        #expect(note(3960).map { ($0.attempts, $0.nextAsk) } ?? (0, 0) == (4, 3960 + 86_400))
        #expect(note(400_000).map { $0.nextAsk } == 400_000 + 7 * 86_400)
        #expect(absences.runs[0].absence.since == 0)
    }

    @Test(arguments: [31, 32] as [UInt64])
    func gapsOfOtherNotesAreOtherGaps(_ seed: UInt64) {
        var random = Seeded(seed)
        let hours = Ruler.every(seconds: 3600, anchor: 0)
        for _ in 0..<300 {
            let sessions = SlotSet(ranges: random.ranges(8, in: -20..<20, longest: 10))
            let calendar = Calendar(ruler: hours, existing: random.below(2) == 0 ? .all : .sessions(sessions))
            let absent = SlotSet(ranges: random.ranges(4, in: -20..<20, longest: 12))
            var notes: [NotedRun] = []
            var at = -22
            while at < 20 {
                let end = at + 1 + random.below(8)
                if random.below(4) > 0 { notes.append(NotedRun(at..<end, note: random.below(3))) }
                at = end
            }
            let ledger = Ledger(key: SeriesKey(["a"]), held: SlotSet(ranges: random.ranges(3, in: -20..<20, longest: 5)), absent: absent)
            let gaps = ledger.gaps(in: -20..<20, calendar: calendar, dueBefore: 30, notes: [.absent: notes])
            // Slot by slot; neighbours are those with no slot of the calendar between.
            var expected: [(state: SlotState, note: Int?, slots: [Int])] = []
            var isOpen = false
            for slot in calendar.expected(in: -20..<20).ranges.flatMap(Array.init) {
                if ledger.held.contains(slot) {
                    isOpen = false
                    continue
                }
                let state: SlotState = absent.contains(slot) ? .absent : .missing
                let note = state == .absent ? notes.first { $0.slots.contains(slot) }?.note : nil
                if isOpen, let last = expected.last, last.state == state, last.note == note {
                    expected[expected.count - 1].slots.append(slot)
                } else {
                    expected.append((state, note, [slot]))
                }
                isOpen = true
            }
            #expect(gaps.map(\.state) == expected.map(\.state) && gaps.map(\.note) == expected.map(\.note))
            #expect(gaps.map(\.slots) == expected.map(\.slots.count))
            #expect(gaps.map(\.range) == expected.map { $0.slots[0]..<$0.slots[$0.slots.count - 1] + 1 })
        }
    }
}
