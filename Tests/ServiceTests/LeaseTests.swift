import Bytes
@testable import Command
import Datasets
import EventLoop
import HTTP
@testable import Ingest
import Postgres
import Sandbox
import Series
@testable import Store
import Testing

@Suite struct LeaseTests {
    private static let node = "DALCAHUE______110"

    /// The store was away for longer than a lease, and the worker claims its own task again: the call under way goes on, is
    /// stored once, and not one request is made twice.
    @Test func aTaskThatItsOwnWorkerClaimsAnewIsWorkedOnce() throws {
        let service = try ServiceUnderTest(Sandbox.Configuration(), clock: "2025-12-15T12:00:00-03:00", nodes: [Self.node])
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"latencyMs":2500}"#).status == 200)
        let job = try service.post("/v1/ingestions", #"{"dataset":"cmg","from":"2025-12-12","to":"2025-12-13"}"#)
        let id = try #require(job["id"] as? String)
        // As if the lease had run out while nobody could renew it.
        while try query(service, "update tasks set lease_until = now() - interval '1 second' where status = 'running' returning id") == 0 {}
        let ended = try service.follow("/v1/ingestions/\(id)")
        #expect(ended["status"] as? String == "completed")
        #expect(count(ended["records"], "written") == 96)
        #expect(count((ended["progress"] as? [String: Any])?["requests"], "done") == 1)
        #expect(try query(service, "select from tasks where attempts = 2 and fence = 2") == 1)
        #expect(try query(service, "select from budget_spends") == 1)
    }

    /// What fell due while an ingestion ran was never asked of it.
    @Test func anIngestionIsJudgedByTheClockAtItsFiling() throws {
        let dataset = cmg(
            zone: try Zone.load("America/Santiago"), following: CMG.Following(nodes: [Self.node], sources: [.online]),
            rate: RequestRate(count: 350, seconds: 3600))
        let filedAt = try Timestamp.parse("2025-12-15T11:59:59-03:00")
        let selection = Planning.resolved(Selection(dataset: "cmg"), of: dataset, now: filedAt)
        let key = dataset.followed[0]
        let due = dataset.dueBefore(key, now: filedAt)
        #expect(dataset.dueBefore(key, now: filedAt + 1) == due + 1)
        let held = SlotSet((due - 24 * 40) * 4..<due * 4)
        let ingestion = StoredIngestion(
            id: "", dataset: "cmg", status: .running, selection: SelectionJSON.text(selection, of: dataset), planID: nil, requestedBy: "",
            lane: .history, gapsDetected: 0, slotsDetected: 0, slotsUnfillable: 0, lowerBoundRequests: 0, optimality: "proven",
            replans: 0,
            filedAt: filedAt, createdAt: 0, startedAt: nil, finishedAt: nil, error: nil, sums: StoredIngestion.Sums())
        let settlement = try Settling.decide(
            ingestion, undone: [], series: [StoredSeries(id: 1, ledger: Ledger(key: key, held: held))], dataset: dataset, findings: [:])
        guard case .ended(.completed, nil) = settlement else { return #expect(Bool(false), "\(settlement)") }
    }

    /// Rows that a statement gives.
    private func query(_ service: ServiceUnderTest, _ text: SQL) throws -> Int {
        let configuration = service.backing.postgres
        return try service.client.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            defer { connection.close() }
            return try await connection.query(text).count
        }
    }
}
