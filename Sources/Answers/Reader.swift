package import EventLoop
package import Redis
package import Series
package import Store

/// The reading half, as one loop sees it: questions in, answers out. Not `Sendable`.
package final class Reader {
    private let store: Store
    private let datasets: [Dataset]
    private let clock: ServiceClock
    private let cacheTTL: Int
    private let observe: (ReadEvent) -> Void
    private let cache: ResponseCache
    private let versions: KnownVersions
    private let streamSeats = StreamSeats()

    /// `redis` nil: answers are kept in this process only. `cacheTTL` in seconds, of which at most 3600 are used. `hotBytesMax` bounds
    /// what this reader keeps, in bytes. `lease`: how long versions are trusted after they were asked for; whoever ends ingestions
    /// waits for no longer than the default.
    package init(
        loop: Loop, store: Store, redis: RedisConnection?, datasets: [Dataset], clock: ServiceClock, cacheTTL: Int = 3600,
        hotBytesMax: Int = 16 << 20, lease: Duration = Store.readerTrust, observe: @escaping (ReadEvent) -> Void = { _ in }
    ) {
        self.store = store
        self.datasets = datasets
        self.clock = clock
        self.cacheTTL = min(max(0, cacheTTL), 3600)
        self.observe = observe
        cache = ResponseCache(loop: loop, redis: redis, hotBytesMax: hotBytesMax, observe: observe)
        versions = KnownVersions(loop: loop, store: store, lease: lease, observe: observe)
    }

    // MARK: Questions. Each throws `AnswerError`, and what the store throws where the fault is ours.

    package func history(_ query: HistoryQuery) async throws -> Answer { try await answer(.history(query)) }
    package func completeness(_ query: CompletenessQuery) async throws -> Answer { try await answer(.completeness(query)) }
    package func gaps(_ query: GapsQuery) async throws -> Answer { try await answer(.gaps(query)) }
    package func series(_ query: SeriesQuery) async throws -> Answer { try await answer(.series(query)) }
    package func revisions(_ query: RevisionsQuery) async throws -> Answer { try await answer(.revisions(query)) }
    /// One dataset's facts and freshness.
    package func dataset(_ name: String) async throws -> Answer { try await answer(.dataset(name)) }

    /// Why one slot is as it is, JSON; read from the store each time. `slot` by the dataset's calendar.
    package func explain(_ slot: Int, of key: SeriesKey, in name: String) async throws -> [UInt8] {
        guard let dataset = datasets.first(where: { $0.name == name }) else { throw AnswerError.unknownDataset(name) }
        return try await SlotExplanation(slot, of: key, in: dataset, store: store, now: clock.now).json()
    }

    /// All datasets' facts, a list of one page.
    package func datasetsSummary() async throws -> Answer {
        var parts: [Answer] = []
        for dataset in datasets { parts.append(try await answer(.dataset(dataset.name))) }
        return Answer(joining: parts, ceiling: cacheTTL)
    }

    /// All rows of a range that is too long for one answer. `client`: who is to have them; each has a share of what may be sent
    /// at the same time.
    package func stream(_ query: HistoryQuery, for client: String) async throws -> HistoryStream {
        guard let dataset = datasets.first(where: { $0.name == query.dataset }) else { throw AnswerError.unknownDataset(query.dataset) }
        return try await HistoryStream(
            AnswerMaker(
                question: .history(query), dataset: dataset, datasets: datasets, store: store, clock: clock, ceiling: cacheTTL),
            query, streamSeats, client: client)
    }

    // MARK: The same from this process's memory: no wait, nil where that has none

    package func cached(_ query: HistoryQuery) -> Answer? { hot(.history(query)) }
    package func cached(_ query: CompletenessQuery) -> Answer? { hot(.completeness(query)) }
    package func cached(_ query: GapsQuery) -> Answer? { hot(.gaps(query)) }
    package func cached(_ query: SeriesQuery) -> Answer? { hot(.series(query)) }
    package func cached(_ query: RevisionsQuery) -> Answer? { hot(.revisions(query)) }
    package func cached(dataset name: String) -> Answer? { hot(.dataset(name)) }

    /// For who still holds the answer to a question about this dataset: its age, where it would be given again.
    package func age(of term: Term, on dataset: String) -> AnswerAge? {
        guard let now = versions.trustedNow() else { return nil }
        return cache.age(of: term, at: versions.last?[dataset]?.number ?? 0, now: now)
    }

    private func hot(_ question: Question) -> Answer? {
        guard let now = versions.trustedNow() else { return nil }
        return cache.hotAnswer(to: question, at: versions.last?[question.dataset]?.number ?? 0, now: now)
    }

    private func answer(_ question: Question) async throws -> Answer {
        guard let dataset = datasets.first(where: { $0.name == question.dataset }) else {
            throw AnswerError.unknownDataset(question.dataset)
        }
        if let answer = hot(question) { return answer }
        guard let known = await versions.current() else { return try await staleAnswer(to: question) }
        do {
            return try await cache.answer(to: question, at: version(of: dataset.name, known), isAway: { self.versions.isAway }) {
                let fresh = try await AnswerMaker(
                    question: question, dataset: dataset, datasets: datasets, store: store, clock: clock, ceiling: cacheTTL
                ).make()
                versions.adopt(DatasetVersion(number: fresh.version, changedAt: fresh.changedAt), of: dataset.name)
                return fresh
            }
        } catch AnswerError.storeUnavailable {
            return try await staleAnswer(to: question)
        }
    }

    // MARK: Versions

    /// Keeps the versions fresh: twice a second, and at once when nudged, until the loop closes or `leave`. While the store is away
    /// answers are given as stale.
    package func runVersions() async { await versions.keepFresh() }

    /// Nudges when the store announces a change, until the loop closes or `leave`. Without it all is as right, only slower: an
    /// ingestion's end waits for the next look.
    package func runAnnouncements() async { await versions.hear() }

    /// A change was announced: the versions are read anew at once.
    package func nudge() { versions.nudge() }

    /// Reads the versions now.
    package func readVersions() async throws { try await versions.readNow() }

    /// The last word: nothing is answered out of memory after it, and no ingestion's end waits for this reader.
    package func leave() async { await versions.leave() }

    private func version(of dataset: String, _ known: [String: DatasetVersion]) -> CacheVersion {
        let version = known[dataset]
        return CacheVersion(
            store: versions.identity, dataset: dataset, number: version?.number ?? 0, changedAt: version?.changedAt ?? 0)
    }

    /// The last known answer, marked. While the versions are known it must be of the one that holds: then it is late, not wrong.
    private func staleAnswer(to question: Question) async throws -> Answer {
        let isSettled = versions.trustedNow() != nil && !store.isDown
        if let known = versions.last {
            let version = version(of: question.dataset, known)
            if let answer = await cache.staleAnswer(to: question, at: version, ofThatOnly: isSettled) { return answer }
        }
        throw AnswerError.storeUnavailable(retryAfter: 1)
    }
}
