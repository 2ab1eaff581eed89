/// The life of an ingestion.
package enum IngestionStatus: String, Sendable, Hashable, CaseIterable {
    case pending, running, paused, completed, partial, failed, cancelled

    package enum Action: Sendable, Hashable {
        /// A worker took its first task.
        case start
        case pause
        /// Back to the queue: a worker will take it up again.
        case resume
        case cancel
        /// It ended by itself.
        case end(Outcome)
    }

    package enum Outcome: Sendable, Hashable, CaseIterable {
        case completed, partial, failed

        package var status: IngestionStatus {
            switch self {
            case .completed: .completed
            case .partial: .partial
            case .failed: .failed
            }
        }
    }

    /// Nothing more happens to it unless somebody resumes it.
    package var isOver: Bool {
        switch self {
        case .pending, .running, .paused: false
        case .completed, .partial, .failed, .cancelled: true
        }
    }

    /// The status after an action; nil where it is illegal. Asking again for what already is so changes nothing.
    package func moved(by action: Action) -> IngestionStatus? {
        switch (self, action) {
        case (.pending, .start), (.running, .start): .running
        case (.pending, .pause), (.running, .pause), (.paused, .pause): .paused
        case (.paused, .resume), (.partial, .resume), (.failed, .resume), (.pending, .resume): .pending
        case (.running, .resume): .running
        case (.pending, .cancel), (.running, .cancel), (.paused, .cancel), (.cancelled, .cancel): .cancelled
        // The last task under way may end after the pause.
        case (.pending, .end(let outcome)), (.running, .end(let outcome)), (.paused, .end(let outcome)): outcome.status
        default: nil
        }
    }

    /// How an ingestion ended: `completed` where none of the selected slots is missing but unfillable ones (absent and pending ones
    /// do not count), `failed` where nothing was stored and every task failed, `partial` otherwise, quarantined rows included.
    ///
    /// - Parameters:
    ///   - missingFillable: selected slots that are still missing though a call could fill them.
    ///   - quarantined: selected slots whose record failed validation.
    ///   - failedTasks: tasks given up, of `tasks` in all.
    ///   - stored: rows that it stored.
    package static func ended(missingFillable: Int, quarantined: Int, failedTasks: Int, tasks: Int, stored: Int) -> Outcome {
        if missingFillable == 0, quarantined == 0 { return .completed }
        return stored == 0 && tasks > 0 && failedTasks == tasks ? .failed : .partial
    }
}
