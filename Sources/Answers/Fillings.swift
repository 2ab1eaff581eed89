internal import Series
internal import Store

/// By what missing slots can be filled, as answers show it: without the files at hand, which only who plans knows.
extension Scope {
    /// Of one gap so many runs are shown.
    static let fillingsShown = 100

    /// Of a gap, in the order of time; empty where nothing is missing in it, or its dataset has one way.
    func fillings(_ gap: Gap, of one: StoredSeries) -> [Filling] {
        guard gap.state == .missing || gap.state == .quarantined, let around = circumstances[dataset.channel(one.key)] else { return [] }
        return dataset.fillings(of: one.key, one.ledger.existing(in: gap.range, dataset.calendar(of: one.key)), around)
    }

    /// The same scope, which knows of what is held beside a series: what follows from it, and what only the API still tells of.
    ///
    /// `rates`: how much happens near what is missing, for what trades take.
    func knowing(_ series: [StoredSeries], _ rates: EventRates) -> Scope {
        guard dataset.hasWays else { return self }
        var ways = Selection.Ways()
        ways.trades = true
        var scope = self
        scope.circumstances = Dictionary(grouping: series) { dataset.channel($0.key) }.mapValues {
            Circumstances(now: now, ledgers: $0.map(\.ledger), ways: ways, events: { rates.rate($0, $1) })
        }
        return scope
    }

    /// The due slots of a series that are missing in it.
    func missing(of one: StoredSeries) -> Demand { dataset.lacking(one.ledger, from: from, to: to, now: now) }

    /// When the first of some gaps leaves the API's reach, in part: what was said of it is then no more true.
    func nextLeaving(_ gaps: some Sequence<(gap: Gap, series: StoredSeries)>) -> Int64? {
        gaps.flatMap { fillings($0.gap, of: $0.series).prefix(Self.fillingsShown).compactMap(\.until) }.filter { $0 > now }.min()
    }
}

extension AnswerMaker {
    /// The scope that knows by what the gaps of these series can be filled, as plans do: by all that is held of their channels, and by how
    /// much happens near them.
    func telling(_ scope: Scope, of series: [StoredSeries]) async throws -> Scope {
        guard dataset.hasWays else { return scope }
        do {
            let channels = Set(series.map { dataset.channel($0.key) })
            let all = try await store.ledgers(of: dataset).filter { channels.contains(dataset.channel($0.key)) }
            let missing = series.map { scope.missing(of: $0) }.filter { !$0.missing.isEmpty }
            return scope.knowing(all, try await EventRates.near(missing, all, of: dataset, in: store))
        } catch where Store.isUnavailable(error) {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }
}
