import Bytes
import EventLoop
import Foundation
import HTTP
@testable import Ingest
import Postgres
import Series
@testable import Store
import TestSupport
import Upstream

/// A store with a dataset of hours in UTC, and as many processes' worth of stores on it as a test wants.
final class AlertsUnderTest {
    let loop: Loop
    let configuration: PostgresConfiguration
    let store: Store
    let dataset: Dataset
    let ids: [Int]
    private var pools: [PostgresPool]

    /// Noon of 2025-12-03; both days before it are past every objective.
    static let now: Int64 = 1_764_763_200

    static func dataset() -> Dataset {
        Dataset(
            name: "hours", title: "Hours", keys: ["name"], unit: "1", zone: .utc,
            calendars: .alike(Series.Calendar(ruler: .every(seconds: 3600, anchor: 0))), dueLag: { _ in 3600 }, horizonDays: 2, shapes: [],
            periods: .days(.utc),
            upstream: UpstreamProfile(
                name: "far", credential: .none, rate: RequestRate(count: 10, seconds: 3600), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [],
            followed: [SeriesKey(["a"]), SeriesKey(["b"])], lostReasons: ["overwritten"], emptyReasons: ["no_trade"],
            quality: QualityRules(checks: [.init("odd", weight: 0.5, "Is it like the others?")], refusals: [:]))
    }

    static func with(_ body: @escaping @Sendable (isolated Loop, AlertsUnderTest) async throws -> Void) async throws {
        let loop = try Loop(name: "alerts test")
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(try TestServers.postgres())
        try await loop.run { loop in
            let dataset = dataset()
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await Store.migrate(connection, datasets: [dataset])
            connection.close()
            let pool = PostgresPool(configuration, size: 3, on: loop)
            let store = Store(pool: pool)
            let ids = try await store.ensureSeries(dataset.followed, of: dataset.name, now: 0)
            // Followed for long.
            _ = try await pool.query("update series set created_at = now() - interval '25 hours'")
            let test = AlertsUnderTest(loop, configuration, store, dataset, ids, pool)
            defer { test.pools.forEach { $0.close() } }
            try await body(loop, test)
        }
    }

    private init(
        _ loop: Loop, _ configuration: PostgresConfiguration, _ store: Store, _ dataset: Dataset, _ ids: [Int], _ pool: PostgresPool
    ) {
        self.loop = loop
        self.configuration = configuration
        self.store = store
        self.dataset = dataset
        self.ids = ids
        pools = [pool]
    }

    /// What another process would have.
    func anotherStore() -> Store {
        let pool = PostgresPool(configuration, size: 3, on: loop)
        pools.append(pool)
        return Store(pool: pool)
    }

    /// Holds, says as absent, or excludes hours of a series; hours are counted from the start of 2025-12-01.
    func set(_ column: Identifier, _ series: Int, _ hours: [Range<Int>]) async throws {
        let first = Int(Self.now / 3600) - 60
        let ranges = hours.map { $0.lowerBound + first..<$0.upperBound + first }
        try await store.pool.query("update coverage set \(column) = \(.ranges(ranges)) where series_id = \(ids[series])")
    }

    func alarms(
        now: Int64 = AlertsUnderTest.now, speed: Double = 1e-6, telling: Bool = false, on store: Store? = nil, told: Told = Told()
    ) -> Alarms {
        var settings = Alarms.Settings()
        settings.telling = telling
        return Alarms(
            store: store ?? self.store, datasets: [dataset], rates: ["far": dataset.upstream.rate],
            clock: ServiceClock(Store.StoredClock(realAt: Int64(ServiceClock.realNow), shownAt: now, speed: speed)), settings: settings,
            observe: { told.events.append($0) })
    }

    final class Told { var events: [IngestEvent] = [] }
}

/// A receiver of webhooks on a socket: keeps what it was told, and answers as it is made to.
final class HookReceiver {
    struct Telling {
        let headers: [(name: String, value: String)]
        let body: [UInt8]

        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }
        var event: String { "\(object["event"] ?? "")" }
        var alert: [String: Any] { object["alert"] as? [String: Any] ?? [:] }
    }

    private(set) var told: [Telling] = []
    /// For the next ones, in order; 204 when there are none.
    var statuses: [Int] = []
    /// Where it is there nothing is answered before it is woken.
    var hangs: Waiter?
    let arrived: Waiter
    private let server: Server
    private let local: Local<Server>

    init(on loop: isolated Loop, address: Address = .tcp(host: "127.0.0.1", port: 0)) throws {
        let router = Router()
        server = try Server(loop: loop, address: address, router: router)
        local = loop.keep(server)
        arrived = Waiter(loop)
        router.post("/hooks/{word}", take)
        let local = local
        loop.start { loop in await loop[local].run(on: loop) }
    }

    var address: Address { server.address }

    func hook(_ tail: String = "/hooks/pathword?key=queryword") -> Hook { Hook("http://\(server.address)\(tail)")! }

    func end() async { await server.end(within: .seconds(5)) }

    private func take(_ request: Request) async -> Response {
        told.append(Telling(headers: request.headers + [("query", request.target)], body: request.body))
        arrived.wake()
        try? await hangs?.wait()
        let status = statuses.isEmpty ? 204 : statuses.removeFirst()
        let fields = HeaderLines(status == 302 ? ["Location": "/hooks/elsewhere"] : [:])
        return Response(status: status, fields: fields, body: .none)
    }
}
