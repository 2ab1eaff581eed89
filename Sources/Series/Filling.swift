/// By what a run of slots that a series lacks can be filled.
package struct Filling: Sendable, Hashable {
    package enum Way: String, Sendable, Hashable, CaseIterable {
        /// What is held says it; nobody is asked.
        case derive
        /// A file of the archive: one at hand, or one that a person must fetch.
        case archive
        /// A call brings it among the newest slots.
        case api
        /// It is rebuilt from all that happened.
        case trades
        /// By nothing.
        case none
    }

    /// From the first slot to behind the last one.
    package let range: Range<Int>
    /// How many slots of it are lacking.
    package let slots: Int
    package let way: Way
    /// Of `api`: the instant from which on the first of the slots is not to be had so any more.
    package let until: Int64?
    /// What it takes, by estimate; nil where that is nothing that requests can do.
    package let requests: Int?
    /// The file to fetch, where no allowed way is without one, or where it would spare the requests of `trades`.
    package let download: PublishedFile?
    /// Why no way that is allowed leads there, one word: `needs_archive`, `needs_trades`, `beyond_reach`; nil where one does.
    package let obstacle: String?
    /// What a person can do, one sentence.
    package let action: String
}

extension Dataset {
    /// By what these slots of a series can be filled, in the order of time, split where one way's reach ends and another's begins;
    /// nothing of a dataset whose calls all name what they fill.
    package func fillings(of key: SeriesKey, _ slots: SlotSet, _ circumstances: Circumstances) -> [Filling] {
        guard hasWays, !slots.isEmpty else { return [] }
        let channel = channel(key)
        let ledgers = circumstances.ledgers.values.filter { self.channel($0.key) == channel }
        return Fillings(self, key, slots, ledgers, circumstances)?.all ?? []
    }
}

extension Dataset {
    /// The same of several series, in their order.
    package func eachFilling(of missing: [Demand], _ circumstances: Circumstances) -> [(key: SeriesKey, filling: Filling)] {
        let channels = Dictionary(grouping: circumstances.ledgers.values) { channel($0.key) }
        return missing.flatMap { demand in
            var own = circumstances
            own.ledgers = Dictionary((channels[channel(demand.series)] ?? []).map { ($0.key, $0) }) { first, _ in first }
            return fillings(of: demand.series, demand.missing, own).map { (demand.series, $0) }
        }
    }
}

/// The ladder seen from one series: which rung reaches which of its slots.
private struct Fillings {
    let dataset: Dataset
    let key: SeriesKey
    let place: Int
    let known: KnownSlots
    let circumstances: Circumstances

    /// Nobody can be asked any more.
    private let isOver: Bool
    private(set) var all: [Filling] = []
    private var left: SlotSet

    init?(_ dataset: Dataset, _ key: SeriesKey, _ slots: SlotSet, _ ledgers: [Ledger], _ circumstances: Circumstances) {
        known = KnownSlots(dataset, ledgers: ledgers, wanted: [key: slots])
        guard let place = known.place(of: key) else { return nil }
        self.dataset = dataset
        self.key = key
        self.place = place
        self.circumstances = circumstances
        isOver = ledgers.contains(where: \.isOver)
        left = slots
        derive()
        if circumstances.ways.archives { readFiles() }
        if circumstances.ways.apiBackfill, !isOver { ask() }
        rest()
        all.sort { $0.range.lowerBound < $1.range.lowerBound }
    }

    private var ruler: Ruler { known.members[place].ruler }

    private mutating func take(
        _ reached: SlotSet, _ way: Filling.Way, requests: Int?, until: (Int) -> Int64? = { _ in nil }, action: String
    ) {
        let mine = reached.intersection(left)
        left = left.subtracting(mine)
        for range in mine.ranges {
            all.append(
                Filling(
                    range: range, slots: range.count, way: way, until: until(range.lowerBound), requests: requests, download: nil,
                    obstacle: nil, action: action))
        }
    }

    private mutating func derive() {
        take(
            known.known[place], .derive, requests: 0,
            action: "Start an ingestion: it follows from what is held, and nobody is asked.")
    }

    private mutating func readFiles() {
        var told = known.none
        for file in circumstances.files {
            guard let at = known.place(of: file.series) else { continue }
            let member = known.members[at]
            told[at].formUnion(SlotSet(member.ruler.slots(from: file.span.lowerBound, to: file.span.upperBound).clamped(to: member.range)))
        }
        if told.contains(where: { !$0.isEmpty }) {
            take(known.adding(told)[place], .archive, requests: 0, action: "Start an ingestion: a file at hand tells of it.")
        }
    }

    private mutating func ask() {
        var windows = known.none
        for (at, member) in known.members.enumerated() {
            guard let window = dataset.newestReach(of: member.key, now: circumstances.now) else { continue }
            windows[at] = SlotSet(window.clamped(to: member.range)).subtracting(member.excluded)
        }
        let action = "Start an ingestion while the upstream still tells of it."
        let (dataset, key, known, ruler, sources) = (dataset, key, known, ruler, known.members[place].sources)
        take(windows[place], .api, requests: 1, until: { dataset.leavesNewest($0, of: key) }, action: action)
        // A series that the API does not serve comes from those in it that it serves.
        windows[place] = SlotSet()
        take(known.adding(windows)[place], .api, requests: 1, until: { slot in
            sources.compactMap { source -> Int64? in
                let inside = SlotSet(slot..<slot + 1).cells(of: ruler, on: known.members[source].ruler)
                let lacks = inside.subtracting(known.known[source])
                guard lacks.subtracting(windows[source]).isEmpty else { return nil }
                return lacks.first.flatMap { dataset.leavesNewest($0, of: known.members[source].key) }
            }.max()
        }, action: action)
    }

    /// Beyond the API: by the tape where it is allowed, else by a file that somebody fetches, else not without the tape.
    private mutating func rest() {
        let tape = isOver ? nil : dataset.shapes.first { $0.kind == .tape && dataset.serves($0, key) }
        let ways = circumstances.ways
        for run in left.ranges {
            var from = run.lowerBound
            while from < run.upperBound {
                let (file, to) = published(from..<run.upperBound)
                let instants = ruler.instants(of: from..<to)
                let requests = tape.map { shape in
                    TapeStretches(dataset: dataset, channel: dataset.channel(key), shape: shape, events: circumstances.events)
                        .requests(instants)
                }
                let isAllowed = tape != nil && ways.apiBackfill && (ways.trades || ways.complete)
                let way: Filling.Way = isAllowed ? .trades : file != nil ? .archive : tape != nil ? .trades : .none
                all.append(
                    Filling(
                        range: from..<to, slots: to - from, way: way, until: nil, requests: way == .trades ? requests : nil,
                        download: file, obstacle: isAllowed ? nil : Self.obstacle(way), action: action(way, file, requests ?? 0)))
                from = to
            }
        }
        left = SlotSet()
    }

    private static func obstacle(_ way: Filling.Way) -> String {
        switch way {
        case .archive: "needs_archive"
        case .trades: "needs_trades"
        case .derive, .api, .none: "beyond_reach"
        }
    }

    private func action(_ way: Filling.Way, _ file: PublishedFile?, _ requests: Int) -> String {
        let fetch = file.map { "etch \($0.name)\($0.member.map { ", in which it is \($0)" } ?? ""), and import it" }
        let rebuild = "tart an ingestion with trades, which takes about \(requests) request\(requests == 1 ? "" : "s")"
        switch way {
        case .trades: return "S\(rebuild)\(fetch.map { "; or f\($0)" } ?? "")."
        case .archive: return "F\(fetch ?? "etch the archive and import it")."
        case .derive, .api, .none: return "None: the upstream tells of it no more."
        }
    }

    /// The file that tells of the first of some slots, and where it or the lack of one ends.
    private func published(_ slots: Range<Int>) -> (PublishedFile?, end: Int) {
        func file(_ slot: Int) -> PublishedFile? { dataset.published(key, ruler.start(of: slot), circumstances.now) }
        if let first = file(slots.lowerBound) {
            let end = ruler.slots(from: ruler.start(of: slots.lowerBound), to: first.span.upperBound).upperBound
            return (first, min(max(end, slots.lowerBound + 1), slots.upperBound))
        }
        if file(slots.upperBound - 1) == nil { return (nil, slots.upperBound) }
        // What is published is one stretch of time.
        var (low, high) = (slots.lowerBound, slots.upperBound - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if file(middle) == nil { low = middle } else { high = middle }
        }
        return (nil, high)
    }
}
