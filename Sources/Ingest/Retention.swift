package import Store

/// Takes out what nobody may ask for any more.
package final class Retention: Duty {
    /// Seconds for which what is over is kept; nil: for ever.
    package struct Periods: Sendable, Equatable {
        /// Ingestions that have ended, with their tasks.
        package var tasks: Int64? = 90 * 86_400
        package var receipts: Int64? = 90 * 86_400
        package var events: Int64? = 7 * 86_400
        /// Who did what.
        package var audit: Int64? = 365 * 86_400
        /// Alarms that were cleared.
        package var alerts: Int64? = 365 * 86_400

        package init() {}
    }

    package let name = "retention"
    private let store: Store
    private let periods: Periods
    private let clock: ServiceClock

    package init(store: Store, periods: Periods, clock: ServiceClock) {
        self.clock = clock
        self.store = store
        self.periods = periods
    }

    package func perform() async throws -> Double {
        let isMore = [
            try await store.sweepExpired(),
            try await store.sweepEnded(tasks: periods.tasks, receipts: periods.receipts, events: periods.events),
            try await store.sweepAudit(keptFor: periods.audit),
            try await store.sweepAlerts(keptFor: periods.alerts),
            try await store.sweepScopes(now: clock.exactNow),
        ]
        return isMore.contains(true) ? 0 : 60
    }
}
