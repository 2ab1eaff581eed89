internal import Bytes
internal import Series
internal import Store

/// What ingestions may take: time by the store's clock, memory by this process's.
extension Worker {
    /// Seconds, by the dataset's name. What settings say holds for all datasets.
    static func timeLimits(of datasets: some Sequence<Dataset>, _ setting: Int?) -> [String: Int] {
        Dictionary(datasets.compactMap { dataset in (setting ?? dataset.processingSeconds).map { (dataset.name, $0) } }) { $1 }
    }

    /// Ends what has had its time, and what this process has no memory for: as partial, with all its tasks that wait.
    func stopWhatIsBeyondLimits() async throws {
        for (id, name) in try await store.overdueIngestions(limits: timeLimits) where !isStopping {
            guard let dataset = datasets[name], let seconds = timeLimits[name] else { continue }
            await stop(id, dataset, "stopped after \(ISODuration.text(Int64(seconds))) (MAX_PROCESSING_TIME)")
        }
        guard let gate, let reason = gate.despair(isIdle: held.isEmpty) else { return }
        // Of an upstream that this worker cannot ask, others are waited for.
        let own = datasets.keys.filter { localShapes[$0] == nil }
        for (id, name) in try await store.desertedIngestions(of: own) where !isStopping && held.isEmpty {
            if let dataset = datasets[name] { await stop(id, dataset, "stopped for want of memory (\(reason))") }
        }
    }

    private func stop(_ id: String, _ dataset: Dataset, _ reason: String) async {
        do {
            let error = try await store.stop(ingestion: id) { left in
                "\(reason) with \(left) \(left == 1 ? "call" : "calls") left: resume it to go on"
            }
            if let error { await tellEnd(of: id, dataset, .partial, error) }
        } catch {
            observe(.storeFailed(doing: "stopping \(id)", reason: "\(error)"))
        }
    }

    /// Of an ingestion that this worker has ended.
    func tellEnd(of id: String, _ dataset: Dataset, _ status: IngestionStatus, _ error: String?) async {
        observe(.ingestionEnded(ingestion: id, dataset: dataset.name, status: status.rawValue, error: error))
        guard let job = try? await store.ingestion(id: id), let seconds = job.performance.seconds else { return }
        observe(
            .operation(
                .ingestion, dataset: dataset.name, isWell: status != .failed, seconds: seconds,
                memoryPeak: job.performance.memoryPeakBytes))
    }
}
