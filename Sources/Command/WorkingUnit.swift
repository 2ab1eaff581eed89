internal import EventLoop
internal import Glibc
internal import Ingest
internal import Postgres
internal import Series
internal import Store
internal import Upstream

/// The writing half on a loop of its own, so that a large decode never delays a reader, and one more that decodes, so that it delays no
/// transfer.
final class WorkingUnit {
    let worker: Worker
    let store: Store
    private let fetcher: Fetcher
    let decoding: Loop
    private let ended: Waiter
    private let stopped: Waiter
    private let token: Local<Worker>
    /// Where a folder of archive files is set, in a process that serves.
    private let watch: (object: ArchiveWatch, token: Local<ArchiveWatch>)?

    init(
        on loop: isolated Loop, catalogue: Catalogue, settings: Settings, postgres: PostgresConfiguration, clock: ServiceClock,
        observing: Observing, watching log: Log? = nil
    ) throws {
        var postgres = postgres
        postgres.applicationName = Self.sessionName(role: "worker")
        store = Store(pool: PostgresPool(postgres, size: settings.maxWorkers + 2, on: loop, waitLimit: .seconds(10)))
        var fetching = Fetcher.Settings()
        // Who may send has been let in already, and each keeps its connection.
        fetching.concurrency = catalogue.requestsInFlight
        fetching.keptConnections = fetching.concurrency
        fetcher = try Fetcher(on: loop, settings: fetching)
        decoding = try Loop(name: "decode")
        ended = Waiter(loop, survivesClosing: true)
        stopped = Waiter(loop, survivesClosing: true)
        var work = Worker.Settings()
        work.tasksAtOnce = settings.maxWorkers
        work.retry = RetryPolicy(
            maxAttempts: settings.maxRetries + 1, baseSeconds: min(1, settings.retryDelaySeconds), capSeconds: settings.retryDelaySeconds)
        work.processingSeconds = settings.limits.processingSeconds
        work.memory = MemoryLimit(bytes: settings.limits.memoryBytes)
        worker = Worker(
            loop: loop, decoding: decoding, store: store, datasets: catalogue.datasets, access: catalogue.access,
            fetcher: fetcher, clock: clock, settings: work, files: Importing(store: store, decoding: decoding),
            observe: observing.ingest)
        token = loop.keep(worker)
        var watch: ArchiveWatch?
        if let log {
            watch = try ArchiveWatch(on: loop, settings: settings, catalogue: catalogue, store: store, clock: clock, log: log)
        }
        self.watch = watch.map { ($0, loop.keep($0)) }
    }

    /// What this host's processes of a role call their sessions with Postgres: an operator sees whose they are, and `gapless health`
    /// whether they are in use. At most 63 bytes, which is what Postgres keeps.
    static func sessionName(role: String) -> String {
        var host = [CChar](repeating: 0, count: 256)
        guard gethostname(&host, host.count - 1) == 0 else { return "gapless \(role)" }
        let name = host.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return String(decoding: "gapless \(role) \(name)".utf8.prefix(63), as: UTF8.self)
    }

    /// Works until `stop`, and returns when the loop closes.
    func run() async {
        let token = token
        await withDiscardingTaskGroup { group in
            group.addTask { await token.loop.enter { loop in await loop[token].hear() } }
            if let watch = watch?.token { group.addTask { await watch.loop.enter { loop in await loop[watch].run() } } }
            await worker.run(as: token)
            ended.wake()
        }
    }

    /// Puts down what is under way, and returns when it has been. Once.
    func stop() async {
        worker.stop()
        watch?.object.stop()
        fetcher.close()
        let isEnded = (try? await ended.wait(until: .after(.seconds(8)))) != nil
        // (Otherwise an answer may still be read, on a thread that ends with the process.)
        if isEnded { decoding.stop() }
        store.pool.close()
        stopped.wake()
    }

    /// Returns when `stop`, which runs in a task of its own, has done all that.
    func awaitStop() async { try? await stopped.wait(until: .after(.seconds(9))) }
}
