package import EventLoop
package import Series
package import Store
package import Upstream

/// Works the tasks of some datasets: claims, carries out, stores, settles. Any number of workers in any number of
/// processes do this beside each other; what keeps them apart is in the store (row locks, leases, fences).
package final class Worker {
    package struct Settings: Sendable {
        /// Of one upstream.
        package var tasksAtOnce = 4
        /// So many more are begun of the lane `live`, so that a slot that fell due need not wait for the end of a long call.
        package var liveTasksBeyond = 2
        package var leaseSeconds = 15
        /// Times that a task may be begun: more than the accidents of a rough day, fewer than work that kills its worker needs.
        package var attemptsMax = 20
        /// Tries of one request, and the longest pause between two.
        package var retry = RetryPolicy(maxAttempts: 4, baseSeconds: 1, capSeconds: 60)
        package var name = "worker"
        /// What an ingestion may take of any dataset; nil: what each says of itself.
        package var processingSeconds: Int?
        /// What this process may have resident; nil for any.
        package var memory: MemoryLimit?
        package init() {}
    }

    let loop: Loop
    private let decoding: Loop
    let store: Store
    let datasets: [String: Dataset]
    /// Datasets of which only calls that ask no upstream are worked here, with their shapes.
    let localShapes: [String: [String]]
    let clock: ServiceClock
    let settings: Settings
    let timeLimits: [String: Int]
    let gate: MemoryGate?
    let observe: (IngestEvent) -> Void
    let inferring: any LocalWork
    /// Reads the files of archives, where this process does.
    let files: (any LocalWork)?
    var senders: [String: (object: RequestSender, token: Local<RequestSender>, pacing: Local<Pacing>)] = [:]
    var held: [Int64: HeldTask] = [:]
    /// By dataset and family: what was said in the last minute of families that are gone. Not one more request is spent on them so long.
    private var gone: [String: (reason: String, until: Deadline)] = [:]
    /// By upstream: the credentials were refused within the last minute, as they would be again.
    private var refusals: [String: (reason: String, until: Deadline)] = [:]
    private var calls = 0
    let bell: Waiter
    let orphanBell: Waiter
    let drained: Waiter
    private(set) var isStopping = false
    private var seed: UInt64

    /// `access`: how each upstream is reached; of datasets of an upstream without one only calls that ask nobody are worked here.
    /// `decoding`: where large answers are read, so that transfers go on meanwhile. `files`: carries out calls that read
    /// a file; nil: they fail here.
    package init(
        loop: isolated Loop, decoding: Loop, store: Store, datasets: [Dataset], access: [String: UpstreamAccess], fetcher: Fetcher,
        clock: ServiceClock, settings: Settings, files: (any LocalWork)? = nil,
        observe: @escaping (IngestEvent) -> Void
    ) {
        self.loop = loop
        self.decoding = decoding
        self.store = store
        self.clock = clock
        self.settings = settings
        self.observe = observe
        bell = Waiter(loop)
        orphanBell = Waiter(loop)
        drained = Waiter(loop)
        inferring = Inferring(store: store)
        self.files = files
        var workable: [String: Dataset] = [:]
        var localShapes: [String: [String]] = [:]
        for dataset in datasets {
            guard let access = access[dataset.upstream.name] else {
                let local = dataset.shapes.filter(\.kind.isLocal).map(\.name)
                if local.isEmpty { continue }
                workable[dataset.name] = dataset
                localShapes[dataset.name] = local
                continue
            }
            workable[dataset.name] = dataset
            if senders[dataset.upstream.name] == nil {
                let sender = RequestSender(
                    profile: dataset.upstream, access: access, store: store, fetcher: fetcher, clock: clock, loop: loop,
                    decoding: decoding, restSecondsMax: settings.retry.capSeconds, observe: observe)
                senders[dataset.upstream.name] = (sender, loop.keep(sender), loop.keep(sender.pacing))
            }
        }
        self.datasets = workable
        self.localShapes = localShapes
        timeLimits = Self.timeLimits(of: workable.values, settings.processingSeconds)
        gate = settings.memory.map { MemoryGate($0, observe: observe) }
        seed = Deadline.now.nanoseconds | 1
    }

    /// Works until `stop()`; returns when every task has been put down. `me` is this worker's own token.
    package func run(as me: Local<Worker>) async {
        do { try await store.forgetIdleTime() } catch { observe(.storeFailed(doing: "looking when work stopped", reason: "\(error)")) }
        await withDiscardingTaskGroup { group in
            group.addTask { await me.loop.enter { loop in await loop[me].renewLeases() } }
            group.addTask { await me.loop.enter { loop in await loop[me].settleOrphans() } }
            for (_, token, pacing) in senders.values {
                group.addTask { await token.loop.enter { loop in await loop[pacing].run(as: pacing) } }
                group.addTask { await token.loop.enter { loop in await loop[token].outcomes.run() } }
            }
            var pauseSeconds = 0.1
            while !isStopping {
                do {
                    while !isStopping, let (task, isBeyond) = try await claim() {
                        // Its lease ran out while the store was away, and nobody took it: the work goes on under the new fence.
                        if let own = held[task.id] {
                            own.claim = task.naming(own.claim.seriesIDs)
                            own.isHalted = false
                            continue
                        }
                        calls += 1
                        let meter = CallMeter(dataset: task.dataset, observe: observe)
                        held[task.id] = HeldTask(task, call: calls, isBeyond: isBeyond, meter: meter)
                        group.addTask { await me.loop.enter { loop in await loop[me].work(task.id) } }
                    }
                    pauseSeconds = 0.1
                    try? await bell.wait(until: .after(.seconds(1)))
                } catch {
                    observe(.storeFailed(doing: "looking for work", reason: "\(error)"))
                    try? await bell.wait(until: .after(.nanoseconds(Int64(pauseSeconds * 1e9))))
                    pauseSeconds = min(pauseSeconds * 2, 5)
                }
                if loop.isClosing { break }
            }
        }
    }

    /// There may be work, or what is under way may have been paused or cancelled: look now.
    package func nudge() {
        bell.wake()
        drained.wake()
    }

    /// Listens for what other processes file, pause and cancel, until the loop closes. A notice is a hint only: the worker looks without
    /// one too. Beside `run`, which does not wait for its end.
    package func hear() async {
        var pause = Duration.milliseconds(100)
        while !isStopping && !loop.isClosing {
            do {
                try await store.hearTasks(while: { !self.isStopping }) { dataset in
                    pause = .milliseconds(100)
                    if dataset.map({ self.datasets[$0] != nil }) ?? true { self.nudge() }
                }
            } catch {
                do { try await loop.sleep(for: pause) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// Stops claiming, breaks off what is under way, and hands its tasks back.
    package func stop() {
        isStopping = true
        for holding in held.values { holding.isHalted = true }
        for sender in senders.values {
            sender.object.pacing.stop()
            sender.object.outcomes.stop()
        }
        bell.wake()
        orphanBell.wake()
        drained.wake()
    }

    // MARK: One task

    private func work(_ id: Int64) async {
        guard let holding = held[id] else { return }
        let task = holding.claim
        let start = Deadline.now
        observe(
            .taskClaimed(
                task: task.id, ingestion: task.ingestionID, dataset: task.dataset, shape: task.shape, attempt: task.attempts,
                trace: task.traceID))
        defer {
            held[task.id] = nil
            bell.wake()
        }
        guard let dataset = datasets[task.dataset] else { return }
        if task.attempts > settings.attemptsMax {
            // It was begun so often and never ended: whatever it does to its worker, it has done it often enough.
            var poison = TaskResult(ended: .failed, reason: "begun \(task.attempts - 1) times without an end")
            poison.parks = true
            return await end(holding, poison, dataset, start)
        }
        if let kind = dataset.call(task.shape)?.kind, kind.isLocal { return await workLocally(holding, kind, dataset, start) }
        guard let sender = senders[dataset.upstream.name] else { return }
        do {
            if let reason = try await needless(holding, dataset) {
                return await end(holding, TaskResult(ended: .unproved, reason: reason), dataset, start)
            }
            let task = holding.claim
            let keys = try await seriesKeys(task)
            // Found out by another task of the same plan: not one more request is spent on it.
            let finding = try await store.shapeFindings(of: task.dataset)[task.shape]
            if finding?.unusable != nil {
                let reason = "call shape \(task.shape) was found unusable before this call began"
                return await end(holding, TaskResult(ended: .shapeUnusable, reason: reason), dataset, start)
            }
            // What ends together; nil of a call for several such.
            let families = Set(keys.map(dataset.family))
            let family = families.count == 1 ? families.first.map { "\(task.dataset) \($0)" } : nil
            if let family, let said = gone[family], Deadline.now < said.until {
                var result = TaskResult(ended: .proved, reason: said.reason)
                result.isGone = true
                return await end(holding, result, dataset, start)
            }
            if let said = refusals[dataset.upstream.name], Deadline.now < said.until {
                return await end(holding, TaskResult(ended: .failed, reason: said.reason), dataset, start)
            }
            let order = CallOrder(
                shape: task.shape, series: keys, periods: task.periods, now: clock.now, requests: task.requestsPlanned,
                pageRows: finding?.needs?.pageRows, subjectsAtOnce: try await subjectsAtOnce(task.shape, dataset))
            holding.askedAt = order.now
            let runner = CallRunner(
                call: holding.call, shape: dataset.call(task.shape), lane: task.lane, traceID: task.traceID, meter: holding.meter,
                sender: sender.object, token: sender.token, policy: settings.retry,
                inFlightMax: sender.object.requestsInFlight, decoding: decoding,
                random: { self.random() })
            let outcome = await runner.run(dataset.exchange(order))
            holding.begunAt = sender.object.pacing.takeBeginning(of: holding.call)
            if let failure = outcome.failure, failure.kind == .refused {
                refusals[dataset.upstream.name] = (failure.reason, .after(.seconds(60)))
            }
            if outcome.isGone, outcome.silentSince == nil, let family, case .proved(let reason) = outcome.end {
                gone = gone.filter { Deadline.now < $0.value.until }
                gone[family] = (reason, .after(.seconds(60)))
            }
            await conclude(holding, outcome, dataset, start)
        } catch {
            observe(.storeFailed(doing: "task \(task.id)", reason: "\(error)"))
        }
    }

    func seriesKeys(_ task: ClaimedTask) async throws -> [SeriesKey] {
        let series = try await store.entries(ids: task.seriesIDs)
        let keys = Dictionary(uniqueKeysWithValues: series.map { ($0.id, $0.key) })
        return try task.seriesIDs.map { id in
            guard let key = keys[id] else { throw StoreError.unavailable("series \(id) of task \(task.id) is not there") }
            return key
        }
    }

    private func conclude(_ holding: HeldTask, _ outcome: CallRunner.Outcome, _ dataset: Dataset, _ start: Deadline) async {
        let task = holding.claim
        var result = TaskResult(ended: .unproved, reason: "")
        switch outcome.end {
        case .proved(let how): (result.ended, result.reason) = (.proved, how)
        case .unproved(let why): (result.ended, result.reason) = (.unproved, why)
        case .shapeUnusable(let why): (result.ended, result.reason) = (.shapeUnusable, why)
        case .costlier(_, let why): (result.ended, result.reason) = (.costlier, why)
        case .tooWide(let why): (result.ended, result.reason) = (.tooWide, why)
        }
        result.rows = outcome.rows.map { StoredRow(seriesID: task.seriesIDs[$0.series], time: $0.time, values: $0.values) }
        result.found = outcome.found
        result.askedAt = holding.askedAt
        result.witnessed = outcome.witnessed
        result.unanswered = Set(outcome.unanswered.map { task.seriesIDs[$0] })
        (result.isGone, result.isBeginning) = (outcome.isGone, outcome.isBeginning)
        (result.silentSince, result.beginsAt) = (outcome.silentSince, outcome.beginsAt)
        result.begunAt = holding.begunAt
        (result.requests, result.retries, result.tokens) = (outcome.requests, outcome.retries, outcome.tokens)
        result.dropped = outcome.dropped
        result.quarantined = outcome.refused.count
        result.refused = RefusedRecords(outcome.refused, of: task.seriesIDs)
        for mark in outcome.marks { result.marks[task.seriesIDs[mark.series], default: [:]][mark.check, default: 0] += mark.records }
        result.bodyBytes = outcome.bodyBytes
        if let failure = outcome.failure {
            if failure.isClosing { return await putDown(holding.claim, requests: outcome.requests, tokens: outcome.tokens) }
            result.ended = .failed
        } else if let failure = outcome.defeat {
            // Not a page came, for a reason that may pass: the task waits, rather than the job ending without it.
            if task.attempts < settings.retry.maxAttempts {
                return await postpone(holding, result, because: failure, seconds: settings.retry.capSeconds)
            }
            result.ended = .failed
        }
        if let needs = outcome.needs {
            _ = try? await persist("noting a cost") { try await self.store.note(needs, of: task.shape, of: dataset.name) }
        }
        if case .shapeUnusable(let why) = outcome.end {
            observe(.shapeUnusable(dataset: dataset.name, shape: task.shape, reason: why))
            _ = try? await persist("noting a call shape") { try await self.store.note(unusable: task.shape, of: dataset.name, reason: why) }
        }
        await end(holding, result, dataset, start)
    }

    /// `seconds`: about how long it rests at most.
    func postpone(_ holding: HeldTask, _ result: TaskResult, because reason: String, seconds most: Double) async {
        let task = holding.claim
        let seconds = most * (0.5 + random() / 2)
        let isDone = try? await persist("postponing task \(task.id)") {
            var result = result
            result.performance = holding.meter.sum
            try await self.store.postpone(holding.claim, with: result, seconds: seconds)
            holding.isPutDown = true
            holding.meter.ended(isWell: false)
        }
        if isDone == true {
            observe(.taskPostponed(task: task.id, dataset: task.dataset, reason: reason, seconds: seconds, trace: task.traceID))
        }
    }

    /// `already`: rows that are written before, of work that stores as it goes.
    func end(_ holding: HeldTask, _ result: TaskResult, _ dataset: Dataset, _ start: Deadline, already: Int = 0) async {
        do {
            guard try await store(holding, result, dataset, start, already: already) else { return }
        } catch {
            // Nothing of this attempt is stored; the task ends with the store's own reason, and the queue goes on.
            var refused = TaskResult(ended: .failed, reason: "the store refused the rows: \(error)")
            (refused.requests, refused.retries, refused.tokens) = (result.requests, result.retries, result.tokens)
            refused.bodyBytes = result.bodyBytes
            guard let isStored = try? await store(holding, refused, dataset, start), isStored else { return }
        }
        await settleIfLast(holding.claim, dataset)
    }

    private func store(
        _ holding: HeldTask, _ result: TaskResult, _ dataset: Dataset, _ start: Deadline, already: Int = 0
    ) async throws -> Bool {
        let now = clock.now
        return try await persist("storing task \(holding.claim.id)") {
            let task = holding.claim
            let counts: RowCounts
            do {
                counts = try await self.finish(holding, result, dataset, now: now)
            } catch StoreError.leaseLost where holding.claim.fence != task.fence {
                // This worker itself has claimed it anew meanwhile: once more, under that fence.
                throw StoreError.unavailable("task \(task.id) was claimed anew by this worker")
            }
            holding.isPutDown = true
            self.tell(holding, task, result, written: already + counts.written + counts.revised, start)
        }
    }

    private func finish(_ holding: HeldTask, _ result: TaskResult, _ dataset: Dataset, now: Int64) async throws -> RowCounts {
        let begun = Deadline.now
        var isWell = false
        defer { holding.meter.stored(since: begun, isWell: isWell) }
        var result = result
        result.performance = holding.meter.handedOver
        let counts = try await store.finish(holding.claim, with: result, dataset: dataset, now: now)
        isWell = true
        return counts
    }

    func tell(_ holding: HeldTask, _ task: ClaimedTask, _ result: TaskResult, written: Int, _ start: Deadline) {
        holding.meter.ended(isWell: result.ended != .failed)
        observe(
            .taskEnded(
                task: task.id, ingestion: task.ingestionID, dataset: task.dataset, ended: result.ended.rawValue, requests: result.requests,
                rows: result.rows.count, written: written, seconds: start.secondsAgo, trace: task.traceID))
    }

    func putDown(_ task: ClaimedTask, requests: Int, tokens: Int = 0) async {
        do { try await store.release(task, requests: requests, tokens: tokens) } catch {
            observe(.storeFailed(doing: "handing task \(task.id) back", reason: "\(error)"))
        }
    }

    /// Does something with the store that must be done, through its absences. Where the store stays away the lease runs out
    /// and the task is begun again: nothing is lost but the work. False where it was not done; throws where the store says
    /// that it cannot be done (a row breaks a rule of the schema), since it would say so for ever.
    @discardableResult
    func persist(_ what: String, _ body: () async throws -> Void) async throws -> Bool {
        var pauseSeconds = 0.1
        while true {
            do {
                try await body()
                return true
            } catch StoreError.leaseLost(let task) {
                observe(.leaseLost(task: task))
                return false
            } catch let error where Store.isRefusal(error) {
                throw error
            } catch {
                observe(.storeFailed(doing: what, reason: "\(error)"))
                if pauseSeconds > 20 || isStopping || loop.isClosing { return false }
                try? await loop.sleep(until: .after(.nanoseconds(Int64(pauseSeconds * 1e9))))
                pauseSeconds *= 2
            }
        }
    }

    /// xorshift64*: jitter only, so any spread will do.
    func random() -> Double {
        seed ^= seed >> 12
        seed ^= seed << 25
        seed ^= seed >> 27
        return Double((seed &* 0x2545_F491_4F6C_DD1D) >> 11) / Double(1 << 53)
    }
}
