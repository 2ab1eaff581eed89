package import EventLoop
package import Redis
package import Series
package import Store

/// The reading half, as one loop sees it: questions in, answers out. Not `Sendable`.
package final class Reader {
    private let loop: Loop
    private let store: Store
    private let datasets: [Dataset]
    private let clock: ServiceClock
    private let cacheTTL: Int
    private let observe: (ReadEvent) -> Void
    private let cache: ResponseCache
    private let nudged: Waiter
    /// The last known versions; nil until they were read once.
    private var versions: [String: DatasetVersion]?
    private var identity = ""
    private let streamSeats = StreamSeats()

    /// `redis` nil: answers are kept in this process only. `cacheTTL` in seconds, of which at most 3600 are used. `hotBytesMax` bounds
    /// what this process keeps, in bytes.
    package init(
        loop: Loop, store: Store, redis: RedisConnection?, datasets: [Dataset], clock: ServiceClock, cacheTTL: Int = 3600,
        hotBytesMax: Int = 32 << 20, observe: @escaping (ReadEvent) -> Void = { _ in }
    ) {
        self.loop = loop
        self.store = store
        self.datasets = datasets
        self.clock = clock
        self.cacheTTL = min(max(0, cacheTTL), 3600)
        self.observe = observe
        cache = ResponseCache(loop: loop, redis: redis, hotBytesMax: hotBytesMax, observe: observe)
        nudged = Waiter(loop)
    }

    // MARK: Questions. Each throws `AnswerError`, and what the store throws where the fault is ours.

    package func history(_ query: HistoryQuery) async throws -> Answer { try await answer(.history(query)) }
    package func completeness(_ query: CompletenessQuery) async throws -> Answer { try await answer(.completeness(query)) }
    package func gaps(_ query: GapsQuery) async throws -> Answer { try await answer(.gaps(query)) }
    package func series(_ query: SeriesQuery) async throws -> Answer { try await answer(.series(query)) }
    /// One dataset's facts and freshness.
    package func dataset(_ name: String) async throws -> Answer { try await answer(.dataset(name)) }

    /// All datasets' facts, a list of one page.
    package func datasetsSummary() async throws -> Answer {
        var parts: [Answer] = []
        for dataset in datasets { parts.append(try await answer(.dataset(dataset.name))) }
        return Answer(joining: parts, ceiling: cacheTTL)
    }

    /// All rows of a range that is too long for one answer.
    package func stream(_ query: HistoryQuery) async throws -> HistoryStream {
        guard let dataset = datasets.first(where: { $0.name == query.dataset }) else { throw AnswerError.unknownDataset(query.dataset) }
        return try await HistoryStream(
            AnswerMaker(question: .history(query), dataset: dataset, store: store, clock: clock, ceiling: cacheTTL), query, streamSeats)
    }

    // MARK: The same from this process's memory: no wait, nil where that has none

    package func cached(_ query: HistoryQuery) -> Answer? { hot(.history(query)) }
    package func cached(_ query: CompletenessQuery) -> Answer? { hot(.completeness(query)) }
    package func cached(_ query: GapsQuery) -> Answer? { hot(.gaps(query)) }
    package func cached(_ query: SeriesQuery) -> Answer? { hot(.series(query)) }
    package func cached(dataset name: String) -> Answer? { hot(.dataset(name)) }

    /// For who still holds the answer to a question about this dataset: its age, where it would be given again.
    package func age(of term: Term, on dataset: String) -> AnswerAge? {
        guard let versions else { return nil }
        return cache.age(of: term, at: versions[dataset]?.number ?? 0)
    }

    private func hot(_ question: Question) -> Answer? {
        guard let versions else { return nil }
        return cache.hotAnswer(to: question, at: versions[question.dataset]?.number ?? 0)
    }

    private func answer(_ question: Question) async throws -> Answer {
        guard let dataset = datasets.first(where: { $0.name == question.dataset }) else {
            throw AnswerError.unknownDataset(question.dataset)
        }
        if let answer = hot(question) { return answer }
        let version = try await version(of: dataset.name)
        return try await cache.answer(to: question, at: version) {
            let fresh = try await AnswerMaker(
                question: question, dataset: dataset, store: store, clock: clock, ceiling: cacheTTL
            ).make()
            // A newer version than the one known: who asks next must not get an older answer.
            adopt(DatasetVersion(number: fresh.version, changedAt: fresh.changedAt), of: dataset.name)
            return fresh
        }
    }

    // MARK: Versions

    /// Keeps the versions fresh: every second, and at once when nudged, until the loop closes. While the store is away the last known
    /// ones hold.
    package func runVersions() async {
        while true {
            do { try await readVersions() } catch { observe(.versionsUnknown) }
            do throws(WaitError) {
                try await nudged.wait(until: .after(.seconds(1)))
            } catch {
                if error != .timedOut { return }
            }
        }
    }

    /// A change was announced: the versions are read anew at once.
    package func nudge() { nudged.wake() }

    /// Reads the versions now.
    package func readVersions() async throws {
        if identity.isEmpty { identity = try await store.identity() }
        let before = versions
        var read = try await store.versions()
        // An answer that was made meanwhile may have seen a newer one than this look did.
        for (name, version) in versions ?? [:] where version != before?[name] {
            if version.number > read[name]?.number ?? 0 { read[name] = version }
        }
        versions = read
    }

    private func version(of dataset: String) async throws -> CacheVersion {
        if versions == nil {
            do { try await readVersions() } catch { throw AnswerError.storeUnavailable(retryAfter: 1) }
        }
        let version = versions?[dataset]
        return CacheVersion(store: identity, dataset: dataset, number: version?.number ?? 0, changedAt: version?.changedAt ?? 0)
    }

    private func adopt(_ version: DatasetVersion, of dataset: String) {
        if version.number > versions?[dataset]?.number ?? 0 { versions?[dataset] = version }
    }
}
