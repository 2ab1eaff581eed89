/// Pieces of the work of which it is told how long each took.
package enum Operation: String, Sendable, CaseIterable {
    /// One request at the upstream; it fails where no answer with status 200 came.
    case fetch
    /// One answer that was read; it fails where it was not what the dataset reads.
    case decode
    /// The end of one call that was handed to the store, until it was written.
    case store
    /// One attempt at a task, from its claim to its end, waits included; one that was put off has failed.
    case call
    /// One plan: of a selection, or of a later wave of an ingestion.
    case plan
    /// All of an ingestion; pauses are not counted.
    case ingestion
}
