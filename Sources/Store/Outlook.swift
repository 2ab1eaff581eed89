internal import Postgres
package import Series

/// What is known of the work ahead on one upstream, and of how it went of late: what forecasts are made of.
package struct Outlook: Sendable {
    /// An ingestion that is not over, and what of it is planned and not spent.
    package struct Open: Sendable, Equatable {
        package let id: String
        package let dataset: String
        package let lane: Lane
        /// By scope (`Dataset.scope`).
        package let scopes: [String: Int]
        package var requests: Int { scopes.values.reduce(0, +) }
    }

    /// The quota as it is declared.
    package let rate: RequestRate
    /// Of a scope that is not among the others: of all requests, where the upstream has one budget.
    package let budget: BudgetPace
    /// Of the scopes that are in use.
    package let scopes: [String: BudgetPace]
    package let experience: Forecast.Experience
    /// Of the datasets that share the upstream, in the order in which they were filed.
    package let open: [Open]
    /// Where tokens are counted: how many there are to begin with, and how many come a minute.
    var atHand = 0
    package internal(set) var tokensPerMinute: Double?

    package init(
        rate: RequestRate, budget: BudgetPace, scopes: [String: BudgetPace] = [:], experience: Forecast.Experience, open: [Open]
    ) {
        self.rate = rate
        self.budget = budget
        self.scopes = scopes
        self.experience = experience
        self.open = open
    }

    /// The same with another budget, of which nothing is spent.
    package func with(_ rate: RequestRate, now: Double) -> Outlook {
        let isTokens = tokensPerMinute != nil
        let window = isTokens ? Double(rate.seconds) : BudgetPace.counted(windowSeconds: Double(rate.seconds))
        var other = Outlook(
            rate: rate, budget: BudgetPace(quota: rate.count, window: window, now: now), experience: experience, open: open)
        other.atHand = atHand
        if isTokens { other.tokensPerMinute = rate.perSecond * 60 }
        return other
    }

    /// Of so many requests of each scope that would be filed now.
    package func forecast(of requests: [String: Int], in lane: Lane) -> Forecast? {
        Forecast.of(shares(requests, behind: open), in: lane, experience: experience)
    }

    /// Of an open ingestion, behind those that were filed before it in its lane, and beside the other lanes.
    package func forecast(of id: String) -> Forecast? {
        guard let place = open.firstIndex(where: { $0.id == id }) else { return nil }
        let mine = open[place]
        let others = open.enumerated().filter { $0.offset < place || $0.element.lane != mine.lane }.map(\.element)
        return Forecast.of(shares(mine.scopes, behind: others), in: mine.lane, experience: experience)
    }

    /// Of all that is open of a dataset, beside the work of others on the upstream; nil where nothing is.
    package func forecast(ofDataset name: String) -> Forecast? {
        let mine = open.filter { $0.dataset == name }
        // The last of each lane.
        let last = Lane.allCases.compactMap { lane in mine.last { $0.lane == lane && $0.requests > 0 } }
        return last.compactMap { forecast(of: $0.id) }.max { $0.p50 < $1.p50 }
    }

    /// Of all that is open. Its order is of no matter to the last request of all.
    package var forecastOfAll: Forecast? { forecast(ofOnly: open) }

    /// Requests of the lanes that do not take their time.
    package var urgentRequests: Int { urgent.reduce(0) { $0 + $1.requests } }

    /// Of all that does not take its time, were there nothing else.
    package var forecastOfUrgent: Forecast? { forecast(ofOnly: urgent) }

    private var urgent: [Open] { open.filter { $0.lane != .history } }

    private func forecast(ofOnly some: [Open]) -> Forecast? {
        let requests = some.reduce(into: [:]) { $0.merge($1.scopes, uniquingKeysWith: +) }
        return Forecast.of(shares(requests, behind: []), in: .live, experience: experience)
    }

    /// In the order of the scopes' names, so that the same question has the same answer.
    private func shares(_ requests: [String: Int], behind others: [Open]) -> [Forecast.Share] {
        var queues: [String: [Lane: Int]] = [:]
        for one in others {
            for (scope, count) in one.scopes where requests[scope] != nil {
                queues[scope, default: [:]][one.lane, default: 0] += count
            }
        }
        return requests.sorted { $0.key < $1.key }.map { scope, count in
            // What is at hand pays for those that come first.
            var ahead = queues[scope] ?? [:]
            var atHand = atHand
            for lane in Lane.allCases {
                let paid = min(atHand, ahead[lane] ?? 0)
                if paid > 0 { ahead[lane, default: 0] -= paid }
                atHand -= paid
            }
            let own = count > 0 ? max(1, count - atHand) : 0
            return Forecast.Share(requests: own, behind: Forecast.Queue(ahead: ahead), budget: scopes[scope] ?? budget)
        }
    }

    /// Whether the quota holds what typical days of all that share it take.
    package func sustainability(of demand: SteadyDemand) -> Sustainability {
        if let refresh = demand.refresh, let tokensPerMinute { return refresh.sustainability(tokensPerMinute: tokensPerMinute) }
        return Forecast.sustainability(of: demand, rate: rate, retryFactor: experience.retryFactor)
    }
}

extension Store {
    static let callsLookedAt = 200

    /// The outlook on a dataset's upstream. `datasets`: all that there are, of which some share it; `rate`: its budget where none is
    /// declared yet.
    package func outlook(
        of dataset: Dataset, among datasets: [Dataset], rate: RequestRate? = nil, clock: ServiceClock
    ) async throws -> Outlook {
        let sharing = datasets.filter { $0.upstream.name == dataset.upstream.name }
        if dataset.upstream.tokens != nil, let outlook = try await tokenOutlook(of: dataset, sharing: sharing, clock: clock) {
            return outlook
        }
        let now = clock.exactNow
        let state = try await budgetStates(upstream: dataset.upstream.name, now: now).first
        let profile = dataset.upstream
        let declared = state.map { RequestRate(count: $0.quota, seconds: $0.windowSeconds) } ?? rate ?? profile.rate
        let untouched = BudgetPace(
            quota: declared.count, window: BudgetPace.counted(windowSeconds: Double(declared.seconds)), now: now)
        let seconds = dataset.shapes.map(\.secondsPerRequest).max() ?? 1
        let experience = Forecast.Experience(
            samples: try await recentCalls(of: sharing.map(\.name), clock: clock),
            expectedPace: Double(profile.requestsInFlight) / max(0.001, clock.shownSeconds(seconds)))
        if profile.pacedByChannel {
            let scopes = (state?.scopes ?? []).map { ($0.scope ?? "", $0.pace(now: now, clock: clock)) }
            return Outlook(
                rate: declared, budget: untouched, scopes: Dictionary(scopes) { first, _ in first }, experience: experience,
                open: try await openWorkByScope(of: sharing))
        }
        return Outlook(
            rate: declared, budget: state?.pace(now: now, clock: clock) ?? untouched, experience: experience,
            open: try await openWork(of: sharing.map(\.name)))
    }

    /// Calls that ended of late, the last one last.
    private func recentCalls(of datasets: [String], clock: ServiceClock) async throws -> [Forecast.Sample] {
        let rows = try await pool.read("""
            select t.requests_planned, t.requests, extract(epoch from t.begun_at)::float8, extract(epoch from t.finished_at)::float8
            from tasks t join ingestions i on i.id = t.ingestion_id
            where t.finished_at is not null and t.begun_at is not null and t.requests > 0 and i.dataset = any(\(datasets))
            order by t.finished_at desc limit \(Self.callsLookedAt)
            """)
        return try rows.map { row in
            Forecast.Sample(
                planned: try row.int(0), spent: try row.int(1), begun: clock.stored.shown(real: try row.double(2)),
                ended: clock.stored.shown(real: try row.double(3)))
        }.reversed()
    }

    /// A task that is open has one request to come at least, however many it took.
    private func openWork(of datasets: [String]) async throws -> [Outlook.Open] {
        let rows = try await pool.read("""
            select i.id::text, i.dataset, i.lane, (
                select coalesce(sum(greatest(1, t.requests_planned - t.requests)), 0)::int8 from tasks t
                where t.ingestion_id = i.id and t.status in ('available', 'running')
            ) from ingestions i where i.dataset = any(\(datasets)) and i.status in ('pending', 'running') order by i.created_at, i.id
            """)
        return try rows.map { row in
            Outlook.Open(
                id: try row.string(0), dataset: try row.string(1), lane: Lane(rawValue: try row.string(2)) ?? .history,
                scopes: ["": try row.int(3)])
        }
    }

    /// The same by channel: a call's series are of one.
    private func openWorkByScope(of datasets: [Dataset]) async throws -> [Outlook.Open] {
        let rows = try await pool.read("""
            select i.id::text, i.dataset, i.lane, s.key, sum(greatest(1, t.requests_planned - t.requests))::int8
            from ingestions i join tasks t on t.ingestion_id = i.id and t.status in ('available', 'running')
                join series s on s.id = t.series_ids[1]
            where i.dataset = any(\(datasets.map(\.name))) and i.status in ('pending', 'running') and t.requests_planned > 0
            group by i.id, s.id order by i.created_at, i.id, s.id
            """)
        let named = Dictionary(datasets.map { ($0.name, $0) }) { first, _ in first }
        var open: [Outlook.Open] = []
        for row in rows {
            let (id, name) = (try row.string(0), try row.string(1))
            let scope = named[name]?.channel(SeriesKey(try row.strings(3))) ?? ""
            var scopes = open.last?.id == id ? open.removeLast().scopes : [:]
            scopes[scope, default: 0] += try row.int(4)
            open.append(
                Outlook.Open(id: id, dataset: name, lane: Lane(rawValue: try row.string(2)) ?? .history, scopes: scopes))
        }
        return open
    }
}

extension Store.BudgetState {
    /// As the store counts. Instants of the shown clock. Spends of a sixtieth of a
    /// window are taken as one, at its end, so that a forecast costs no more than sixty of them.
    package func pace(now: Double, clock: ServiceClock) -> BudgetPace {
        let window = BudgetPace.counted(windowSeconds: Double(windowSeconds))
        let slice = window / 60
        var merged: [BudgetPace.Spend] = []
        for spend in spends {
            if let last = merged.last, (last.at / slice).rounded(.down) == (spend.at / slice).rounded(.down) {
                merged[merged.count - 1] = BudgetPace.Spend(at: spend.at, requests: last.requests + spend.requests)
            } else {
                merged.append(BudgetPace.Spend(at: spend.at, requests: spend.requests))
            }
        }
        return BudgetPace(
            quota: quota, window: window, now: now, spends: merged,
            restUntil: restingSeconds > 0 ? now + clock.shownSeconds(restingSeconds) : -.infinity)
    }

    /// Requests that are reserved and may not have been sent yet: their last moment for that is still to come.
    package func reserved(now: Double) -> Int { spends.filter { $0.at > now }.reduce(0) { $0 + $1.requests } }

    /// When the next request may go, on the shown clock.
    package func nextAt(now: Double, clock: ServiceClock) -> Double {
        BudgetPace(
            quota: quota, window: BudgetPace.counted(windowSeconds: Double(windowSeconds)), now: now,
            spends: spends.map { BudgetPace.Spend(at: $0.at, requests: $0.requests) },
            restUntil: restingSeconds > 0 ? now + clock.shownSeconds(restingSeconds) : -.infinity
        ).nextAt
    }
}
