@testable import Command
import EventLoop
import Foundation
import HTTP
import Postgres
import Sandbox
import Testing

/// What people do to jobs, and what they are told of them, through the whole service.
@Suite struct JobTests {
    private static let node = "DALCAHUE______110"
    private static let days = #"{"dataset":"cmg","from":"2025-12-01","to":"2025-12-05"}"#

    private static func start(latency: Int = 0, extra: [String: String] = [:]) throws -> ServiceUnderTest {
        let extra = ["MAX_WORKERS": "1"].merging(extra) { $1 }
        let service = try ServiceUnderTest(Sandbox.Configuration(), clock: "2025-12-15T12:00:00-03:00", nodes: [node], extra: extra)
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"latencyMs":\#(latency)}"#).status == 200)
        return service
    }

    private static func send(
        _ service: ServiceUnderTest, _ path: String, _ headers: [(String, String)] = [], body: String = ""
    ) throws -> HTTPClient.Answer {
        let address = try service.address
        return try service.client.runBlocking { loop in
            try await HTTPClient.send(
                "POST", address, path, headers: headers, body: Array(body.utf8), on: loop, until: .after(.seconds(30)))
        }
    }

    private static func object(_ answer: HTTPClient.Answer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private static func file(_ service: ServiceUnderTest) throws -> String {
        try #require(try service.post("/v1/ingestions", days)["id"] as? String)
    }

    private static func statuses(_ service: ServiceUnderTest, _ id: String) throws -> [String] {
        let tasks = try #require(try service.json("/v1/ingestions/\(id)/tasks")["data"] as? [[String: Any]])
        return tasks.compactMap { $0["status"] as? String }
    }

    private static func awaitRunning(_ service: ServiceUnderTest, _ id: String) throws {
        while try !statuses(service, id).contains("running") {}
    }

    private static func awaitRest(_ service: ServiceUnderTest, _ id: String) throws {
        while try statuses(service, id).contains("running") {}
    }

    private static func run(_ service: ServiceUnderTest, _ text: SQL) throws -> Int {
        let configuration = service.backing.postgres
        return try service.client.runBlocking { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            defer { connection.close() }
            return try await connection.query(text).count
        }
    }

    @Test func aPauseStopsTheRequestsAndAResumeFillsAll() throws {
        let service = try Self.start(latency: 400, extra: ["SIP_CONCURRENCY": "1"])
        defer { service.stop() }
        let long = #"{"dataset":"cmg","from":"2025-09-10","to":"2025-12-05"}"#
        let id = try #require(try service.post("/v1/ingestions", long)["id"] as? String)
        try Self.awaitRunning(service, id)
        let paused = try Self.send(service, "/v1/ingestions/\(id)/pause")
        #expect(paused.status == 202 && paused.header("Location") == "/v1/ingestions/\(id)")
        #expect(try Self.object(paused)["status"] as? String == "paused")
        try Self.awaitRest(service, id)
        let spent = try Self.run(service, "select from budget_spends")
        #expect(try Self.send(service, "/v1/ingestions/\(id)/pause").status == 202)
        // Noted once: the second request changed nothing.
        let notes = try Self.object(try service.get("/v1/audit?target=\(id)&what=ingestion.paused"))["data"] as? [[String: Any]]
        #expect(notes?.count == 1 && notes?[0]["who"] as? String == "api")
        #expect(try Self.statuses(service, id).contains("available"))
        #expect(try Self.run(service, "select from budget_spends") == spent)
        #expect(try Self.send(service, "/v1/ingestions/\(id)/resume", body: "{}").status == 202)
        let ended = try service.follow("/v1/ingestions/\(id)")
        #expect(ended["status"] as? String == "completed")
        #expect(count(ended["records"], "written") == 86 * 96)
        #expect(try Self.run(service, "select from tasks where attempts > 1") == 0)
    }

    @Test func aJobPastItsTimeEndsAndAResumeGoesOn() throws {
        let service = try Self.start(latency: 400, extra: ["SIP_CONCURRENCY": "1", "MAX_PROCESSING_TIME": "PT1H"])
        defer { service.stop() }
        let long = #"{"dataset":"cmg","from":"2025-09-10","to":"2025-12-05"}"#
        let id = try #require(try service.post("/v1/ingestions", long)["id"] as? String)
        try Self.awaitRunning(service, id)
        _ = try Self.run(service, "update ingestions set working_since = now() - interval '2 hours'")
        let stopped = try service.follow("/v1/ingestions/\(id)")
        let left = try Self.statuses(service, id).count { $0 == "available" }
        #expect(stopped["status"] as? String == "partial" && left > 0)
        let calls = left == 1 ? "1 call" : "\(left) calls"
        #expect(
            stopped["error"] as? String == "stopped after PT1H (MAX_PROCESSING_TIME) with \(calls) left: resume it to go on", "\(stopped)")
        #expect(try !Self.statuses(service, id).contains("running"))
        let before = try #require((stopped["performance"] as? [String: Any])?["seconds"] as? Double)
        #expect(before >= 7200)

        #expect(try Self.send(service, "/v1/ingestions/\(id)/resume", body: "{}").status == 202)
        let ended = try service.follow("/v1/ingestions/\(id)")
        #expect(ended["status"] as? String == "completed" && ended["error"] is NSNull)
        #expect(count(ended["records"], "written") == 86 * 96 && count(ended["records"], "unchanged") == 0)
        #expect(try Self.run(service, "select from tasks where attempts > 1") == 0)
        let taken = try #require(ended["performance"] as? [String: Any])
        let all = try Self.statuses(service, id).count
        #expect(count(taken["calls"], "done") == all && count(taken["calls"], "failed") == 0 && taken["success"] as? Double == 1)
        // The upstream thinks for 0.4 seconds.
        let request = try #require((taken["requests"] as? [String: Any])?["seconds_mean"] as? Double)
        let call = try #require((taken["calls"] as? [String: Any])?["seconds_max"] as? Double)
        #expect(request >= 0.4 && call >= request)
        let store = try #require((taken["store"] as? [String: Any])?["seconds_mean"] as? Double)
        #expect(store > 0 && store < call)
        #expect(try #require(taken["memory_peak_bytes"] as? Int) > 1 << 20)
        #expect(try #require(taken["seconds"] as? Double) > before && taken["rows_per_second"] as? Double ?? 0 > 0)
        let text = try service.get("/metrics").text
        for (operation, least) in [("fetch", all), ("decode", all), ("store", all), ("call", all), ("plan", 1), ("ingestion", 2)] {
            let name = #"gapless_operation_seconds_count{operation="\#(operation)",dataset="cmg",outcome="ok"} "#
            let told = text.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
            #expect(told ?? 0 >= least, "\(operation) \(told ?? -1)")
        }
        #expect(!text.contains(#"operation="call",dataset="cmg",outcome="failed""#))
        for operation in ["call", "ingestion"] {
            #expect(text.contains(#"gapless_operation_memory_peak_bytes{operation="\#(operation)",dataset="cmg"} "#))
        }
        #expect(text.contains(#"gapless_operation_seconds_bucket{operation="ingestion",dataset="cmg",outcome="ok",le="86400.0"}"#))
    }

    @Test func aCancelledJobStaysSoAndItsSelectionIsFree() throws {
        let service = try Self.start(latency: 400)
        defer { service.stop() }
        let id = try Self.file(service)
        try Self.awaitRunning(service, id)
        #expect(try Self.object(try Self.send(service, "/v1/ingestions/\(id)/cancel"))["status"] as? String == "cancelled")
        #expect(try Self.send(service, "/v1/ingestions/\(id)/cancel").status == 202)
        let next = try Self.file(service)
        #expect(next != id)
        #expect(try service.follow("/v1/ingestions/\(next)")["status"] as? String == "completed")
        #expect(try service.json("/v1/ingestions/\(id)")["status"] as? String == "cancelled")
        #expect(try Set(Self.statuses(service, id)).isSubset(of: ["cancelled", "done"]))
    }

    @Test func anIllegalMoveIsAConflictThatSaysWhy() throws {
        let service = try Self.start()
        defer { service.stop() }
        let id = try Self.file(service)
        #expect(try service.follow("/v1/ingestions/\(id)")["status"] as? String == "completed")
        for verb in ["pause", "resume", "cancel"] {
            let answer = try Self.send(service, "/v1/ingestions/\(id)/\(verb)")
            #expect(answer.status == 409)
            #expect(try Self.object(answer)["type"] as? String == "/problems/illegal-move")
            #expect(try Self.object(answer)["ingestion_status"] as? String == "completed")
        }
        #expect(try Self.send(service, "/v1/ingestions/6f1c1c1e-0000-4000-8000-000000000000/pause").status == 404)
        #expect(try Self.send(service, "/v1/ingestions/\(id)/pause", body: #"{"why":1}"#).status == 400)
    }

    @Test func aKeyIsGoodForOneJob() throws {
        let service = try Self.start(latency: 400)
        defer { service.stop() }
        let id = try Self.file(service)
        let key = [("Idempotency-Key", "k")]
        let first = try Self.send(service, "/v1/ingestions/\(id)/pause", key)
        #expect(first.status == 202)
        #expect(try Self.send(service, "/v1/ingestions/\(id)/resume").status == 202)
        // The answer that was given, not another pause.
        #expect(try Self.send(service, "/v1/ingestions/\(id)/pause", key).body == first.body)
        #expect(try Self.send(service, "/v1/ingestions/6f1c1c1e-0000-4000-8000-000000000000/pause", key).status == 422)
        #expect(try service.follow("/v1/ingestions/\(id)")["status"] as? String == "completed")
    }

    @Test func whatFailedIsTriedAnewByAResume() throws {
        let service = try Self.start(extra: ["MAX_RETRIES": "0"])
        defer { service.stop() }
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"error500Rate":1}"#).status == 200)
        let id = try Self.file(service)
        let failed = try service.follow("/v1/ingestions/\(id)")
        #expect(failed["status"] as? String == "failed")
        #expect(try service.upstream("PUT", "/_sandbox/faults", #"{"error500Rate":0}"#).status == 200)
        let resumed = try Self.object(try Self.send(service, "/v1/ingestions/\(id)/resume"))
        #expect(resumed["status"] as? String == "pending" && resumed["error"] is NSNull)
        let ended = try service.follow("/v1/ingestions/\(id)")
        #expect(ended["status"] as? String == "completed", "\(ended)")
        #expect(count(ended["records"], "written") == 4 * 96)
    }

    @Test func eventsAreToldAsTheyHappenAndAgainFromWhereTheClientWas() throws {
        let service = try Self.start(latency: 200)
        defer { service.stop() }
        let id = try Self.file(service)
        let live = try EventReader(try service.address, id, on: service.client)
        #expect(live.head.hasPrefix("HTTP/1.1 200"))
        #expect(live.head.contains("Content-Type: text/event-stream"))
        let first = try #require(try live.next())
        #expect(first.kind == "snapshot" && first.id != nil)
        #expect(try first.object()["id"] as? String == id)
        let told = try live.rest()
        #expect(told.last?.kind == "ended")
        #expect(try told.last?.object()["status"] as? String == "completed")
        let ids = told.compactMap(\.id)
        #expect(ids == ids.sorted() && Set(ids).count == told.count && ids.count >= 2)
        let tasks = try told.filter { $0.kind == "task" }.map { try $0.object()["slots"] as? Int ?? 0 }
        #expect(tasks.reduce(0, +) <= 4 * 24 && !tasks.isEmpty)

        let again = try EventReader(try service.address, id, after: ids[0], on: service.client)
        #expect(try again.next()?.kind == "snapshot")
        #expect(try again.rest() == Array(told.dropFirst()))
        let whole = try EventReader(try service.address, id, after: 0, on: service.client).rest().map(\.kind)
        #expect(whole.prefix(3) == ["snapshot", "filed", "started"] && whole.last == "ended")
        #expect(try EventReader(try service.address, id, after: ids.last, on: service.client).head.hasPrefix("HTTP/1.1 204"))
        #expect(try EventReader(try service.address, id, on: service.client).rest().map(\.kind) == ["snapshot", "ended"])
    }

    @Test func whatOneProcessDoesIsToldByAnotherThoughItsEarIsLost() throws {
        let working = try Self.start(latency: 300)
        defer { working.stop() }
        let telling = try Self.start(extra: [
            "DATABASE_URL": try #require(working.settings.databaseURL), "SIP_BASE_URL": "http://\(working.sandboxAddress)",
            "KRAKEN_BASE_URL": "http://\(working.sandboxAddress)",
        ])
        defer { telling.stop() }
        let id = try Self.file(working)
        #expect(try Self.send(working, "/v1/ingestions/\(id)/pause").status == 202)
        let reader = try EventReader(try telling.address, id, on: telling.client)
        #expect(try reader.next()?.kind == "snapshot")
        // Whoever listens is cut off, again and again until the job has gone on.
        while try Self.run(
            working, "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%events'") == 0 {}
        #expect(try Self.send(working, "/v1/ingestions/\(id)/resume").status == 202)
        _ = try Self.run(working, "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%events'")
        let told = try reader.rest()
        #expect(told.first?.kind == "resumed" && told.last?.kind == "ended", "\(told.map(\.kind))")
        #expect(told.count { $0.kind == "task" } >= 1)
    }
}
