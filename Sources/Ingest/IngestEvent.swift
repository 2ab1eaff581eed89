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
    /// `scope`: where it counts requests apart, of which it spoke.
    case upstreamRests(upstream: String, scope: String?, seconds: Double)
    case shapeUnusable(dataset: String, shape: String, reason: String)
    case ingestionEnded(ingestion: String, dataset: String, status: String, error: String?)
    /// `subject`: the day or the channel, empty where the scope (a dataset or an upstream) says all. Told by the process that did it.
    case alertOpened(id: String, kind: String, severity: String, scope: String, subject: String, message: String)
    case alertCleared(id: String, kind: String, severity: String, scope: String, subject: String, because: String)
    case webhookDelivered(delivery: String, event: String, attempts: Int)
    /// `secondsUntilNext`: nil where it was given up. `reason` names no part of the address.
    case webhookFailed(delivery: String, event: String, attempts: Int, reason: String, secondsUntilNext: Double?)
    /// A schedule's run was done by this process. `ingestions`: what it filed. `late`: seconds of the shown clock since it was due.
    case scheduleRan(dataset: String, schedule: String, ingestions: [String], late: Int64)
    /// A piece of the work has ended. `memoryPeak`: the most bytes that were seen to be resident meanwhile, of `call` and `ingestion`.
    case operation(Operation, dataset: String, isWell: Bool, seconds: Double, memoryPeak: Int?)
    /// More is resident than may be: no call is begun until that has passed. Told once of each such time. Bytes.
    case memoryShort(resident: Int, limit: Int)
    /// The store did not answer; the worker tries again.
    case storeFailed(doing: String, reason: String)
}
