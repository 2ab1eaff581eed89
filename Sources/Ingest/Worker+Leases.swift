internal import EventLoop
internal import Series
internal import Store

/// What a worker holds: how it comes to it, and that it keeps it.
extension Worker {
    /// The places of all lanes first, then those beyond them: were a live task that ended replaced by another beyond, the places of all
    /// would fill with live ones for ever.
    func claim() async throws -> (task: ClaimedTask, isBeyond: Bool)? {
        if let gate, !gate.isOpen() { return nil }
        func claim(_ lanes: [Lane], with room: (_ beyond: Int, _ others: Int) -> Bool) async throws -> ClaimedTask? {
            // Upstream by upstream: calls that wait for the budget of one must not keep those of another waiting.
            var counts: [String: (beyond: Int, others: Int)] = [:]
            for holding in held.values {
                guard let upstream = datasets[holding.claim.dataset]?.upstream.name else { continue }
                counts[upstream, default: (0, 0)].beyond += holding.isBeyond ? 1 : 0
                counts[upstream, default: (0, 0)].others += holding.isBeyond ? 0 : 1
            }
            let open = datasets.values.filter { dataset in
                let count = counts[dataset.upstream.name] ?? (0, 0)
                return room(count.beyond, count.others)
            }.map(\.name)
            if open.isEmpty { return nil }
            return try await store.claimTask(
                worker: settings.name, datasets: open, only: localShapes.filter { open.contains($0.key) }, lanes: lanes, chance: random(),
                limits: timeLimits, leaseSeconds: settings.leaseSeconds)
        }
        if let task = try await claim(Lane.allCases, with: { $1 < settings.tasksAtOnce }) { return (task, false) }
        return try await claim([.live]) { $1 >= settings.tasksAtOnce && $0 < settings.liveTasksBeyond }.map { ($0, true) }
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
