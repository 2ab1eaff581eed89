internal import EventLoop
internal import Series
internal import Store

/// What becomes of ingestions whose tasks have ended.
extension Worker {
    func settleIfLast(_ task: ClaimedTask, _ dataset: Dataset) async {
        _ = try? await persist("settling \(task.ingestionID)") {
            // Whoever ends the last one settles, and looks at all of them: others only ask whether one is left.
            if try await !self.store.hasOpenTask(ingestion: task.ingestionID) { try await self.settle(task.ingestionID, dataset) }
        }
    }

    /// Ingestions whose last task ended in a process that died before it could say so. Beside the queue, since settling may have
    /// to wait for readers.
    func settleOrphans() async {
        var rounds = 0
        while !isStopping && !loop.isClosing {
            do {
                // Now and then, where there is no scheduler who would.
                if rounds % 10 == 0 { try await store.releaseLapsed() }
                rounds += 1
                for (id, name) in try await store.unsettledIngestions(datasets: Array(datasets.keys)) where !isStopping {
                    guard let dataset = datasets[name] else { continue }
                    // One that cannot be settled must not keep the others waiting.
                    do { try await settle(id, dataset) } catch { observe(.storeFailed(doing: "settling \(id)", reason: "\(error)")) }
                }
                try await stopWhatIsBeyondLimits()
            } catch { observe(.storeFailed(doing: "looking for ingestions to settle", reason: "\(error)")) }
            try? await orphanBell.wait(until: .after(.seconds(1)))
        }
    }

    func settle(_ id: String, _ dataset: Dataset) async throws {
        let findings = try await store.shapeFindings(of: dataset.name)
        let ground = try await Settling.ground(of: id, dataset, store: store, now: clock.now)
        let settlement: Store.Settlement?
        // Of the next wave, where there is one.
        var planning: Double?
        do {
            settlement = try await store.settle(ingestion: id, of: dataset) { ingestion, undone, series in
                let begun = Deadline.now
                let decided = try Settling.decide(
                    ingestion, undone: undone, series: series, dataset: dataset, findings: findings, ground: ground)
                if case .more = decided { planning = begun.secondsAgo }
                return decided
            }
        } catch is Settling.Outrun {
            // Who ends the last call of that wave settles it.
            return
        }
        if let planning { observe(.operation(.plan, dataset: dataset.name, isWell: true, seconds: planning, memoryPeak: nil)) }
        if case .ended(let status, let error) = settlement {
            await tellEnd(of: id, dataset, status, error)
        } else {
            bell.wake()
        }
    }
}
