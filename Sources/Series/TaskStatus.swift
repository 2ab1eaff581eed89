/// The life of a task: one call of an ingestion.
package enum TaskStatus: String, Sendable, Hashable, CaseIterable {
    case available, running, done, failed, cancelled
    /// Begun too often without an end: it waits until somebody resumes its ingestion.
    case parked
}
