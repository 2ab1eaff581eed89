internal import EventLoop
internal import Series
internal import Store

/// Tasks that ask no upstream.
extension Worker {
    /// As far as the store allows, the same end as that of a call: a task that another worker has by now is let go, a stop puts it down.
    func workLocally(_ holding: HeldTask, _ kind: CallShape.Kind, _ dataset: Dataset, _ start: Deadline) async {
        guard let work = kind == .inference ? inferring : files else {
            let reason = "this process reads no files of \(dataset.name)"
            return await end(holding, TaskResult(ended: .failed, reason: reason), dataset, start)
        }
        var done: LocalEnd?
        do {
            let isDone = try await persist("carrying out task \(holding.claim.id)") {
                let fence = holding.claim.fence
                do {
                    done = try await work.perform(LocalTask(holding), dataset, now: self.clock.now)
                } catch StoreError.leaseLost where holding.claim.fence != fence {
                    // This worker itself has claimed it anew meanwhile: once more, under that fence.
                    throw StoreError.unavailable("task \(holding.claim.id) was claimed anew by this worker")
                }
            }
            guard isDone, let done else { return await putDown(holding.claim, requests: 0) }
            switch done {
            case .halted: await putDown(holding.claim, requests: 0)
            case .elsewhere(let reason): await leave(holding, reason, dataset, start)
            case .ends(let result, let written): await end(holding, result, dataset, start, already: written)
            case .stored(let result, let written):
                holding.isPutDown = true
                tell(holding, holding.claim, result, written: written, start)
                await settleIfLast(holding.claim, dataset)
            }
        } catch {
            await end(holding, TaskResult(ended: .failed, reason: "the store refused what it came to: \(error)"), dataset, start)
        }
    }

    /// Whose turn it is next is chance, and this worker takes part: enough tries that another one has it most likely.
    private static let triesElsewhere = 8
    private static let restSeconds = 2.0

    /// Leaves a task to a worker that can do it, as long as there may be one.
    private func leave(_ holding: HeldTask, _ reason: String, _ dataset: Dataset, _ start: Deadline) async {
        let tries = holding.claim.attempts
        if tries >= Self.triesElsewhere {
            let said = "\(reason); nor could any worker that took it in \(tries) tries"
            return await end(holding, TaskResult(ended: .failed, reason: said), dataset, start)
        }
        let said = "try \(tries) of \(Self.triesElsewhere): \(reason)"
        await postpone(
            holding, TaskResult(ended: .failed, reason: said), because: said,
            seconds: min(Self.restSeconds, settings.retry.capSeconds))
    }
}
