internal import Postgres

/// What an ingestion has taken, over its tasks. What was not measured is nil.
package struct IngestionPerformance: Sendable, Equatable {
    /// Real time that it was worked, from the claim of its first task to its end; what it was paused, or lay over, is not counted.
    package var seconds: Double?
    package var callsDone = 0
    package var callsFailed = 0
    /// Of a call, from its claim to its end, all attempts together.
    package var callSecondsMean: Double?
    package var callSecondsMax: Double?
    /// Of a request at the upstream.
    package var requestSecondsMean: Double?
    package var requestSecondsMax: Double?
    /// Of a call's end in the store.
    package var storeSecondsMean: Double?
    /// The most memory that a process was seen to have resident when it began or ended a call.
    package var memoryPeakBytes: Int?
    /// Rows that were written, revised or found equal.
    package var rows = 0

    package var rowsPerSecond: Double? { seconds.flatMap { $0 > 0 ? Double(rows) / $0 : nil } }

    /// Of the calls that have ended, the part that did not fail.
    package var success: Double? { callsDone + callsFailed > 0 ? Double(callsDone) / Double(callsDone + callsFailed) : nil }

    package init() {}

    /// Of the tasks of an ingestion.
    static let sums: SQL = """
        count(*) filter (where status = 'done') as calls_done,
        avg(busy_seconds) as busy_mean, max(busy_seconds) as busy_max,
        (sum(fetch_seconds) / nullif(sum(fetches), 0))::float8 as fetch_mean, max(fetch_seconds_max) as fetch_max,
        (sum(store_seconds) / nullif(sum(stores), 0))::float8 as store_mean, max(memory_peak) as memory_peak
        """

    /// Of the ingestion `i` itself.
    static let worked: SQL = """
        case when i.working_since is not null or i.worked_seconds is not null then
            (coalesce(i.worked_seconds, 0) + coalesce(extract(epoch from clock_timestamp() - i.working_since), 0))::float8
        end as worked
        """

    init(_ row: Postgres.Row, _ sums: StoredIngestion.Sums) throws {
        seconds = try row.doubleOrNil("worked")
        callsDone = try row.int("calls_done")
        callsFailed = sums.failed
        callSecondsMean = try row.doubleOrNil("busy_mean")
        callSecondsMax = try row.doubleOrNil("busy_max")
        requestSecondsMean = try row.doubleOrNil("fetch_mean")
        requestSecondsMax = try row.doubleOrNil("fetch_max")
        storeSecondsMean = try row.doubleOrNil("store_mean")
        memoryPeakBytes = try row.intOrNil("memory_peak")
        rows = sums.written + sums.unchanged + sums.revised
    }
}
