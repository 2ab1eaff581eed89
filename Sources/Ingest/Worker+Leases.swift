internal import EventLoop
internal import Series
internal import Store

/// What a worker holds: how it comes to it, and that it keeps it.
extension Worker {
    /// The places of all lanes first, then those beyond them: were a live task that ended replaced by another beyond, the places of all
    /// would fill with live ones for ever.
    func claim() async throws -> (task: ClaimedTask, isBeyond: Bool)? {
        if let gate, !gate.isOpen() { return nil }
        let beyond = held.values.count(where: \.isBeyond)
        func claim(_ lanes: [Lane]) async throws -> ClaimedTask? {
            try await store.claimTask(
                worker: settings.name, datasets: Array(datasets.keys), only: localShapes, lanes: lanes, chance: random(),
                limits: timeLimits, leaseSeconds: settings.leaseSeconds)
        }
        if held.count - beyond < settings.tasksAtOnce { return try await claim(Lane.allCases).map { ($0, false) } }
        if beyond < settings.liveTasksBeyond { return try await claim([.live]).map { ($0, true) } }
        return nil
    }

    func renewLeases() async {
        while !isStopping && !loop.isClosing {
            try? await drained.wait(until: .after(.milliseconds(min(settings.leaseSeconds * 250, 2000))))
            if isStopping { return }
            for holding in held.values {
                let task = holding.claim
                do {
                    let lease = try await store.renewLease(of: task, leaseSeconds: settings.leaseSeconds)
                    if lease == .held || holding.claim.fence != task.fence || holding.isPutDown { continue }
                    // Another worker has it, or nobody is to have it now: not one more request is spent here.
                    if lease == .lost { observe(.leaseLost(task: task.id)) }
                    holding.isHalted = true
                    datasets[task.dataset].flatMap { senders[$0.upstream.name] }?.object.pacing.abandon(holding.call)
                } catch {
                    observe(.storeFailed(doing: "renewing the lease of task \(task.id)", reason: "\(error)"))
                }
            }
        }
    }
}
