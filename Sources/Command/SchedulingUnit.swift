internal import EventLoop
internal import Ingest
internal import Postgres
internal import Series
internal import Store
internal import Upstream

/// What the service does by itself, on a loop of its own: its duties beside each other, each again and again.
final class SchedulingUnit {
    private let loop: Loop
    let store: Store
    private let duties: [Local<DutyRound>]
    private let stopped: Waiter

    init(
        on loop: isolated Loop, catalogue: Catalogue, settings: Settings, postgres: PostgresConfiguration, clock: ServiceClock,
        observing: Observing, nudgeWorker: @escaping @Sendable () -> Void
    ) throws {
        self.loop = loop
        var postgres = postgres
        postgres.applicationName = WorkingUnit.sessionName(role: "scheduler")
        store = Store(pool: PostgresPool(postgres, size: 3, on: loop, waitLimit: .seconds(10)))
        var all: [any Duty] = [Retention(store: store, periods: settings.retention, clock: clock), Leases(store: store)]
        all += try AlertSetting.duties(on: loop, store, catalogue, settings, clock, observing)
        // Without access nothing can be fetched.
        let fetched = catalogue.datasets.filter { catalogue.access[$0.upstream.name] != nil }
        if settings.schedules, !fetched.isEmpty {
            let planning = Planning(store: store, datasets: fetched, clock: clock, rates: catalogue.rates, observe: observing.ingest)
            all.append(Scheduler(planning: planning, nudgeWorker: nudgeWorker, observe: observing.ingest))
        }
        duties = all.map { loop.keep(DutyRound($0, on: loop, observe: observing.ingest)) }
        stopped = Waiter(loop, survivesClosing: true)
    }

    /// Works until `stop`.
    func run() async {
        await withDiscardingTaskGroup { group in
            for duty in duties { group.addTask { await duty.loop.enter { loop in await loop[duty].run() } } }
        }
        store.pool.close()
        stopped.wake()
    }

    func stop(on loop: isolated Loop) { for duty in duties { loop[duty].stop() } }

    /// Returns when `stop` has been heeded by all.
    func awaitStop() async { try? await stopped.wait(until: .after(.seconds(9))) }
}

/// Performs one duty again and again, through the store's absences.
final class DutyRound {
    private let loop: Loop
    private let duty: any Duty
    private let observe: (IngestEvent) -> Void
    private let bell: Waiter
    private var isStopping = false

    init(_ duty: any Duty, on loop: Loop, observe: @escaping (IngestEvent) -> Void) {
        self.loop = loop
        self.duty = duty
        self.observe = observe
        bell = Waiter(loop)
    }

    func run() async {
        var pauseSeconds = 0.5
        while !isStopping && !loop.isClosing {
            var seconds: Double
            do {
                seconds = try await duty.perform()
                pauseSeconds = 0.5
            } catch {
                observe(.storeFailed(doing: duty.name, reason: "\(error)"))
                seconds = pauseSeconds
                pauseSeconds = min(pauseSeconds * 2, 30)
            }
            if isStopping { return }
            try? await bell.wait(until: .after(.nanoseconds(Int64(min(max(seconds, 0.02), 3600) * 1e9))))
        }
    }

    func stop() {
        isStopping = true
        duty.stop()
        bell.wake()
    }
}
