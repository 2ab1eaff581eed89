@testable import Command
import EventLoop
import HTTP
import Ingest
import Postgres
import Sandbox
import Series
import Store
import Testing

/// Fresh slots and a long back-fill beside each other: neither starves the other.
@Suite struct FairnessTests {
    private static let nodes = ["DALCAHUE______110", "CHILOE________220"]

    /// A slow upstream and a quota that the back-fill alone would keep busy for a while.
    private func service() throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.quota = 100_000
        let service = try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: Self.nodes,
            extra: ["SIP_RATE_LIMIT": "30/PT5S", "SIP_CONCURRENCY": "2", "MAX_WORKERS": "2"])
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"latencyMs":40}"#).status == 200)
        return service
    }

    private func file(_ service: ServiceUnderTest, _ selections: [Selection], _ lane: Lane) throws -> [String] {
        let (configuration, datasets) = (service.backing.postgres, service.catalogue.datasets)
        let preparing = try Loop(name: "clock")
        defer { preparing.stop() }
        let clock = try Preparation.run(service.catalogue, service.settings, service.backing, rules: false, on: preparing).clock
        return try service.client.runBlocking { loop in
            let pool = PostgresPool(configuration, size: 1, on: loop)
            defer { pool.close() }
            let planning = Planning(store: Store(pool: pool), datasets: datasets, clock: clock, rates: [:])
            var ids: [String] = []
            for selection in selections {
                let filed = try await planning.ingest(selection, for: Planning.Requester("test", lane: lane))
                #expect(filed.isNew)
                ids.append(filed.id)
            }
            return ids
        }
    }

    /// Tasks that have ended, and all.
    private func tasks(_ service: ServiceUnderTest, of id: String) throws -> (ended: Int, all: Int) {
        let configuration = service.backing.postgres
        return try service.client.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            defer { connection.close() }
            let row = try await connection.query("""
                select count(*) filter (where status = 'done'), count(*) from tasks where ingestion_id = \(id)::uuid
                """).only()
            return (try row.int(0), try row.int(1))
        }
    }

    private func until(_ what: String, _ isSo: () throws -> Bool) throws {
        let limit = Deadline.after(.seconds(120))
        while try !isSo() { if Deadline.now > limit { throw Late(what: what) } }
    }

    private struct Late: Error { let what: String }

    private static let day: Int64 = 86_400
    /// 2025-12-15, Santiago.
    private static let today: Int64 = 1_765_767_600
    /// Two years in windows of 31 days of one node each.
    private static let backfill = Selection(dataset: "cmg", from: today - 800 * day, to: today - 40 * day)

    @Test func aFreshSlotDoesNotWaitForABackFill() throws {
        let service = try service()
        defer { service.stop() }
        let long = try file(service, [Self.backfill], .history)[0]
        try until("the back-fill is under way") { try tasks(service, of: long).ended >= 2 }
        let fresh = try file(service, [Selection(dataset: "cmg", from: Self.today - Self.day, to: Self.today)], .live)[0]
        let job = try service.follow("/v1/ingestions/\(fresh)")
        #expect(job["status"] as? String == "completed" && job["lane"] as? String == "live")
        let (ended, all) = try tasks(service, of: long)
        #expect(ended < all, "the back-fill ended first")
        // And it goes on to its end.
        #expect(try service.follow("/v1/ingestions/\(long)")["status"] as? String == "completed")
    }

    @Test func aBackFillGoesOnWhileThereIsAlwaysFreshWork() throws {
        let service = try service()
        defer { service.stop() }
        // One day each: two calls, one of each node.
        let days = (1...38).map { age in
            Selection(dataset: "cmg", from: Self.today - Int64(age) * Self.day, to: Self.today - Int64(age - 1) * Self.day)
        }
        // The back-fill is there before them, and what it did meanwhile is taken off: a busy machine may take long to file them all.
        let long = try file(service, [Self.backfill], .history)[0]
        let fresh = try file(service, days, .live)
        let before = try tasks(service, of: long).ended
        for id in fresh { _ = try service.follow("/v1/ingestions/\(id)") }
        let (ended, all) = try tasks(service, of: long)
        #expect(ended > before, "not a call of the back-fill was made while there was fresh work")
        #expect(ended - before < all / 2, "\(ended) of \(all): the back-fill had more than its share")
    }
}
