internal import Postgres
package import Series

/// The outlook on an upstream that counts tokens: they are what its work is measured by.
extension Store {
    /// nil where nobody has declared its bucket yet.
    func tokenOutlook(of dataset: Dataset, sharing: [Dataset], clock: ServiceClock) async throws -> Outlook? {
        let now = clock.exactNow
        guard let facts = try await tokenFacts(upstream: dataset.upstream.name, now: now) else { return nil }
        // A whole number of them, in an hour where there are few.
        let perMinute = facts.refillPerMinute
        let rate = perMinute >= 1
            ? RequestRate(count: Int(perMinute.rounded()), seconds: 60)
            : RequestRate(count: max(1, Int((perMinute * 60).rounded())), seconds: 3600)
        // Tokens never go sooner than they come, however fast calls are: nothing slower is expected of an upstream that nobody has asked.
        let experience = Forecast.Experience(
            samples: try await recentTokens(of: sharing.map(\.name), clock: clock),
            expectedPace: 1000 / max(1e-6, clock.shownSeconds(1)))
        var outlook = Outlook(
            rate: rate, budget: BudgetPace(quota: rate.count, window: Double(rate.seconds), now: now), experience: experience,
            open: try await openTokens(of: sharing.map(\.name)))
        outlook.atHand = max(0, Int(facts.balance - facts.reserved - facts.floor))
        outlook.tokensPerMinute = facts.refillPerMinute
        return outlook
    }

    /// What calls that ended of late were planned to take and took, the last one last.
    private func recentTokens(of datasets: [String], clock: ServiceClock) async throws -> [Forecast.Sample] {
        let rows = try await pool.read("""
            select t.tokens_planned, t.tokens, extract(epoch from t.begun_at)::float8, extract(epoch from t.finished_at)::float8
            from tasks t join ingestions i on i.id = t.ingestion_id
            where t.finished_at is not null and t.begun_at is not null and t.tokens > 0 and i.dataset = any(\(datasets))
            order by t.finished_at desc limit \(Self.callsLookedAt)
            """)
        return try rows.map { row in
            Forecast.Sample(
                planned: max(1, try row.int(0)), spent: try row.int(1), begun: clock.stored.shown(real: try row.double(2)),
                ended: clock.stored.shown(real: try row.double(3)))
        }.reversed()
    }

    private func openTokens(of datasets: [String]) async throws -> [Outlook.Open] {
        let rows = try await pool.read("""
            select i.id::text, i.dataset, i.lane, (
                select coalesce(sum(greatest(1, t.tokens_planned - t.tokens)), 0)::int8 from tasks t
                where t.ingestion_id = i.id and t.status in ('available', 'running')
            ) from ingestions i where i.dataset = any(\(datasets)) and i.status in ('pending', 'running') order by i.created_at, i.id
            """)
        return try rows.map { row in
            Outlook.Open(
                id: try row.string(0), dataset: try row.string(1), lane: Lane(rawValue: try row.string(2)) ?? .history,
                scopes: ["": try row.int(3)])
        }
    }

    /// What keeping the subjects of a dataset takes; nil where it does not ask for what is now, or has none.
    package func refreshDemand(of dataset: Dataset, now: Double) async throws -> RefreshDemand? {
        guard dataset.asksForNow else { return nil }
        let subjects = dataset.followsStored
            ? try await pool.read("select count(distinct key[1]) from series where dataset = \(dataset.name)").only().int(0)
            : Set(dataset.followed.lazy.map { $0.values[0] }).count
        let facts = try await tokenFacts(upstream: dataset.upstream.name, now: now)
        return dataset.refreshDemand(subjects: subjects, prices: facts?.means ?? [:])
    }
}
