package import EventLoop
internal import Postgres

/// What an attempt at a task has taken. Written in the transaction that ends it, so that it is known after a restart.
package struct CallPerformance: Sendable {
    /// When it was claimed; nil: as the store has it.
    package var begunAt: Deadline?
    /// Requests that were sent, and their seconds at the upstream.
    package var fetches = 0
    package var fetchSeconds = 0.0
    package var fetchSecondsMax: Double?
    /// When its end was handed to the store.
    package var storeBegunAt: Deadline?
    /// The most memory, in bytes, that the process was seen to have resident.
    package var memoryPeak: Int?

    package init() {}
}

extension Store {
    /// Columns of the task at an attempt's end, for its update.
    static func taken(_ performance: CallPerformance) -> SQL {
        let store = performance.storeBegunAt?.secondsAgo
        let memory = [performance.memoryPeak, ProcessMemory.resident].compactMap(\.self).max()
        return """
            busy_seconds = coalesce(busy_seconds, 0)
                + coalesce(\(performance.begunAt?.secondsAgo), greatest(0, extract(epoch from clock_timestamp() - begun_at))::float8, 0),
            fetches = fetches + \(performance.fetches), fetch_seconds = fetch_seconds + \(performance.fetchSeconds),
            fetch_seconds_max = greatest(fetch_seconds_max, \(performance.fetchSecondsMax)),
            stores = stores + \(store == nil ? 0 : 1), store_seconds = store_seconds + \(store ?? 0),
            memory_peak = greatest(memory_peak, \(memory))
            """
    }
}
