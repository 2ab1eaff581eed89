internal import EventLoop
internal import Store

/// What an attempt at a task takes, measured as it goes: told at once, and summed for the store.
final class CallMeter {
    private let dataset: String
    private let observe: (IngestEvent) -> Void
    private let begunAt = Deadline.now
    private var performance = CallPerformance()

    init(dataset: String, observe: @escaping (IngestEvent) -> Void) {
        self.dataset = dataset
        self.observe = observe
        performance.begunAt = begunAt
        performance.memoryPeak = ProcessMemory.resident
    }

    /// For the store, to which the attempt's end is handed now.
    var handedOver: CallPerformance {
        var performance = performance
        performance.storeBegunAt = .now
        return performance
    }

    /// For the store, where nothing but the attempt is written.
    var sum: CallPerformance { performance }

    /// `seconds`: nil where nothing was sent.
    func fetched(in seconds: Double?, isWell: Bool) {
        guard let seconds else { return }
        performance.fetches += 1
        performance.fetchSeconds += seconds
        performance.fetchSecondsMax = max(performance.fetchSecondsMax ?? 0, seconds)
        observe(.operation(.fetch, dataset: dataset, isWell: isWell, seconds: seconds, memoryPeak: nil))
    }

    func decoded(since begun: Deadline, isWell: Bool) {
        observe(.operation(.decode, dataset: dataset, isWell: isWell, seconds: begun.secondsAgo, memoryPeak: nil))
    }

    func stored(since begun: Deadline, isWell: Bool) {
        observe(.operation(.store, dataset: dataset, isWell: isWell, seconds: begun.secondsAgo, memoryPeak: nil))
    }

    func ended(isWell: Bool) {
        let peak = [performance.memoryPeak, ProcessMemory.resident].compactMap(\.self).max()
        observe(.operation(.call, dataset: dataset, isWell: isWell, seconds: begunAt.secondsAgo, memoryPeak: peak))
    }
}
