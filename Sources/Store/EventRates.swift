package import Series

/// How much happens in channels, as held rows near their holes tell: what a pass over everything will take is known before it is made.
package struct EventRates: Sendable {
    struct Sample: Sendable, Equatable {
        let at: Int64
        /// A second.
        let rate: Double
    }

    /// By channel, in the order of time.
    private var samples: [String: [Sample]] = [:]

    package init() {}

    init(_ samples: [(channel: String, sample: Sample)]) {
        for (channel, sample) in samples { self.samples[channel, default: []].append(sample) }
        for channel in self.samples.keys { self.samples[channel]?.sort { $0.at < $1.at } }
    }

    /// The mean of what was found within the stretch and on either side of it, in events a second; nil where nothing is known of the
    /// channel.
    package func rate(_ channel: String, _ stretch: Range<Int64>) -> Double? {
        guard let all = samples[channel], !all.isEmpty else { return nil }
        var chosen = all.filter { stretch.contains($0.at) }
        if let before = all.last(where: { $0.at < stretch.lowerBound }) { chosen.append(before) }
        if let after = all.first(where: { $0.at >= stretch.upperBound }) { chosen.append(after) }
        return chosen.reduce(0) { $0 + $1.rate } / Double(max(1, chosen.count))
    }

    // MARK: Where to look

    /// Looked at near a channel's holes, at the most, and in all channels together.
    private static let samplesOfChannel = 12
    private static let samplesMost = 2400
    /// Slots on either side of the one that is nearest.
    private static let slotsBeside = 15

    /// Finds the rates near what is missing. `series`: all that are known.
    package static func near(
        _ missing: [Demand], _ series: [StoredSeries], of dataset: Dataset, in store: Store
    ) async throws -> EventRates {
        guard let derivation = dataset.derivation, !missing.isEmpty else { return EventRates() }
        var spans: [String: Range<Int64>] = [:]
        for demand in missing {
            guard let first = demand.missing.first, let last = demand.missing.last else { continue }
            let span = dataset.instants(of: first..<last + 1, of: demand.series)
            let channel = dataset.channel(demand.series)
            let known = spans[channel] ?? span
            spans[channel] = min(known.lowerBound, span.lowerBound)..<max(known.upperBound, span.upperBound)
        }
        let byChannel = Dictionary(grouping: series) { dataset.channel($0.key) }
        let each = max(1, min(samplesOfChannel, samplesMost / max(1, spans.count)))
        var places: [(channel: String, at: Int64, seconds: Double, stretch: Store.HeldStretch)] = []
        for (channel, span) in spans.sorted(by: { $0.key < $1.key }).prefix(samplesMost) {
            var seen: Set<Range<Int64>> = []
            for index in 0..<each {
                let at = span.lowerBound + (span.upperBound - span.lowerBound) / Int64(each) * Int64(index)
                guard let found = nearest(to: at, byChannel[channel] ?? [], dataset), seen.insert(found.stretch.instants).inserted
                else { continue }
                let middle = found.stretch.instants
                places.append((channel, (middle.lowerBound + middle.upperBound) / 2, found.seconds, found.stretch))
            }
        }
        let sums = try await store.events(in: places.map(\.stretch), counting: derivation.countColumn, of: dataset)
        return EventRates(zip(places, sums).map { ($0.channel, Sample(at: $0.at, rate: $1 / $0.seconds)) })
    }

    /// The stretch of held slots that is nearest to an instant, and how many seconds of it are known.
    private static func nearest(
        to at: Int64, _ series: [StoredSeries], _ dataset: Dataset
    ) -> (stretch: Store.HeldStretch, seconds: Double)? {
        var best: (distance: Int64, one: StoredSeries, slot: Int)?
        for one in series {
            let ruler = dataset.calendar(of: one.key).ruler
            let slot = ruler.slot(containing: at)
            guard let near = one.ledger.held.nearest(to: slot) else { continue }
            let distance = abs(ruler.start(of: near) - at)
            if distance < best?.distance ?? .max { best = (distance, one, near) }
        }
        guard let (_, one, slot) = best else { return nil }
        let slots = slot - slotsBeside..<slot + slotsBeside + 1
        let known = one.ledger.held.intersection(slots).union(one.ledger.absent.intersection(slots))
        guard let first = known.first, let last = known.last else { return nil }
        let instants = dataset.instants(of: first..<last + 1, of: one.key)
        let length = Double(instants.upperBound - instants.lowerBound) / Double(last + 1 - first)
        return (Store.HeldStretch(seriesID: one.id, instants: instants), max(1, length * Double(known.count)))
    }
}
