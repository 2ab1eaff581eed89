internal import Series
internal import Store

/// Calls to upstreams that count tokens.
extension Worker {
    /// How many subjects one request of a call that begins now may name: whatever it was planned for, it fits into the bucket as it is.
    func subjectsAtOnce(_ shape: String, _ dataset: Dataset) async throws -> Int {
        guard dataset.upstream.tokens != nil, let shape = dataset.call(shape) else { return .max }
        return try await store.tokenFacts(upstream: dataset.upstream.name, now: clock.exactNow)?.subjectsAtOnce(shape) ?? 1
    }
}
