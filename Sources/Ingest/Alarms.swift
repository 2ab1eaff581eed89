internal import Bytes
package import Series
package import Store

/// Looks for what is wrong and keeps the store's alarms in step with it: one alarm a cause, cleared when it is mended. One process does it
/// at a time, whichever comes first.
package final class Alarms: Duty {
    package struct Settings: Sendable {
        /// Seconds (shown clock) that a slot may lack after it was due.
        package var graceSeconds = 3600
        /// Datasets that nothing is fetched of, since settings give no access to their upstream: where nothing is held of them either, they
        /// are not used here, and nobody is alarmed of them.
        package var unfetched: Set<String> = []
        /// Whether a webhook is to hear of it.
        package var telling = false

        package init() {}
    }

    package let name = "alarms"
    private let store: Store
    private let datasets: [Dataset]
    private let rates: [String: RequestRate]
    private let clock: ServiceClock
    private let settings: Settings
    private let observe: (IngestEvent) -> Void

    /// Between two looks: a quarter of an hour of the shown clock, within these real seconds.
    private static let apart = 2.0...60.0
    /// How far back outcomes of requests count, of the shown clock, within these real seconds.
    private static let outcomesFor = 30.0...600.0

    /// Scores that are older say nothing of now, of the shown clock.
    private static let qualitySeconds: Int64 = 7 * 86_400

    package init(
        store: Store, datasets: [Dataset], rates: [String: RequestRate], clock: ServiceClock, settings: Settings,
        observe: @escaping (IngestEvent) -> Void
    ) {
        self.store = store
        self.datasets = datasets
        self.rates = rates
        self.clock = clock
        self.settings = settings
        self.observe = observe
    }

    package func perform() async throws -> Double {
        let apart = clock.realSeconds(900).clamped(to: Self.apart)
        // A little less than the pause, or every second look would come a moment too early.
        if let changes = try await store.alarmRound(apart: apart * 0.9, { try await self.look($0) }) { tell(changes) }
        return apart
    }

    /// One look, whenever the last one was. For tests.
    func lookNow() async throws -> AlarmRound.Changes? {
        let changes = try await store.alarmRound(apart: 0) { try await self.look($0) }
        if let changes { tell(changes) }
        return changes
    }

    private func look(_ round: AlarmRound) async throws -> AlarmRound.Changes {
        let now = clock.now
        var alarms: [Alarm] = []
        var spans: [String: Range<LocalDate>] = [:]
        var used: [Dataset] = []
        for dataset in datasets {
            if settings.unfetched.contains(dataset.name), try await !round.holdsAny(of: dataset.name) { continue }
            used.append(dataset)
            let lacks = try await lacks(of: dataset, round, now)
            spans[dataset.name] = lacks.span
            alarms += AlarmRules.alarms(lacks, of: dataset)
            if dataset.quality != nil {
                let scores = try await round.latestQuality(of: dataset, since: now - Self.qualitySeconds)
                let followed = scores.filter { dataset.follows($0.key) }.map { (key: $0.key, score: $0.score) }
                if let alarm = AlarmRules.alarm(followed, of: dataset) { alarms.append(alarm) }
            }
        }
        let outcomes = try await round.outcomes(ofSeconds: clock.realSeconds(600).clamped(to: Self.outcomesFor))
        let verdicts = Dictionary(outcomes.map { ($0.upstream, $0.verdict) }) { first, _ in first }
        alarms += outcomes.filter { rates[$0.upstream] != nil }.compactMap(AlarmRules.alarm)
        alarms += try await budgets(of: used, now).compactMap(AlarmRules.alarm)
        return try await round.settle(alarms, now: now, telling: settings.telling) { alert in
            let scope = alert.cause.scope
            switch alert.cause.kind {
            case .incompleteDay:
                guard let span = spans[scope], let date = LocalDate(alert.cause.key), span.contains(date) else { return .outOfView }
                return .mended
            case .lateSlot, .quality: return spans[scope] == nil ? .outOfView : .mended
            case .budgetShort: return self.rates[scope] == nil ? .outOfView : .mended
            case .failingUpstream:
                if self.rates[scope] == nil { return .outOfView }
                // Nothing was asked of it lately: it is as it was.
                return verdicts[scope] == .well ? .mended : nil
            }
        }
    }

    private func lacks(of dataset: Dataset, _ round: AlarmRound, _ now: Int64) async throws -> Lacks {
        // A day as it is shown, where the clock runs fast.
        let new = try await round.newSeries(of: dataset.name, within: min(86_400, clock.realSeconds(86_400)))
        // A store that begins would be alarmed of every day of its horizon.
        let today = dataset.zone.day(at: now)
        let firstDay = today.advanced(by: -dataset.alarmDays)
        // A day more at either end than is looked at.
        let span = dataset.zone.start(of: firstDay.advanced(by: -1))..<dataset.zone.start(of: today.advanced(by: 2))
        let series = try await round.ledgers(of: dataset, in: span).filter { dataset.follows($0.key) && !new.contains($0.id) }
        let lasting = try await round.lasting(of: dataset, series, from: dataset.zone.start(of: firstDay))
        return Lacks(
            of: dataset, series.map(\.ledger), lasting: { lasting[series[$0].id] ?? Lacks.Lasting() }, now: now,
            graceSeconds: settings.graceSeconds)
    }

    /// How the quotas stand to what is asked of them, as forecasts have it.
    private func budgets(of datasets: [Dataset], _ now: Int64) async throws -> [BudgetStanding] {
        var standings: [BudgetStanding] = []
        for (upstream, sharing) in Dictionary(grouping: datasets, by: \.upstream.name).sorted(by: { $0.key < $1.key }) {
            guard let rate = rates[upstream] else { continue }
            let outlook = try await store.outlook(of: sharing[0], among: sharing, rate: rate, clock: clock)
            let steady = try await store.steadyDemand(on: upstream, of: sharing, now: now)
            standings.append(
                BudgetStanding(
                    upstream: upstream, rate: outlook.rate, steady: outlook.sustainability(of: steady),
                    // What is asked for in every refresh period takes as long as there is, on purpose.
                    urgentRequests: outlook.tokensPerMinute == nil ? outlook.urgentRequests : 0,
                    urgentSeconds: outlook.tokensPerMinute == nil ? outlook.forecastOfUrgent.map { $0.p90 - now } : nil))
        }
        return standings
    }

    private func tell(_ changes: AlarmRound.Changes) {
        for alert in changes.cleared {
            observe(
                .alertCleared(
                    id: alert.id, kind: alert.cause.kind.rawValue, severity: alert.alarm.severity.rawValue, scope: alert.cause.scope,
                    subject: alert.cause.key, because: alert.clearedBecause?.rawValue ?? ""))
        }
        for alert in changes.opened {
            observe(
                .alertOpened(
                    id: alert.id, kind: alert.cause.kind.rawValue, severity: alert.alarm.severity.rawValue, scope: alert.cause.scope,
                    subject: alert.cause.key, message: alert.alarm.message))
        }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double { min(max(self, range.lowerBound), range.upperBound) }
}
