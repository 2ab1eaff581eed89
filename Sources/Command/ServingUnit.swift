internal import API
internal import Answers
internal import EventLoop
internal import HTTP
internal import Ingest
internal import Postgres
internal import Redis
internal import Series
internal import Store

/// The reading half on one loop: its own listener on the shared port, pool, cache connection and router. Loops share
/// nothing but Postgres, Redis and the port.
final class ServingUnit {
    let server: Server
    private let reader: Reader
    private let service: Service
    private let access: AccessLog
    private let reading: PostgresPool
    private let planning: PostgresPool
    private let redis: RedisConnection?
    private let ended: Waiter
    private let stopped: Waiter

    /// Bodies of answers that one process holds, in bytes: half of it by question, half by target. A body that both hold lies in
    /// memory once, so this is the most that it can come to.
    private static let answerBytesMax = 32 << 20

    /// Clients of one process that may watch ingestions at a time.
    private static let eventStreamsMax = 256

    /// What every loop is built from.
    struct Plan: Sendable {
        let catalogue: Catalogue
        let settings: Settings
        let postgres: PostgresConfiguration
        let redis: RedisConfiguration?
        let clock: ServiceClock
        let loops: Int
        /// One for the process.
        let rate: ClientRate?
        let metrics: Metrics
        /// The whole of `/metrics`.
        let metricsText: @Sendable () async -> [UInt8]
        let nudgeWorker: @Sendable () -> Void
    }

    init(on loop: isolated Loop, address: Address, plan: Plan, observing: Observing) throws {
        // A reader is told within two seconds that the store hangs; filing a large plan may take longer than that.
        var quick = plan.postgres
        quick.statementTimeout = .milliseconds(1800)
        quick.answerTimeout = .milliseconds(1900)
        reading = PostgresPool(quick, size: 4, on: loop)
        // No request waits for longer than five seconds, those that write included.
        var patient = plan.postgres
        patient.statementTimeout = .milliseconds(4400)
        patient.answerTimeout = .milliseconds(4500)
        planning = PostgresPool(patient, size: 2, on: loop)
        let store = Store(pool: reading)
        let redis = plan.redis.map { RedisConnection($0, on: loop) }
        reader = Reader(
            loop: loop, store: store, redis: redis, datasets: plan.catalogue.datasets, clock: plan.clock,
            cacheTTL: plan.settings.cacheTTLSeconds, hotBytesMax: Self.answerBytesMax / 2 / plan.loops, observe: observing.answer)
        let plans = Planning(
            store: Store(pool: planning), datasets: plan.catalogue.datasets, clock: plan.clock, rates: plan.catalogue.rates,
            observe: observing.ingest)
        let readiness = ReadinessCheck(loop: loop, store: store, redis: redis, datasets: plan.catalogue.datasets)
        plan.metrics.watch([("reading", reading.gauge), ("filing", planning.gauge)], [loop])
        service = Service(
            loop: loop, reader: reader, planning: plans, datasets: plan.catalogue.datasets,
            settings: Service.Settings(
                allowedHosts: plan.settings.allowedHosts, origins: plan.settings.corsOrigins, tokens: plan.settings.tokens.book,
                rate: plan.rate),
            readiness: { await readiness.check() }, metrics: plan.metricsText, nudgeWorker: plan.nudgeWorker,
            eventStreamsMax: Self.eventStreamsMax / plan.loops, todayOnDemand: plan.settings.todayOnDemand,
            memoBytesMax: Self.answerBytesMax / 2 / plan.loops, unforeseen: observing.unforeseen)
        var limits = Limits.standard
        limits.connections = plan.settings.maxConnections
        limits.connectionsPerAddress = max(1, plan.settings.maxConnections * 3 / 4)
        let access = AccessLog(on: loop, log: observing.log, isOn: plan.settings.accessLog)
        server = try Server(
            loop: loop, address: address, router: service.router, limits: limits.shared(by: plan.loops),
            observe: { exchange in
                observing.shard.count(exchange)
                access.write(exchange)
            })
        self.access = access
        self.redis = redis
        ended = Waiter(loop, survivesClosing: true)
        stopped = Waiter(loop, survivesClosing: true)
    }

    func run(on loop: isolated Loop) async {
        let reader = loop.keep(reader)
        let service = loop.keep(service)
        let access = loop.keep(access)
        let redis = redis.map { loop.keep($0) }
        await withDiscardingTaskGroup { group in
            group.addTask { await loop.enter { loop in await loop[access].run() } }
            group.addTask { await loop.enter { loop in await loop[reader].runVersions() } }
            group.addTask { await loop.enter { loop in await loop[reader].runAnnouncements() } }
            group.addTask { await loop.enter { loop in await loop[service].runEvents() } }
            if let redis { group.addTask { await loop.enter { loop in await loop[redis].keepProbing() } } }
            await server.run(on: loop)
            ended.wake()
        }
    }

    /// From the next request on these tokens are good, and no others.
    func replaceTokens(_ tokens: TokenBook) { service.replaceTokens(tokens) }

    /// Refuses new connections, finishes the requests that were read in full, and closes what is behind them. Once.
    func stop() async {
        service.endWaiting()
        await server.end(within: .seconds(8))
        try? await ended.wait(until: .after(.seconds(1)))
        await reader.leave()
        access.flush()
        redis?.close()
        reading.close()
        planning.close()
        stopped.wake()
    }

    /// Returns when `stop`, which runs in a task of its own, has done all that.
    func awaitStop() async { try? await stopped.wait(until: .after(.seconds(10))) }
}
