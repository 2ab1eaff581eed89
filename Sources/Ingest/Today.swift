internal import Bytes
internal import Codec
package import Series
internal import Store

/// Today on demand: who reads a range that lacks due slots of the day in progress has them fetched, once for all who ask.
extension Planning {
    /// How it stands with the fetching of today's slots of one channel.
    package enum TodayStanding: Sendable, Equatable {
        /// An ingestion that will bring them, if the upstream has them; `isNew`: filed now.
        case underWay(id: String, isNew: Bool)
        /// None, and none may be filed before so many real seconds have passed: it was tried of late, a person holds it back, the
        /// budget is spent, or there is nobody who could fetch.
        case none(seconds: Double)
    }

    /// Seconds of the shown clock between the end of a fetch that did not bring what is due and the next.
    package static let todayPauseSeconds = 600.0
    /// A budget that lets nothing through for longer than this, in seconds of the shown clock, is spent for long.
    static let todayWaitSeconds = 300.0
    /// Real seconds after which it is worth looking again, where nothing else says so.
    private static let lookAgainSeconds = 30.0

    /// Files a fetch of today for all followed series of a channel, or finds the one that is under way.
    ///
    /// - Parameter dueAt: when the last slot fell due that a reader lacks; a fetch that was filed before has not asked for it.
    package func fetchToday(of dataset: Dataset, channel: String, dueAt: Int64) async throws -> TodayStanding {
        let now = clock.now
        let selection = Self.today(of: dataset, channel: channel, now: now)
        let place = Store.TodayPlace(
            dataset: dataset.name, digest: Hex.encode(SHA256.hash(Array(selection.canonicalText.utf8))),
            shapes: dataset.shapes.filter { $0.channel == channel }.map(\.name), period: dataset.periods.slot(containing: now))
        if let last = try await store.todayFetch(at: place), let standing = standing(last, dueAt: dueAt) { return standing }
        if try await !store.isClaimed(dataset: dataset.name) { return .none(seconds: Self.lookAgainSeconds) }
        if let seconds = try await budgetPause(of: dataset, channel) { return .none(seconds: seconds) }
        let draft = try await draft(selection, beside: .demand)
        if draft.calls.isEmpty { return .none(seconds: Self.lookAgainSeconds) }
        let (fetch, isNew) = try await store.fileToday(
            filing(draft, for: Requester("demand", lane: .live)), at: place,
            unless: { self.standing($0, dueAt: dueAt) != nil })
        if isNew { return .underWay(id: fetch.id, isNew: true) }
        return standing(fetch, dueAt: dueAt) ?? .none(seconds: 1)
    }

    /// The whole local day, so that the selection is the same all day long and for all readers; what is not due yet is not asked for.
    /// Keys are named only as far as they tell the channel's series from others.
    static func today(of dataset: Dataset, channel: String, now: Int64) -> Selection {
        let day = dataset.zone.day(at: now)
        let wanted = Set(dataset.followed.filter { dataset.channel($0) == channel })
        var selection = Selection(
            dataset: dataset.name, from: dataset.zone.start(of: day), to: dataset.zone.start(of: day.advanced(by: 1)))
        for (index, name) in dataset.keys.enumerated() { selection.keys[name] = Set(wanted.map { $0.values[index] }).sorted() }
        for name in dataset.keys {
            var wider = selection
            wider.keys[name] = nil
            if dataset.followed.allSatisfy({ wanted.contains($0) || !dataset.selects($0, by: wider) }) { selection = wider }
        }
        return selection
    }

    /// nil where another may be filed.
    private func standing(_ last: Store.TodayFetch, dueAt: Int64) -> TodayStanding? {
        if last.isUnderWay { return .underWay(id: last.id, isNew: false) }
        guard let ago = last.endedAgo else { return .none(seconds: Self.lookAgainSeconds) }
        let left = Self.todayPauseSeconds - clock.shownSeconds(ago)
        return last.filedAt >= dueAt && left > 0 ? .none(seconds: clock.realSeconds(left)) : nil
    }

    /// Real seconds for which the budget lets nothing through, where that is long; nil where it is not.
    private func budgetPause(of dataset: Dataset, _ channel: String) async throws -> Double? {
        let now = clock.exactNow
        guard let all = try await store.budgetStates(upstream: dataset.upstream.name, now: now).first else { return nil }
        let state = all.of(dataset.upstream.pacedByChannel ? channel : nil)
        if state.restingSeconds > 0 { return state.restingSeconds }
        let wait = state.nextAt(now: now, clock: clock) - now
        return wait > Self.todayWaitSeconds ? clock.realSeconds(wait - Self.todayWaitSeconds) : nil
    }
}
