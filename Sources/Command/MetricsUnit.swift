internal import API
internal import EventLoop
internal import HTTP
internal import Postgres
internal import Store

/// What watches the process, on a loop of its own so that it delays nobody: looks into the store for `/metrics`, and where
/// `GAPLESS_METRICS_PORT` names a port, answers there. A process without the role api has no other port.
final class MetricsUnit {
    let sampler: StoreSampler
    let pool: PostgresPool
    private let face: ProcessFace?
    private let server: Server?
    private let ended: Waiter
    private let stopped: Waiter

    /// `address`: where it listens, nil for nowhere. `text`: the whole of `/metrics`.
    init(
        on loop: isolated Loop, address: Address?, catalogue: Catalogue, settings: Settings, postgres: PostgresConfiguration,
        clock: ServiceClock, text: @escaping @Sendable (StoreSampler.Reading) -> [UInt8]
    ) throws {
        var quick = postgres
        quick.statementTimeout = .seconds(5)
        quick.answerTimeout = .seconds(6)
        pool = PostgresPool(quick, size: 1, on: loop)
        let store = Store(pool: pool)
        let sampler = StoreSampler(on: loop, store: store, datasets: catalogue.datasets, clock: clock)
        self.sampler = sampler
        ended = Waiter(loop, survivesClosing: true)
        stopped = Waiter(loop, survivesClosing: true)
        guard let address else {
            (face, server) = (nil, nil)
            return
        }
        let readiness = ReadinessCheck(loop: loop, store: store, redis: nil, datasets: catalogue.datasets)
        let face = ProcessFace(
            allowedHosts: settings.allowedHosts, tokens: settings.tokens.book, readiness: { await readiness.check() },
            metrics: { text(await sampler.read()) })
        var limits = Limits.standard
        limits.connections = min(64, settings.maxConnections)
        server = try Server(loop: loop, address: address, router: face.router, limits: limits)
        self.face = face
    }

    /// Where it listens; nil for nowhere.
    var address: Address? { server?.address }

    func run(on loop: isolated Loop) async {
        if let server { await server.run(on: loop) }
        ended.wake()
    }

    func replaceTokens(_ tokens: TokenBook) { face?.replaceTokens(tokens) }

    func stop() async {
        if let server { await server.end(within: .seconds(2)) }
        try? await ended.wait(until: .after(.seconds(1)))
        sampler.close()
        stopped.wake()
    }

    func awaitStop() async { try? await stopped.wait(until: .after(.seconds(4))) }
}
