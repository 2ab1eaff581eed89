internal import Series
internal import Store

/// Does what schedules say: looks which are due, plans, and files. Any number of processes do this beside each other; the lock on a
/// dataset's rows and their `next_due` keep a run from being done twice, and two runs from asking for the same. Since a run moves its row
/// beyond the present at once, what was missed is made up for once.
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
        // The urgent first: what they ask for, the others leave to them.
        let rows = try await planning.store.schedules(of: names).filter { rule(of: $0) != nil }.sorted {
            let (one, other) = (rule(of: $0)?.schedule.lane ?? .history, rule(of: $1)?.schedule.lane ?? .history)
            return one == other ? ($0.dataset, $0.name) < ($1.dataset, $1.name) : other.isBehind(one)
        }
        for row in rows {
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

    /// How often a run is planned anew where another process is at one of its dataset; then it waits for the next look.
    private static let attemptsMax = 6

    private func look(at seen: StoredSchedule) async throws {
        guard let (dataset, schedule) = rule(of: seen) else { return }
        let now = planning.clock.now
        let next = schedule.recurrence.next(after: now)
        if seen.nextDue > now {
            // Set by a clock that went far ahead and was put right: it would wait for that day.
            if seen.nextDue > schedule.recurrence.next(after: next) { try await planning.store.move(seen, to: next) }
            return
        }
        for _ in 0..<Self.attemptsMax {
            let rows = try await planning.store.schedules(of: [dataset.name])
            // Another process did it.
            guard rows.contains(seen) else { return }
            let wanted = try await wanted(by: schedule, of: dataset, now: now)
            guard let filed = try await planning.store.run(seen, beside: rows, now: now, next: next, filing: wanted) else { continue }
            observe(
                .scheduleRan(
                    dataset: dataset.name, schedule: schedule.name, ingestions: filed.filter(\.isNew).map(\.id), late: now - seen.nextDue))
            if filed.contains(where: \.isNew) { nudgeWorker() }
            return
        }
    }

    /// What there is to ask for; a plan without a call is nothing.
    private func wanted(
        by schedule: DatasetSchedule, of dataset: Dataset, now: Int64
    ) async throws -> [Store.NewIngestion] {
        var wanted: [Store.NewIngestion] = []
        for selection in schedule.selections(of: dataset, now: now) {
            // Days that were never fetched have nothing to be corrected.
            if selection.mode == .refresh, try await !planning.holdsAny(of: selection) { continue }
            // Holes that open calls are to fill would spend the quota twice.
            let draft = try await planning.draft(selection, beside: .schedule(schedule.lane))
            if draft.calls.isEmpty { continue }
            wanted.append(planning.filing(draft, for: Planning.Requester("schedule \(schedule.name)", lane: schedule.lane)))
        }
        return wanted
    }
}
