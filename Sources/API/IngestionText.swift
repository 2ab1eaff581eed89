internal import Answers
internal import Bytes
internal import Series
internal import Store

/// An ingestion as clients see it. Its instants are real time, whatever clock decides what is due.
enum IngestionText {
    /// `estimate`: when it will have ended, real time.
    static func write(_ job: StoredIngestion, estimate: Estimate? = nil, to json: inout JSONWriter) {
        let sums = job.sums
        json.beginObject()
        json.member("id", job.id)
        json.member("dataset", job.dataset)
        json.member("status", job.status.rawValue)
        json.key("selection")
        json.raw(job.selection.utf8)
        json.member("plan_id", job.planID)
        json.member("progress") { json in
            progress("slots", done: sums.slotsSettled, total: sums.slotsPlanned, &json)
            json.member("requests") { json in
                json.member("done", sums.requests)
                json.member("total", max(sums.requests, sums.requestsExpected))
                json.member("planned", sums.requestsPlanned)
                json.member("retries", sums.retries)
            }
            progress("tokens", done: sums.tokens, total: sums.tokensExpected, &json)
        }
        json.member("records") { json in
            json.member("written", sums.written)
            json.member("unchanged", sums.unchanged)
            json.member("revised", sums.revised)
            json.member("quarantined", sums.quarantined)
            json.member("received", sums.received)
            json.member("dropped", sums.dropped)
        }
        json.member("efficiency") { json in
            json.member("requests", sums.requests)
            json.member("requests_least", job.lowerBoundRequests)
            json.member("slots_filled", sums.filled)
            json.member("records_received", sums.received)
        }
        json.member("gaps") { json in
            json.member("detected", job.slotsDetected)
            json.member("filled", sums.filled)
            json.member("absent", sums.absent)
            json.member("unfillable", job.slotsUnfillable)
        }
        json.key("quality")
        if let quality = job.quality { write(quality, to: &json) } else { json.null() }
        performance(job.performance, &json)
        json.member("requested_by", job.requestedBy)
        json.member("lane", job.lane.rawValue)
        json.member("created_at", instant: job.createdAt)
        json.member("started_at", instant: job.startedAt)
        json.member("finished_at", instant: job.finishedAt)
        json.member("estimated_completion_at", instant: estimate?.p50)
        json.member("estimated_completion_at_p90", instant: estimate?.p90)
        json.member("error", job.error)
        json.endObject()
    }

    private static func write(_ quality: IngestionQuality, to json: inout JSONWriter) {
        json.beginObject()
        json.member("series", quality.series)
        json.member("below_gate", quality.belowGate)
        json.key("lowest")
        json.double(quality.lowest)
        json.member("lowest_series") { json in json.members(of: quality.lowestSeries, names: quality.keys) }
        json.endObject()
    }

    /// What was not measured is null.
    private static func performance(_ taken: IngestionPerformance, _ json: inout JSONWriter) {
        json.member("performance") { json in
            json.member("seconds", rounded: taken.seconds)
            json.member("calls") { json in
                json.member("done", taken.callsDone)
                json.member("failed", taken.callsFailed)
                json.member("seconds_mean", rounded: taken.callSecondsMean)
                json.member("seconds_max", rounded: taken.callSecondsMax)
            }
            json.member("requests") { json in
                json.member("seconds_mean", rounded: taken.requestSecondsMean)
                json.member("seconds_max", rounded: taken.requestSecondsMax)
            }
            json.member("store") { json in json.member("seconds_mean", rounded: taken.storeSecondsMean) }
            json.member("memory_peak_bytes", taken.memoryPeakBytes)
            json.member("rows_per_second", rounded: taken.rowsPerSecond)
            json.member("success", rounded: taken.success)
        }
    }

    /// Retries may spend more than was planned: then what was spent is the whole.
    private static func progress(_ name: String, done: Int, total: Int, _ json: inout JSONWriter) {
        json.member(name) { json in
            json.member("done", done)
            json.member("total", max(done, total))
        }
    }

    /// As likely as not by the one, nine times in ten by the other; seconds since 1970, real time.
    struct Estimate {
        let p50: Int64
        let p90: Int64

        init(_ forecast: Forecast, _ clock: ServiceClock) {
            let (now, real) = (clock.exactNow, ServiceClock.realNow)
            func instant(_ shown: Int64) -> Int64 { Int64((real + clock.realSeconds(max(0, Double(shown) - now))).rounded(.up)) }
            p50 = instant(forecast.p50)
            p90 = instant(forecast.p90)
        }
    }

    /// A task: its call, how it went, and the last receipt.
    static func write(_ task: TaskRecord, _ text: CallText, to json: inout JSONWriter) {
        json.beginObject()
        json.member("ordinal", task.ordinal)
        text.write(task.call, to: &json)
        json.member("status", task.status)
        json.member("attempts", task.attempts)
        json.member("requests", task.requests)
        json.member("tokens", task.tokens)
        json.member("records") { json in
            json.member("written", task.counts.written)
            json.member("unchanged", task.counts.unchanged)
            json.member("revised", task.counts.revised)
        }
        json.member("filled", task.filled)
        json.member("error", task.error)
        json.key("receipt")
        if let ended = task.ended {
            json.beginObject()
            json.member("ended", ended)
            json.member("reason", task.reason)
            json.endObject()
        } else {
            json.null()
        }
        json.endObject()
    }
}
