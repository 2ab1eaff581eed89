/// What is known of the series of one channel, and what follows from that: a slot is known where its row is held or where it is known to
/// be empty, and a longer one also where all slots of one of its sources in it are (`Dataset.derivation`).
///
/// Only the stretch of time matters in which slots are wanted; nothing is said of the rest.
struct KnownSlots: Sendable {
    struct Member: Sendable {
        let key: SeriesKey
        let ruler: Ruler
        /// Places of its sources among the members, all before its own.
        let sources: [Int]
        /// Its slots in the stretch that matters.
        let range: Range<Int>
        let excluded: SlotSet
        /// Slots that are inferred where they can be: those that are wanted and not held. One that is wanted anew though it is held wants
        /// a fresh answer, and what nobody wants is not made.
        let inferred: SlotSet
    }

    /// Those of shorter slots first.
    let members: [Member]
    /// Without what follows, by member.
    let told: [SlotSet]
    /// With all that follows, by member.
    private(set) var known: [SlotSet]
    private let places: [SeriesKey: Int]

    /// - Parameter ledgers: of all series of the channel; a wanted one that has none is one of which nothing is held.
    init(_ dataset: Dataset, ledgers: [Ledger], wanted: [SeriesKey: SlotSet]) {
        let span = Self.span(of: wanted, dataset)
        var byKey = Dictionary(ledgers.map { ($0.key, $0) }) { first, _ in first }
        for key in wanted.keys where byKey[key] == nil { byKey[key] = Ledger(key: key) }
        let sorted = byKey.values.map { (ledger: $0, length: dataset.calendar(of: $0.key).ruler.length) }
            .sorted { ($0.length, $0.ledger.key) < ($1.length, $1.ledger.key) }
        let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element.ledger.key, $0.offset) })
        var members: [Member] = []
        var told: [SlotSet] = []
        for (place, entry) in sorted.enumerated() {
            let ledger = entry.ledger
            let calendar = dataset.calendar(of: ledger.key)
            let range = span.isEmpty ? 0..<0
                : calendar.ruler.slot(containing: span.lowerBound)..<calendar.ruler.slot(containing: span.upperBound - 1) + 1
            let mine = wanted[ledger.key] ?? SlotSet()
            let held = ledger.held.intersection(range.lowerBound * calendar.parts..<range.upperBound * calendar.parts)
                .wholeSlots(of: calendar.parts)
            // Outside its lifetime nothing is expected of a series, and nothing is known either: a longer slot does not follow from that.
            let settled = ledger.absent.intersection(range).subtracting(ledger.recheck)
            members.append(
                Member(
                    key: ledger.key, ruler: calendar.ruler, sources: Self.sources(of: ledger.key, dataset, places).filter { $0 < place },
                    range: range, excluded: ledger.excluded.intersection(range), inferred: mine.subtracting(held)))
            told.append(held.union(settled).subtracting(mine))
        }
        self.members = members
        self.places = places
        self.told = told
        known = told
        for place in members.indices { known[place].formUnion(following(place, from: known)) }
    }

    func place(of key: SeriesKey) -> Int? { places[key] }

    /// What follows of a member's slots at once from what was told, without what first has to follow itself.
    func inferable(_ place: Int) -> SlotSet { following(place, from: told).subtracting(told[place]) }

    private func following(_ place: Int, from sets: [SlotSet]) -> SlotSet {
        let member = members[place]
        var result = SlotSet()
        for source in member.sources { result.formUnion(sets[source].whole(of: members[source].ruler, on: member.ruler)) }
        return result.intersection(member.inferred)
    }

    private static func sources(of key: SeriesKey, _ dataset: Dataset, _ places: [SeriesKey: Int]) -> [Int] {
        guard let derivation = dataset.derivation, dataset.shapes.contains(where: { $0.kind == .inference && dataset.serves($0, key) })
        else { return [] }
        return derivation.sources(key).compactMap { places[$0] }
    }

    /// What becomes known, by member, once these slots are: they and all that follows from them.
    func adding(_ new: [SlotSet]) -> [SlotSet] {
        var added = zip(new, known).map { $0.isEmpty ? $0 : $0.subtracting($1) }
        for (place, member) in members.enumerated() {
            for source in member.sources where !added[source].isEmpty {
                let finer = members[source].ruler
                let touched = added[source].touched(of: finer, on: member.ruler).intersection(member.inferred)
                guard let first = touched.first, let last = touched.last else { continue }
                let open = touched.subtracting(known[place].intersection(first..<last + 1)).subtracting(added[place])
                if open.isEmpty { continue }
                let inside = open.cells(of: member.ruler, on: finer)
                guard let low = inside.first, let high = inside.last else { continue }
                let have = known[source].intersection(low..<high + 1).union(added[source]).intersection(inside)
                added[place].formUnion(have.whole(of: finer, on: member.ruler).intersection(open))
            }
        }
        return added
    }

    /// Takes for known what `adding` says of these slots, and returns it.
    mutating func learn(_ new: [SlotSet]) -> [SlotSet] {
        let added = adding(new)
        for place in known.indices where !added[place].isEmpty { known[place].formUnion(added[place]) }
        return added
    }

    /// No slot of any member.
    var none: [SlotSet] { Array(repeating: SlotSet(), count: members.count) }

    private static func span(of wanted: [SeriesKey: SlotSet], _ dataset: Dataset) -> Range<Int64> {
        var low = Int64.max
        var high = Int64.min
        for (key, slots) in wanted {
            guard let first = slots.first, let last = slots.last else { continue }
            let ruler = dataset.calendar(of: key).ruler
            low = min(low, ruler.start(of: first))
            high = max(high, ruler.end(of: last))
        }
        return low < high ? low..<high : 0..<0
    }
}

extension Ruler {
    /// Seconds of a slot; of local days, those of the first.
    package var length: Int64 { end(of: 0) - start(of: 0) }
}

// MARK: - Slots of one ruler on another of longer slots

extension SlotSet {
    /// The longer slots that lie in this set from their beginning to their end.
    func whole(of finer: Ruler, on coarser: Ruler) -> SlotSet {
        SlotSet(
            ranges: ranges.compactMap { range in
                let (from, to) = (finer.start(of: range.lowerBound), finer.end(of: range.upperBound - 1))
                let first = coarser.slot(containing: from - 1) + 1
                let end = coarser.slot(containing: to)
                return first < end ? first..<end : nil
            })
    }

    /// The longer slots of which any moment is in this set.
    func touched(of finer: Ruler, on coarser: Ruler) -> SlotSet {
        SlotSet(
            ranges: ranges.map { range in
                coarser.slot(containing: finer.start(of: range.lowerBound))
                    ..< coarser.slot(containing: finer.end(of: range.upperBound - 1) - 1) + 1
            })
    }

    /// The shorter slots that begin in this set's.
    func cells(of coarser: Ruler, on finer: Ruler) -> SlotSet {
        SlotSet(
            ranges: ranges.map { range in
                finer.slots(from: coarser.start(of: range.lowerBound), to: coarser.end(of: range.upperBound - 1))
            })
    }
}
