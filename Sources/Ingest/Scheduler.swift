internal import Series
internal import Store

/// Does what schedules say: looks which are due, plans, and files. Any number of processes do this beside each other; the row's lock and
/// its `next_due` keep a run from being done twice, and since a run moves it beyond the present at once, what was missed is made up for
/// once.
package final class Scheduler: Duty {
    package let name = "schedules"
    private let planning: Planning
    private let nudgeWorker: () -> Void
    private let observe: (IngestEvent) -> Void

    /// The longest sleep, in seconds: rows that another process has moved are seen after it.
    private static let lookSeconds = 30.0

    /// `planning` knows those datasets only that can be fetched.
    package init(planning: Planning, nudgeWorker: @escaping () -> Void, observe: @escaping (IngestEvent) -> Void) {
        self.planning = planning
        self.nudgeWorker = nudgeWorker
        self.observe = observe
    }

    package func perform() async throws -> Double {
        let names = planning.datasets.map(\.name)
        var failure: (any Error)?
        for row in try await planning.store.schedules(of: names) {
            // One that cannot be done must not keep the others waiting.
            do { try await look(at: row) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        let next = try await planning.store.schedules(of: names).filter { rule(of: $0) != nil }.map(\.nextDue).min()
        guard let next else { return Self.lookSeconds }
        let clock = planning.clock
        // One that is still due is under another process's lock.
        return min(Self.lookSeconds, max(0.2, clock.realSeconds(Double(next) - clock.exactNow)))
    }

    private func rule(of row: StoredSchedule) -> (dataset: Dataset, schedule: DatasetSchedule)? {
        // A row with other words belongs to a process of another version: it knows what to make of it.
        guard let dataset = planning.datasets.first(where: { $0.name == row.dataset }),
            let schedule = dataset.schedules.first(where: { $0.name == row.name && $0.recurrence.words == row.recurrence })
        else { return nil }
        return (dataset, schedule)
    }

    private func look(at row: StoredSchedule) async throws {
        guard let (dataset, schedule) = rule(of: row) else { return }
        let now = planning.clock.now
        let next = schedule.recurrence.next(after: now)
        if row.nextDue > now {
            // Set by a clock that went far ahead and was put right: it would wait for that day.
            if row.nextDue > schedule.recurrence.next(after: next) { try await planning.store.move(row, to: next) }
            return
        }
        let wanted = try await wanted(by: schedule, of: dataset, row, now: now)
        guard let filed = try await planning.store.run(row, now: now, next: next, filing: wanted) else { return }
        observe(
            .scheduleRan(
                dataset: dataset.name, schedule: schedule.name, ingestions: filed.filter(\.isNew).map(\.id), late: now - row.nextDue))
        if filed.contains(where: \.isNew) { nudgeWorker() }
    }

    /// What there is to ask for; a plan without a call is nothing.
    private func wanted(
        by schedule: DatasetSchedule, of dataset: Dataset, _ row: StoredSchedule, now: Int64
    ) async throws -> [Store.NewIngestion] {
        // The last run is still at the same holes: a second one beside it would spend the quota twice.
        if case .missing = schedule.purpose, row.isUnderWay { return [] }
        var wanted: [Store.NewIngestion] = []
        for selection in schedule.selections(of: dataset, now: now) {
            // Days that were never fetched have nothing to be corrected.
            if selection.mode == .refresh, try await !planning.holdsAny(of: selection) { continue }
            let draft = try await planning.draft(selection)
            if draft.calls.isEmpty { continue }
            wanted.append(planning.filing(draft, for: Planning.Requester("schedule \(schedule.name)", lane: schedule.lane)))
        }
        return wanted
    }
}
