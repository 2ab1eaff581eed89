/// Slots of which some but not all parts are held, in order, with the number held. Each range of held parts has at most one such
/// slot at either end, so there are no more of them than twice the ranges.
struct PartialSlots {
    private(set) var slots: [(slot: Int, held: Int)] = []

    init(held: SlotSet, parts: Int) {
        if parts == 1 { return }
        for range in held.ranges {
            let first = range.lowerBound.flooredQuotient(parts)
            let last = (range.upperBound - 1).flooredQuotient(parts)
            for slot in first == last ? [first] : [first, last] {
                let count = range.clamped(to: slot * parts..<(slot + 1) * parts).count
                if count == parts { continue }
                if let previous = slots.last, previous.slot == slot {
                    slots[slots.count - 1].held += count
                } else {
                    slots.append((slot, count))
                }
            }
        }
    }
}

/// Makes gaps of runs that come in the order of time: cuts them where the number of held parts changes, joins neighbours that
/// are alike in state, parts and note.
struct GapWriter {
    private let partial: PartialSlots
    private var nextPartial = 0
    private var gaps: [Gap] = []
    private var open: Gap?

    init(partial: PartialSlots) { self.partial = partial }

    mutating func add(_ state: SlotState, _ run: Range<Int>, note: Int? = nil) {
        if state == .present {
            close()
            return
        }
        var from = run.lowerBound
        while nextPartial < partial.slots.count, partial.slots[nextPartial].slot < run.upperBound {
            let (slot, held) = partial.slots[nextPartial]
            nextPartial += 1
            if slot < from { continue }
            extend(state, from..<slot, partsHeld: 0, note)
            extend(state, slot..<slot + 1, partsHeld: held, note)
            from = slot + 1
        }
        extend(state, from..<run.upperBound, partsHeld: 0, note)
    }

    mutating func finished() -> [Gap] {
        close()
        return gaps
    }

    private mutating func extend(_ state: SlotState, _ run: Range<Int>, partsHeld: Int, _ note: Int?) {
        if run.isEmpty { return }
        if let gap = open, gap.state == state, gap.partsHeld == partsHeld, gap.note == note {
            open = Gap(
                state: state, range: gap.range.lowerBound..<run.upperBound, slots: gap.slots + run.count, partsHeld: partsHeld,
                note: note)
        } else {
            close()
            open = Gap(state: state, range: run, slots: run.count, partsHeld: partsHeld, note: note)
        }
    }

    private mutating func close() {
        if let gap = open { gaps.append(gap) }
        open = nil
    }
}

/// Cuts the ranges of a set where notes begin and end; both in the order of time.
func noted(_ slots: SlotSet, by notes: [NotedRun]) -> [(range: Range<Int>, note: Int?)] {
    if notes.isEmpty { return slots.ranges.map { ($0, nil) } }
    var result: [(range: Range<Int>, note: Int?)] = []
    var next = 0
    for range in slots.ranges {
        var from = range.lowerBound
        while next < notes.count, notes[next].slots.upperBound <= from { next += 1 }
        var at = next
        while at < notes.count, notes[at].slots.lowerBound < range.upperBound {
            let part = notes[at].slots.clamped(to: range)
            if from < part.lowerBound { result.append((from..<part.lowerBound, nil)) }
            result.append((part, notes[at].note))
            from = part.upperBound
            at += 1
        }
        if from < range.upperBound { result.append((from..<range.upperBound, nil)) }
    }
    return result
}
