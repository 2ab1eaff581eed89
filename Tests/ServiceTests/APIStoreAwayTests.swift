import Answers
import Bytes
import EventLoop
import HTTP
import Ingest
import Postgres
import PrivateServers
import Series
import Store
import Testing
import TestSupport

@Suite struct APIStoreAwayTests {
    /// A store that goes away under the service: what is held in memory is still answered, everything else is told to wait.
    @Test func aStoreThatWentAwayIsA503() async throws {
        let postgres = try TestServers.ownPostgres()
        let loop = try Loop(name: "api test")
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(postgres.conninfo)
        let dataset = try Quarters.dataset()
        let shown = try Timestamp.parse(APIUnderTest.now)
        try await loop.run { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await Store.migrate(connection, datasets: [dataset])
            connection.close()
            let pool = PostgresPool(configuration, size: 2, on: loop)
            defer { pool.close() }
            let store = Store(pool: pool)
            _ = try await store.ensureSeries(dataset.followed, of: dataset.name, now: shown)
            let clock = ServiceClock(.init(realAt: Int64(ServiceClock.realNow), shownAt: shown, speed: 1))
            let reader = Reader(loop: loop, store: store, redis: nil, datasets: [dataset], clock: clock)
            let planning = Planning(store: store, datasets: [dataset], clock: clock, rates: [:])
            try await APIUnderTest.serve(reader, planning, nil, on: loop) { api in
                let known = "/v1/quarters/history?node=a&from=2025-12-01&to=2025-12-02"
                let before = try await api.get(known)
                #expect(before.status == 200)
                postgres.stop()
                let after = try await api.get(known)
                #expect(after.status == 200)
                #expect(after.body == before.body)
                for (method, path, body) in [
                    ("GET", "/v1/quarters/history?node=b&from=2025-12-01&to=2025-12-02", nil),
                    ("GET", "/v1/quarters/completeness?node=b", nil), ("GET", "/v1/ingestions", nil),
                    ("GET", "/v1/plans/00000000-0000-4000-8000-000000000000", nil),
                    ("POST", "/v1/plans", #"{"dataset":"quarters"}"#), ("POST", "/v1/ingestions", #"{"dataset":"quarters"}"#),
                ] as [(String, String, String?)] {
                    let answer = try await api.send(method, path, [], body: body)
                    #expect(answer.status == 503, "\(method) \(path): \(answer.text)")
                    #expect(try api.slug(answer) == "store-unavailable", "\(method) \(path)")
                    #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1, "\(method) \(path)")
                    // Nothing of the inside.
                    for word in ["postgres", "socket", "connection", "sql"] {
                        #expect(!answer.text.lowercased().contains(word), "\(answer.text)")
                    }
                }
                #expect(try await api.get("/healthz").status == 200)
                // Wrong input is wrong whatever the store does.
                #expect(try await api.get("/v1/quarters/history?from=x&to=y").status == 400)
            }
        }
    }
}
