internal import Bytes
internal import Series
internal import Store

/// Makes one answer of the store's rows.
struct AnswerMaker {
    let question: Question
    let dataset: Dataset
    /// All that there are: some share the upstream.
    let datasets: [Dataset]
    let store: Store
    let clock: ServiceClock
    /// The longest that an answer holds, in seconds.
    let ceiling: Int
    /// Wall clock at the start, so that an answer's validity ends on time however long its making takes.
    let startedAt = ServiceClock.realNow

    /// Shown time at the start.
    var now: Int64 { Int64(clock.stored.shown(real: startedAt).rounded(.down)) }

    func make() async throws -> FreshAnswer {
        switch question {
        case .history(let query): try await history(query)
        case .completeness(let query): try await completeness(query)
        case .gaps(let query): try await gaps(query)
        case .series(let query): try await series(query)
        case .revisions(let query): try await revisions(query)
        case .dataset: try await facts()
        }
    }

    /// `notes`: of which stretch it is wanted why slots are not held. `cut`: of which alone coverage is wanted.
    /// `page`: which of the series that are asked for are read, where that is not all.
    func snapshot(
        notes: Range<Int64>? = nil, cut: Range<Int64>? = nil, page: ([SeriesEntry], [Int]) throws -> [Int] = { $1 },
        span: ([StoredSeries]) throws -> Range<Int64>? = { _ in nil }
    ) async throws -> Snapshot {
        do {
            return try await store.snapshot(of: dataset, choose: { try page($0, try chosen($0)) }, notes: notes, cut: cut, span: span)
        } catch StoreError.unavailable {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    /// What is asked about, with what is known of it at one moment. `from` and `to`: as they were asked. `isCut`:
    /// coverage is wanted of nothing else.
    func known(from: Int64?, to: Int64?, isCut: Bool = false) async throws -> (scope: Scope, snapshot: Snapshot) {
        let asked = Scope(dataset, from: from, to: to, now: now)
        // Where it begins is known by the snapshot only; what lies before all series costs nothing.
        let isOpen = from == nil && dataset.beginsWithFirstRow
        let snapshot = try await snapshot(
            notes: isOpen ? min(0, asked.from)..<asked.to : asked.span, cut: isCut && !isOpen ? asked.span : nil)
        return (isOpen ? Scope(dataset, from: nil, to: to, knowing: snapshot.series, now: asked.now) : asked, snapshot)
    }

    /// The same with the rows of another stretch.
    func rows(of snapshot: Snapshot, in span: Range<Int64>) async throws -> Snapshot {
        do {
            return try await store.rows(of: snapshot, dataset, in: span)
        } catch StoreError.unavailable {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    /// What is known of the work ahead, and what typical days take.
    func outlook() async throws -> (outlook: Outlook, steady: SteadyDemand) {
        do {
            let steady = try await store.steadyDemand(on: dataset.upstream.name, of: datasets, now: now)
            return (try await store.outlook(of: dataset, among: datasets, clock: clock), steady)
        } catch where Store.isUnavailable(error) {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    /// The ids of the series that are asked for. Where a key is left open, those that are followed are meant.
    func chosen(_ known: [SeriesEntry]) throws -> [Int] {
        let asked = question.keys
        try dataset.requireSeries(asked, among: known.map(\.key))
        let matching = narrowed(known.filter { dataset.includes($0.key, asked) })
        if dataset.keys.allSatisfy({ asked[$0] != nil }) { return matching.map(\.id) }
        let kept = matching.filter { dataset.follows($0.key) }
        return (kept.isEmpty ? matching : kept).map(\.id)
    }

    /// A history is of slots of one length: where what was asked leaves that open, what the dataset says is meant.
    private func narrowed(_ matching: [SeriesEntry]) -> [SeriesEntry] {
        guard case .history = question else { return matching }
        let meant = dataset.readDefaults.filter { question.keys[$0.key] == nil }.mapValues { [$0] }
        if meant.isEmpty || Set(matching.map { dataset.calendar(of: $0.key) }).count < 2 { return matching }
        return matching.filter { dataset.includes($0.key, meant) }
    }

    /// `validUntil` from the ceiling and the instant (shown time) at which the clock changes the answer.
    func fresh(
        _ body: [UInt8], type: String = "application/json", headers: [StoredAnswer.Header] = [], nextCursor: String? = nil,
        of snapshot: Snapshot, until change: Int64?
    ) -> FreshAnswer {
        var seconds = Double(ceiling)
        if let change {
            seconds = min(seconds, clock.realSeconds(Double(change) - clock.stored.shown(real: startedAt)))
        }
        return FreshAnswer(
            body: body, contentType: type, headers: headers, nextCursor: nextCursor, version: snapshot.version?.number ?? 0,
            changedAt: snapshot.version?.changedAt ?? 0, validUntil: Int64((startedAt + seconds) * 1000))
    }
}
