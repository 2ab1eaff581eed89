@testable import Command
import EventLoop
import HTTP
import Foundation
import HTTP
import Postgres
import Sandbox
import Testing

/// One upstream, several processes: what one is told holds for all, and what one does not use is there for the others.
@Suite struct SharedBudgetTests {
    private static let nodes = ["DALCAHUE______110", "CHILOE________220"]
    private static let waits = #"gapless_budget_waits_total{upstream="sip"}"#

    /// A second worker on the same store, with a loop and connections of its own.
    private final class OtherProcess {
        let loop: Loop
        let unit: Local<WorkingUnit>
        let shard = MetricsShard()

        init(beside service: ServiceUnderTest) throws {
            loop = try Loop(name: "other")
            let (catalogue, settings, postgres, shard) = (service.catalogue, service.settings, service.backing.postgres, shard)
            let connection = try Loop(name: "clock")
            defer { connection.stop() }
            let clock = try Preparation.run(catalogue, settings, service.backing, rules: false, on: connection).clock
            let log = Log(level: .error, format: .text)
            let unit = try loop.runBlocking { loop in
                loop.keep(
                    try WorkingUnit(
                        on: loop, catalogue: catalogue, settings: settings, postgres: postgres, clock: clock,
                        observing: Observing(log: log, shard: shard)))
            }
            self.unit = unit
            loop.start { loop in await loop[unit].run() }
        }

        func stop() {
            let unit = unit
            try? loop.runBlocking { loop in
                await loop[unit].stop()
                loop.beginClosing()
            }
            loop.stop()
        }
    }

    private func service(_ extra: [String: String]) throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.quota = 100_000
        return try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: Self.nodes,
            extra: ["SIP_RATE_LIMIT": "100000/PT1H"].merging(extra) { $1 })
    }

    /// Numbers of the first row that a statement gives.
    private func number(_ service: ServiceUnderTest, _ text: SQL) throws -> Int {
        let configuration = service.backing.postgres
        return try service.client.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            defer { connection.close() }
            return try await connection.query(text).only().int(0)
        }
    }

    private func calls(_ service: ServiceUnderTest) throws -> Int {
        let log = try JSONSerialization.jsonObject(with: Data(try service.upstream("GET", "/_sandbox/calls").body))
        return try #require(log as? [Any] ?? (log as? [String: Any])?["calls"] as? [Any]).count
    }

    private func until(_ what: String, _ isSo: () throws -> Bool) throws {
        let limit = Deadline.after(.seconds(60))
        while try !isSo() { if Deadline.now > limit { throw Late(what: what) } }
    }

    private struct Late: Error { let what: String }

    @Test(arguments: ["600", "\(10 * 365 * 86_400)"])
    func whileOneProcessWasToldToWaitAnotherSendsNothing(retryAfter: String) throws {
        let service = try service(["MAX_WORKERS": "1", "SIP_CONCURRENCY": "1"])
        defer { service.stop() }
        let fault = #"{"throttle":{"perHour":0,"retryAfter":\#(retryAfter)}}"#
        #expect(try service.upstream("PUT", "/_sandbox/faults", fault).status == 200)
        _ = try service.post("/v1/ingestions", #"{"dataset":"cmg","from":"2025-12-08","to":"2025-12-13"}"#)
        try until("the first process is told") { try number(service, "select count(*) from budgets where quiet_until is not null") == 1 }
        #expect(try calls(service) == 1)
        let other = try OtherProcess(beside: service)
        defer { other.stop() }
        // It took the task that the first has no hand for, and was told to wait when it asked for a request.
        try until("the second process waits") { (other.shard.snapshot.counters[Self.waits] ?? 0) > 0 }
        #expect(try number(service, "select count(*) from tasks where status = 'running'") == 2)
        #expect(try calls(service) == 1, "the second process asked an upstream that had told the first to wait")
        let rest = try number(service, "select extract(epoch from quiet_until - now())::int8 from budgets where upstream = 'sip'")
        #expect(rest > 500 && rest <= 3600)
    }

    /// Grants that were reserved ahead and not needed do not count against the quota.
    @Test func whatWasNotSentIsGivenBack() throws {
        let service = try service(["SIP_CONCURRENCY": "8"])
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"filter":"ignored"}"#).status == 200)
        let other = try OtherProcess(beside: service)
        defer { other.stop() }
        #expect(try service.ingest(#"{"dataset":"cmg","from":"2025-11-25","to":"2025-12-13"}"#)["status"] as? String == "completed")
        let sent = try calls(service)
        #expect(sent > 8)
        try until("the budget says what was sent") {
            try number(service, "select coalesce(sum(requests), 0)::int8 from budget_spends") == sent
        }
    }
}
