/// The life of a task: one call of an ingestion.
package enum TaskStatus: String, Sendable, Hashable, CaseIterable {
    case available, running, done, failed, cancelled
    /// Begun too often without an end: it waits until somebody resumes its ingestion.
    case parked

    package enum Action: Sendable, Hashable, CaseIterable {
        /// A worker takes it under a lease.
        case claim
        case finish
        /// Given up, for this ingestion.
        case fail
        /// Back to the queue: the lease ran out, or it is to be tried again.
        case release
        case park
        case unpark
        case cancel
        /// The ingestion was resumed: what failed is tried anew.
        case retry
    }

    package var isOver: Bool { self == .done || self == .failed || self == .cancelled }

    /// The status after an action; nil where it is illegal.
    package func moved(by action: Action) -> TaskStatus? {
        switch (self, action) {
        case (.available, .claim): .running
        case (.running, .finish): .done
        case (.running, .fail): .failed
        case (.running, .release), (.available, .release): .available
        case (.available, .park), (.running, .park), (.parked, .park): .parked
        case (.parked, .unpark), (.available, .unpark): .available
        case (.available, .cancel), (.running, .cancel), (.parked, .cancel), (.cancelled, .cancel): .cancelled
        case (.failed, .retry): .available
        default: nil
        }
    }
}
