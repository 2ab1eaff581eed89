internal import Ingest

extension Observing {
    /// What each piece of the work took.
    func operation(_ operation: Operation, _ dataset: String, isWell: Bool, _ seconds: Double, _ memoryPeak: Int?) {
        let labels = "operation=\"\(operation.rawValue)\",dataset=\"\(dataset)\""
        shard.time(
            "gapless_operation_seconds{\(labels),outcome=\"\(isWell ? "ok" : "failed")\"}", seconds,
            bounds: MetricsShard.Histogram.longBounds)
        if let memoryPeak { shard.peak("gapless_operation_memory_peak_bytes{\(labels)}", memoryPeak) }
    }
}
