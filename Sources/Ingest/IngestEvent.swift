/// Everything that happens in the writing half; the log and the metrics are two readers of it.
package enum IngestEvent: Sendable {
    /// `trace` is that of the request which filed the ingestion.
    case taskClaimed(task: Int64, ingestion: String, dataset: String, shape: String, attempt: Int, trace: String?)
    case taskEnded(
        task: Int64, ingestion: String, dataset: String, ended: String, requests: Int, rows: Int, written: Int, seconds: Double,
        trace: String?)
    case taskPostponed(task: Int64, dataset: String, reason: String, seconds: Double, trace: String?)
    /// Somebody else has the task by now: this worker's work on it was refused, as it should be.
    case leaseLost(task: Int64)
    /// `outcome`: the status, or the class of failure. `place` is host and path.
    case request(upstream: String, place: String, outcome: String, seconds: Double, bytes: Int)
    case waitingForBudget(upstream: String, seconds: Double)
    /// The upstream asked everybody for a long rest. Told once a rest, by the process that was refused.
    case upstreamRests(upstream: String, seconds: Double)
    case shapeUnusable(dataset: String, shape: String, reason: String)
    case ingestionEnded(ingestion: String, dataset: String, status: String, error: String?)
    /// The store did not answer; the worker tries again.
    case storeFailed(doing: String, reason: String)
}
