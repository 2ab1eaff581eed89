import Answers
import Bytes
import EventLoop
import Foundation
import HTTP
import Ingest
import Series
import Store
import Testing
import TestSupport
import Upstream

/// The page's dataset through the whole engine: an upstream on a socket, Postgres, plans, a worker, what readers are told.
@Suite struct TidesServiceTests {
    private static let now = LocalDate("2025-06-20")!.daysSince1970
    /// Days that the gauge has, all but two hours.
    private static let days = now - 60..<now + 1
    private static let silent: Set<Int64> = [Int64(now - 3) * 86_400 + 4 * 3600, Int64(now - 3) * 86_400 + 5 * 3600]

    /// The office: counts what it is asked, and takes one key only.
    private final class Office {
        let gauge = FakeGauge(days: days, silent: silent)
        private(set) var asked: [String] = []

        func levels(_ request: Request) async -> Response {
            func said(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
            guard request.header("X-Key") == "k-1" else { return Response(status: 401) }
            asked.append("\(said("from") ?? "") \(said("to") ?? "")")
            let body = gauge.answer(station: said("station"), from: said("from"), to: said("to"))
            return body.map { Response(type: "application/json", Array($0.utf8)) } ?? Response(status: 400)
        }
    }

    private struct Bench {
        let dataset: Dataset
        let store: Store
        let office: Office
        let address: Address
        let clock: ServiceClock

        /// Plans what is selected, and works until it is over.
        func ingest(on loop: isolated Loop, _ selection: Selection) async throws -> StoredIngestion {
            let planning = Planning(store: store, datasets: [dataset], clock: clock, rates: [dataset.upstream.name: Tides.rate])
            let id = try await planning.ingest(selection, for: Planning.Requester("test")).id
            let fetcher = try Fetcher(on: loop, settings: Fetcher.Settings())
            let decoding = try Loop(name: "tides decoding")
            defer { decoding.stop() }
            let access = UpstreamAccess(
                base: try #require(Base("http://\(address)")), credentials: [.header(name: "X-Key", Secret("k-1"))],
                rate: RequestRate(count: 1000, seconds: 1))
            let worker = Worker(
                loop: loop, decoding: decoding, store: store, datasets: [dataset], access: [dataset.upstream.name: access],
                fetcher: fetcher, clock: clock, settings: Worker.Settings(), observe: { _ in })
            let token = loop.keep(worker)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { worker.stop() }
                let deadline = Deadline.after(.seconds(60))
                while try await store.ingestion(id: id)?.status.isOver == false {
                    try #require(Deadline.now < deadline, "it takes too long")
                }
            }
            fetcher.close()
            return try #require(try await store.ingestion(id: id))
        }

        /// The report, and all rows of the range as JSON.
        func told(on loop: Loop, from: Int64, to: Int64) async throws -> (report: [String: Any], rows: [[String: Any]]) {
            let reader = Reader(
                loop: loop, store: store, redis: nil, datasets: [dataset], clock: clock, lease: .seconds(60), observe: { _ in })
            let report = try await reader.completeness(CompletenessQuery(dataset: dataset.name, from: from, to: to))
            let history = try await reader.history(
                HistoryQuery(dataset: dataset.name, keys: ["station": ["HOOK-HEAD"]], from: from, to: to))
            func json(_ answer: Answer) throws -> [String: Any] {
                try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            }
            return (try json(report), try json(history)["data"] as? [[String: Any]] ?? [])
        }
    }

    private static func with(_ body: @escaping @Sendable (isolated Loop, Bench) async throws -> Void) async throws {
        let dataset = tides(zone: .utc, stations: ["HOOK-HEAD"], rate: Tides.rate)
        try await TestServers.withDatabase("tides") { connection in
            _ = try await Store.migrate(connection, datasets: [dataset])
        } _: { loop, pool in
            let store = Store(pool: pool)
            // As a start does.
            _ = try await store.ensureSeries(dataset.followed, of: dataset.name, now: 0)
            try await store.declareBudget(upstream: dataset.upstream.name, quota: 1000, windowSeconds: 1)
            let office = Office()
            let router = Router()
            router.get("/v1/levels", office.levels)
            let server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router)
            let local = loop.keep(server)
            // Noon; the clock stands.
            let shown = Int64(now) * 86_400 + 43_200
            let clock = ServiceClock(.init(realAt: Int64(ServiceClock.realNow), shownAt: shown, speed: 1e-9))
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await local.loop.enter { loop in await loop[local].run(on: loop) } }
                do {
                    try await body(
                        loop, Bench(dataset: dataset, store: store, office: office, address: server.address, clock: clock))
                    await server.end(within: .seconds(10))
                } catch {
                    await server.end(within: .zero)
                    throw error
                }
            }
        }
    }

    @Test func aRangeWithHolesIsFilledOnceAndStaysSo() async throws {
        try await Self.with { loop, bench in
            let day: Int64 = 86_400
            let (from, to) = (Int64(Self.now - 50) * day, Int64(Self.now - 1) * day)
            // A stretch in the middle is there already.
            let middle = Selection(dataset: "tides", from: Int64(Self.now - 30) * day, to: Int64(Self.now - 25) * day)
            let first = try await bench.ingest(on: loop, middle)
            #expect(first.status == .completed && bench.office.asked == ["2025-05-21 2025-05-25"])
            let all = Selection(dataset: "tides", from: from, to: to)
            let second = try await bench.ingest(on: loop, all)
            #expect(second.status == .completed, "\(second.error ?? "")")
            #expect(bench.office.asked.count == 3, "two windows hold 49 days: \(bench.office.asked)")
            let verified = try await bench.store.verify(bench.dataset)
            #expect(verified.findings.isEmpty && verified.series == 1 && verified.rows == 49 * 24 - 2)
            let told = try await bench.told(on: loop, from: from, to: to)
            #expect(told.report["completeness"] as? Double == 1 && told.report["missing"] as? Int == 0)
            #expect(told.report["absent"] as? Int == Self.silent.count, "\(told.report)")
            #expect(told.rows.count == 49 * 24 - 2)
            #expect(told.rows.first?["station"] as? String == "HOOK-HEAD" && told.rows.first?["time"] as? String == "2025-05-01T00:00:00Z")
            let level = try #require(Double(bench.office.gauge.levels[from] ?? ""))
            #expect(told.rows.first?["level"] as? Double == level)
            let again = try await bench.ingest(on: loop, all)
            #expect(again.status == .completed && bench.office.asked.count == 3, "nothing is left to ask")
        }
    }
}
