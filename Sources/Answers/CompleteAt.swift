internal import Bytes
internal import Series
internal import Store

/// When a range that lacks slots will have them.
extension AnswerMaker {
    /// As likely as not, by the shown clock: behind what is open of the dataset, else from the next scheduled run that asks for all of the
    /// holes; nil where nothing will. What is missing of `series` in the scope can be filled, in part at least.
    func completeAt(_ scope: Scope, _ series: [StoredSeries], _ outlook: Outlook) async throws -> Int64? {
        if let open = outlook.forecast(ofDataset: dataset.name) { return open.p50 }
        let all = Selection(dataset: dataset.name)
        let holes = series.map { one in
            let ledger = scope.judged(one)
            return Demand(
                series: one.key,
                missing: ledger.missing(
                    in: scope.slots(of: one.key), calendar: dataset.calendar(of: one.key), dueBefore: scope.dueBefore(one.key)))
        }.filter { !$0.missing.isEmpty }
        let firsts = holes.compactMap { hole in
            hole.missing.first.map { dataset.calendar(of: hole.series).ruler.start(of: $0) }
        }
        // Nobody asks for what is not followed any more.
        guard let first = firsts.min(), holes.allSatisfy({ dataset.selects($0.series, by: all) }),
            let run = try await nextRun(askingFrom: first)
        else { return nil }
        var requests = try await requests(for: holes, knowing: series)
        if requests.values.allSatisfy({ $0 == 0 }) { requests = ["": 1] }
        // Until then the budget recovers: by what the plan would take from now on it is at the latest.
        return outlook.forecast(of: requests, in: run.lane).map { max(run.at, now) + max(0, $0.p50 - now) }
    }

    /// The next run of a schedule that looks for holes as far back as this. Rows that nobody has kept for long are of a service that
    /// does nothing by itself any more.
    private func nextRun(askingFrom start: Int64) async throws -> (at: Int64, lane: Lane)? {
        let oldest = now - Int64(max(900, clock.shownSeconds(60)))
        let rows = try await reading { try await store.schedules(of: [dataset.name]) }
        var next: (at: Int64, lane: Lane)?
        for row in rows where row.nextDue > oldest {
            guard let schedule = dataset.schedules.first(where: { $0.name == row.name && $0.recurrence.words == row.recurrence }),
                schedule.purpose != .corrections, row.nextDue < next?.at ?? .max
            else { continue }
            let selections = schedule.selections(of: dataset, now: max(row.nextDue, now))
            if selections.contains(where: { $0.from ?? start <= start }) { next = (row.nextDue, schedule.lane) }
        }
        return next
    }

    /// By scope.
    private func requests(for holes: [Demand], knowing series: [StoredSeries]) async throws -> [String: Int] {
        let findings = try await reading { try await store.shapeFindings(of: dataset.name) }
        var around = Circumstances(now: now, ledgers: dataset.hasWays || dataset.asksForNow ? series.map(\.ledger) : [])
        if dataset.upstream.tokens != nil {
            let facts = try await reading { try await store.tokenFacts(upstream: dataset.upstream.name, now: Double(now)) }
            around.tokenPrices = facts?.means ?? [:]
        }
        return dataset.requestsByScope(of: dataset.plan(holes, shapes: dataset.shapes(by: findings), circumstances: around))
    }

    private func reading<T>(_ read: () async throws -> T) async throws -> T {
        do {
            return try await read()
        } catch where Store.isUnavailable(error) {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    /// What is filed, paused and spent moves the end, and no version of the dataset: so long it may be told again, in seconds of the
    /// shown clock, by a fast one a second of the wall's.
    var forecastSeconds: Int64 { Int64(max(60, clock.shownSeconds(1))) }
}
