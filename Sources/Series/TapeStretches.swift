/// Which stretches of a channel are rebuilt from all that happened in them, so that left slots come: by an estimate of what that takes.
struct TapeStretches {
    let dataset: Dataset
    let channel: String
    let shape: CallShape
    let events: @Sendable (String, Range<Int64>) -> Double?

    /// Calls of more requests than about this are parted, so that a kill loses little and lanes share the upstream.
    static let requestsMost = 60
    private static let partsMost = 10_000
    /// Where no neighbour tells how much happens: a page a day, as of a channel in which little does.
    private static let eventsUnknown = 1000.0 / 86_400

    struct Stretch: Equatable {
        let periods: Range<Int>
        let requests: Int
    }

    /// What `slots` will take: pages that are full, and one that shows the end.
    func requests(_ instants: Range<Int64>) -> Int {
        let rate = max(0, events(channel, instants) ?? Self.eventsUnknown)
        let pages = rate * Double(instants.upperBound - instants.lowerBound) / Double(dataset.tapePage)
        return 1 + Int(min(pages, 1e9))
    }

    private func requests(periods: Range<Int>) -> Int { requests(dataset.periods.instants(of: periods)) }

    // MARK: What is to be rebuilt itself

    /// By member, the slots that are to be rebuilt so that all that is left comes, be it by what then follows. A longer slot of which most
    /// is known in shorter ones comes by the rest of these, where that takes less; one that takes too much at once in any case.
    func direct(for left: [SlotSet], _ known: KnownSlots) -> [SlotSet] {
        var direct = known.none
        for (place, member) in known.members.enumerated() where !left[place].isEmpty && dataset.serves(shape, member.key) {
            let coming = known.adding(direct)
            let open = left[place].subtracting(coming[place])
            let sources = member.sources.filter { dataset.serves(shape, known.members[$0].key) }
            guard let first = open.first, !sources.isEmpty else {
                direct[place].formUnion(open)
                continue
            }
            let have = known.members.indices.map { known.known[$0].union(coming[$0]) }
            var parted = SlotSet()
            if requests(member.ruler.instants(of: first..<first + 1)) > Self.requestsMost {
                parted = open
            } else {
                for source in sources { parted.formUnion(have[source].touched(of: known.members[source].ruler, on: member.ruler)) }
                parted = parted.intersection(open)
            }
            direct[place].formUnion(open.subtracting(parted))
            for slot in parted.ranges.joined() {
                if let (source, lacks) = cheapest(slot, of: member, sources, have, known) {
                    direct[source].formUnion(lacks)
                } else {
                    direct[place].insert(slot..<slot + 1)
                }
            }
        }
        return direct
    }

    /// The source by whose lacking slots a slot comes for less than by being rebuilt itself; nil where none does.
    private func cheapest(
        _ slot: Int, of member: KnownSlots.Member, _ sources: [Int], _ have: [SlotSet], _ known: KnownSlots
    ) -> (source: Int, lacks: SlotSet)? {
        let own = requests(member.ruler.instants(of: slot..<slot + 1))
        var best: (source: Int, lacks: SlotSet, requests: Int)?
        // The longest first: of equal price the fewest slots are made that nobody asked for.
        for source in sources.sorted(by: >) {
            let finer = known.members[source]
            let inside = SlotSet(slot..<slot + 1).cells(of: member.ruler, on: finer.ruler)
            guard let first = inside.first, let last = inside.last else { continue }
            let lacks = inside.subtracting(have[source].intersection(first..<last + 1))
            if !lacks.intersection(finer.excluded).isEmpty { continue }
            let price = lacks.ranges.reduce(0) { $0 + requests(finer.ruler.instants(of: $1)) }
            let most = requests(finer.ruler.instants(of: first..<first + 1))
            let isSmaller = own > Self.requestsMost && most <= Self.requestsMost && price <= own + lacks.ranges.count
            if price < best?.requests ?? (isSmaller ? Int.max : own) { best = (source, lacks, price) }
        }
        return best.map { ($0.source, $0.lacks) }
    }

    // MARK: In which stretches

    /// The stretches, in the order of time: near ones are one where one pass is cheaper than two, long ones are parted where no slot
    /// that is to be rebuilt is cut.
    func stretches(_ direct: [SlotSet], _ known: KnownSlots) -> [Stretch] {
        var periods = SlotSet()
        for (place, slots) in direct.enumerated() where !slots.isEmpty {
            let key = known.members[place].key
            periods.formUnion(SlotSet(ranges: slots.ranges.map { dataset.periods(holding: $0, of: key) }))
        }
        var joined: [Stretch] = []
        for range in periods.ranges {
            let next = Stretch(periods: range, requests: requests(periods: range))
            if let last = joined.last {
                let whole = last.periods.lowerBound..<range.upperBound
                let requests = requests(periods: whole)
                if requests < last.requests + next.requests {
                    joined[joined.count - 1] = Stretch(periods: whole, requests: requests)
                    continue
                }
            }
            joined.append(next)
        }
        return joined.flatMap { parted($0, direct, known) }
    }

    private func parted(_ stretch: Stretch, _ direct: [SlotSet], _ known: KnownSlots) -> [Stretch] {
        // However absurd the counts are that its price comes from.
        let count = min((stretch.requests + Self.requestsMost - 1) / Self.requestsMost, stretch.periods.count, Self.partsMost)
        if count <= 1 { return [stretch] }
        var parts: [Stretch] = []
        var from = stretch.periods.lowerBound
        for part in 1...count {
            let even = stretch.periods.lowerBound + Int(Double(stretch.periods.count) * Double(part) / Double(count))
            let to = part == count ? stretch.periods.upperBound : cut(from: even, before: stretch.periods.upperBound, direct, known)
            if to <= from { continue }
            parts.append(Stretch(periods: from..<to, requests: requests(periods: from..<to)))
            from = to
        }
        return parts
    }

    /// The first period from `at` on where no slot is cut that is to be rebuilt.
    private func cut(from at: Int, before end: Int, _ direct: [SlotSet], _ known: KnownSlots) -> Int {
        var at = at
        var hasMoved = true
        while hasMoved, at < end {
            hasMoved = false
            let instant = dataset.periods.start(of: at)
            for (place, slots) in direct.enumerated() {
                let ruler = known.members[place].ruler
                let slot = ruler.slot(containing: instant)
                guard slots.contains(slot), ruler.start(of: slot) < instant else { continue }
                at = dataset.periods.slot(containing: ruler.end(of: slot) - 1) + 1
                hasMoved = true
                break
            }
        }
        return min(at, end)
    }
}
