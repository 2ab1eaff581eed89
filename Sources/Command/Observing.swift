internal import Answers
internal import Ingest

/// Two readers of what happens: lines in the log, and counts.
struct Observing: Sendable {
    let log: Log
    let shard: MetricsShard

    /// Labels come from our own routes and words only, never from a client, so that nobody can make series at will.
    func ingest(_ event: IngestEvent) {
        switch event {
        case .taskClaimed(let task, let ingestion, let dataset, let shape, let attempt, let trace):
            log.write(.debug, "task claimed", trace: trace, [
                "task": "\(task)", "ingestion": ingestion, "dataset": dataset, "shape": shape, "attempt": "\(attempt)",
            ])
        case .taskEnded(let task, let ingestion, let dataset, let ended, let requests, let rows, let written, let seconds, let trace):
            shard.count("gapless_tasks_total{dataset=\"\(dataset)\",ended=\"\(ended)\"}")
            shard.count("gapless_rows_written_total{dataset=\"\(dataset)\"}", by: written)
            log.write(.info, "task ended", trace: trace, [
                "task": "\(task)", "ingestion": ingestion, "dataset": dataset, "ended": ended, "requests": "\(requests)",
                "rows": "\(rows)", "written": "\(written)", "seconds": "\(seconds)",
            ])
        case .taskPostponed(let task, let dataset, let reason, let seconds, let trace):
            log.write(.warning, "task postponed", trace: trace, [
                "task": "\(task)", "dataset": dataset, "reason": reason, "seconds": "\(seconds)",
            ])
        case .leaseLost(let task):
            shard.count("gapless_leases_lost_total")
            log.write(.warning, "lease lost", ["task": "\(task)"])
        case .request(let upstream, let place, let outcome, let seconds, let bytes):
            shard.count("gapless_upstream_requests_total{upstream=\"\(upstream)\",outcome=\"\(outcome)\"}")
            shard.count("gapless_upstream_bytes_total{upstream=\"\(upstream)\"}", by: bytes)
            shard.time("gapless_upstream_request_seconds{upstream=\"\(upstream)\"}", seconds)
            log.write(.debug, "upstream request", ["place": place, "outcome": outcome, "seconds": "\(seconds)", "bytes": "\(bytes)"])
        case .waitingForBudget(let upstream, let seconds):
            shard.count("gapless_budget_waits_total{upstream=\"\(upstream)\"}")
            // Where the window is a second long, waiting for it is no news.
            if seconds >= 2 { log.write(.info, "waiting for the budget", ["upstream": upstream, "seconds": "\(seconds)"]) }
        case .upstreamRests(let upstream, let scope, let seconds):
            log.write(
                .warning, "the upstream asked for a rest", ["upstream": upstream, "scope": scope ?? "", "seconds": "\(seconds)"])
        case .shapeUnusable(let dataset, let shape, let reason):
            log.write(.warning, "call shape not honoured", ["dataset": dataset, "shape": shape, "reason": reason])
        case .ingestionEnded(let ingestion, let dataset, let status, let error):
            shard.count("gapless_ingestions_total{dataset=\"\(dataset)\",status=\"\(status)\"}")
            log.write(.info, "ingestion ended", ["ingestion": ingestion, "dataset": dataset, "status": status, "error": error ?? ""])
        case .alertOpened, .alertCleared, .webhookDelivered, .webhookFailed: alert(event)
        case .scheduleRan(let dataset, let schedule, let ingestions, let late):
            shard.count("gapless_schedule_runs_total{dataset=\"\(dataset)\",schedule=\"\(schedule)\"}")
            log.write(.info, "schedule ran", [
                "dataset": dataset, "schedule": schedule, "ingestions": ingestions.joined(separator: ","), "late": "\(late)",
            ])
        case .operation(let what, let dataset, let isWell, let seconds, let memoryPeak):
            operation(what, dataset, isWell: isWell, seconds, memoryPeak)
        case .memoryShort(let resident, let limit):
            log.write(.warning, "no call is begun for want of memory", ["resident_bytes": "\(resident)", "limit_bytes": "\(limit)"])
        case .storeFailed(let doing, let reason):
            shard.count("gapless_store_failures_total")
            log.write(.warning, "the store did not answer", ["doing": doing, "reason": reason])
        }
    }

    func answer(_ event: ReadEvent) {
        switch event {
        case .hot: shard.countHot()
        case .hit: shard.count("gapless_cache_total{result=\"hit\"}")
        case .filled: shard.count("gapless_cache_total{result=\"filled\"}")
        case .collapsed: shard.count("gapless_cache_total{result=\"collapsed\"}")
        case .bypassed: shard.count("gapless_cache_total{result=\"bypassed\"}")
        case .awaited: shard.count("gapless_cache_total{result=\"awaited\"}")
        case .stale: shard.count("gapless_cache_total{result=\"stale\"}")
        case .breakerOpened:
            shard.count("gapless_cache_breaker_openings_total")
            log.write(.warning, "the cache does not answer")
        case .rejected: shard.count("gapless_cache_total{result=\"rejected\"}")
        case .versionsUnknown: log.write(.warning, "the store's versions are not known")
        }
    }

    /// A failure that no route foresaw. Its text may hold anything but a secret; the client is told only the id.
    func unforeseen(_ error: any Error, request: String) {
        log.write(.error, "unforeseen failure", ["id": request, "reason": "\(error)"])
    }
}
