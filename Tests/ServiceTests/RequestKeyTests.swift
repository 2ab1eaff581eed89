@testable import API
import EventLoop
import Foundation
import HTTP
import Postgres
import Store
import Testing

@Suite struct RequestKeyTests {
    private static func selection(_ day: Int) -> String {
        let from = String(format: "2025-11-%02d", day), to = String(format: "2025-11-%02d", day + 1)
        return #"{"dataset":"quarters","source":"online","from":"\#(from)","to":"\#(to)"}"#
    }

    private static func count(_ api: APIUnderTest, _ table: String) async throws -> Int {
        let sql: SQL = table == "plans" ? "select count(*) from plans" : table == "request_keys" ? "select count(*) from request_keys"
            : "select count(*) from ingestions"
        return try await api.held.store.pool.query(sql).only().int(0)
    }

    private static func endAll(_ api: APIUnderTest) async throws {
        _ = try await api.held.store.pool.query("update tasks set status = 'cancelled', finished_at = now(), lease_until = null")
        _ = try await api.held.store.pool.query("update ingestions set status = 'cancelled', finished_at = now() where finished_at is null")
    }

    @Test func theSameKeyIsTheSameAnswerEvenAfterTheEnd() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let key = ("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
            let first = try await api.post("/v1/ingestions", Self.selection(1), [key])
            #expect(first.status == 202)
            try await Self.endAll(api)
            let again = try await api.post("/v1/ingestions", Self.selection(1), [key])
            #expect(again.status == 202 && again.body == first.body)
            #expect(again.header("Location") == first.header("Location") && first.header("Location") != nil)
            #expect(again.header("Cache-Control") == "no-store")
            #expect(try await Self.count(api, "ingestions") == 1)
            #expect(api.notes.nudges == 1)
            // Without the key, or under another, it is a new ingestion.
            let other = try await api.post("/v1/ingestions", Self.selection(1), [("Idempotency-Key", "another")])
            #expect(other.header("Location") != first.header("Location"))
            #expect(try await Self.count(api, "ingestions") == 2)

            let reused = try await api.post("/v1/ingestions", Self.selection(2), [key])
            #expect(reused.status == 422)
            #expect(try api.slug(reused) == "key-reused")
            #expect(try await Self.count(api, "ingestions") == 2)
        }
    }

    @Test func plansHaveKeysToo() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let key = ("Idempotency-Key", "p1")
            let first = try await api.post("/v1/plans", Self.selection(1), [key])
            let again = try await api.post("/v1/plans", Self.selection(1), [key])
            #expect(first.status == 200 && again.status == 200 && again.body == first.body)
            #expect(again.header("Content-Location") == first.header("Content-Location") && first.header("Content-Location") != nil)
            #expect(try await Self.count(api, "plans") == 1)
            #expect(try await api.post("/v1/plans", Self.selection(2), [key]).status == 422)
            // The same key for another resource is another key.
            let filed = try await api.post("/v1/ingestions", Self.selection(1), [key])
            #expect(filed.status == 202)
            // A dry run's answer is kept under the ingestions' key.
            let dry = String(Self.selection(3).dropLast()) + #","dry_run":true}"#
            let one = try await api.post("/v1/ingestions", dry, [("Idempotency-Key", "d")])
            let two = try await api.post("/v1/ingestions", dry, [("Idempotency-Key", "d")])
            #expect(one.status == 200 && one.body == two.body)
        }
    }

    /// A plan may be gone by the time that its ingestion is asked for again; what was done stays done.
    @Test func aKeyOutlivesItsPlan() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let plan = try #require(try api.object(try await api.post("/v1/plans", Self.selection(1)))["id"] as? String)
            let body = #"{"plan_id":"\#(plan)"}"#, key = ("Idempotency-Key", "k")
            let first = try await api.post("/v1/ingestions", body, [key])
            #expect(first.status == 202)
            _ = try await api.held.store.pool.query("delete from plans")
            #expect(try await api.post("/v1/ingestions", body).status == 404)
            #expect(try await api.post("/v1/ingestions", body, [key]).body == first.body)
        }
    }

    @Test func keysOfTwoTokensNeverMeet() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            let key = ("Idempotency-Key", "same")
            let one = try await api.post("/v1/plans", Self.selection(1), [key] + TestTokens.fields("ingest"))
            let two = try await api.post("/v1/plans", Self.selection(2), [key] + TestTokens.fields("admin"))
            #expect(one.status == 200 && two.status == 200)
            // A key opens nothing to those whose scope does not reach.
            #expect(try await api.post("/v1/plans", Self.selection(1), [key] + TestTokens.fields("read")).status == 403)
            let job = try await api.post("/v1/ingestions", Self.selection(1), TestTokens.fields("ingest"))
            #expect(try api.object(job, status: 202)["requested_by"] as? String == "ingest-client")
        }
    }

    @Test func whatIsNoKeyIsRefusedAndWhatFailedIsNotKept() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let long = String(repeating: "k", count: 255)
            #expect(try await api.post("/v1/plans", Self.selection(1), [("Idempotency-Key", long)]).status == 200)
            for key in ["", "a b", long + "k", "é"] {
                let answer = try await api.post("/v1/ingestions", Self.selection(1), [("Idempotency-Key", key)])
                #expect(answer.status == 400, "\(key)")
                #expect(try api.slug(answer) == "invalid-input")
            }
            let two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
            #expect(try await api.post("/v1/ingestions", Self.selection(1), two).status == 400)
            #expect(try await Self.count(api, "ingestions") == 0)
            // The same key, once the body is mended.
            #expect(try await api.post("/v1/ingestions", #"{"dataset":"none"}"#, [("Idempotency-Key", "m")]).status == 404)
            #expect(try await api.post("/v1/ingestions", Self.selection(1), [("Idempotency-Key", "m")]).status == 202)
        }
    }

    @Test func aDayLaterAKeyIsNewAndOldOnesAreSwept() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let key = ("Idempotency-Key", "k")
            let first = try await api.post("/v1/plans", Self.selection(1), [key])
            _ = try await api.post("/v1/plans", Self.selection(1), [("Idempotency-Key", "old")])
            _ = try await api.held.store.pool.query("update request_keys set created_at = now() - interval '24 hours 1 second'")
            let next = try await api.post("/v1/plans", Self.selection(2), [key])
            #expect(next.status == 200 && next.body != first.body)
            let kept = try #require(try api.object(next)["id"] as? String)
            _ = try await api.held.store.pool.query("""
                update plans set expires_at = now() - interval '16 minutes' where id <> \(kept)::uuid
                """)
            #expect(try await api.held.store.sweepExpired() == false)
            #expect(try await Self.count(api, "request_keys") == 1)
            #expect(try await Self.count(api, "plans") == 1)
        }
    }

    @Test func aKeyUnderWayIsAConflictForNow() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            // Another session is in the middle of the same request.
            try await api.held.store.pool.transaction { connection in
                _ = try await connection.query("select pg_advisory_xact_lock(hashtextextended('-\nPOST /v1/ingestions\nbusy', 5))")
                let answer = try await api.post("/v1/ingestions", Self.selection(1), [("Idempotency-Key", "busy")])
                #expect(answer.status == 409)
                #expect(try api.slug(answer) == "key-under-way")
                #expect(answer.header("Retry-After") == "1")
            }
            #expect(try await Self.count(api, "ingestions") == 0)
            #expect(try await api.post("/v1/ingestions", Self.selection(1), [("Idempotency-Key", "busy")]).status == 202)
        }
    }

    /// A hundred requests of one key at once, again until each has its answer: one ingestion, one answer.
    @Test func aHundredAtOnceAreOne() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let (address, loop, body) = (api.address, api.loop, Array(Self.selection(1).utf8))
            let answers = await withTaskGroup(of: (Int, [UInt8])?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try? await loop.enter { loop in
                            let limit = Deadline.after(.seconds(60))
                            while Deadline.now < limit {
                                let answer = try await HTTPClient.post(
                                    address, "/v1/ingestions", headers: [("Idempotency-Key", "one")], body: body, on: loop, until: limit)
                                // Busy: with this key, or with so many at once.
                                if answer.status != 409 && answer.status != 503 { return (answer.status, answer.body) }
                                try await loop.sleep(for: .milliseconds(10))
                            }
                            throw WaitError.timedOut
                        }
                    }
                }
                var all: [(Int, [UInt8])] = []
                for await answer in group { if let answer { all.append(answer) } }
                return all
            }
            #expect(answers.count == 100)
            #expect(Set(answers.map(\.0)) == [202])
            #expect(Set(answers.map(\.1)).count == 1)
            #expect(try await Self.count(api, "ingestions") == 1)
        }
    }

    /// The connection is cut when the request was sent, so that its sender cannot know; then it asks again, after whatever was
    /// filed has ended, which is when a second one could be filed.
    @Test func whoDoesNotKnowAsksAgain() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            for i in 0..<25 {
                let body = Self.selection(1 + i), key = "cut-\(i)"
                let message = "POST /v1/ingestions HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \(key)\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                let stream = try await EventLoop.Stream.connect(to: api.address, on: api.loop, until: .after(.seconds(10)))
                try await stream.write(Array(message.utf8))
                stream.abort()
                if i % 2 == 0 { try await Self.endAll(api) }
                let headers = [("Idempotency-Key", key)]
                var answer = try await api.post("/v1/ingestions", body, headers)
                while answer.status == 409 { answer = try await api.post("/v1/ingestions", body, headers) }
                let id = try #require(try api.object(answer, status: 202)["id"] as? String)
                try await Self.endAll(api)
                #expect(try api.object(try await api.post("/v1/ingestions", body, headers), status: 202)["id"] as? String == id)
            }
            #expect(try await Self.count(api, "ingestions") == 25)
        }
    }

    @Test func theTraceOfARequestStaysWithItsIngestion() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            _ = try await api.post("/v1/ingestions", Self.selection(1), [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
            let task = try await api.held.store.claimTask(worker: "w", datasets: ["quarters"], leaseSeconds: 60)
            #expect(task?.traceID == trace)
            _ = try await api.post("/v1/ingestions", Self.selection(5), [("traceparent", "00-\(trace)")])
            let other = try await api.held.store.claimTask(worker: "w", datasets: ["quarters"], leaseSeconds: 60)
            #expect(other != nil && other?.traceID == nil)
        }
    }
}

@Suite struct WaitTests {
    @Test func preferencesThatAskToWait() {
        for (field, seconds) in [
            ("wait=5", 5), ("wait=0", 0), ("wait=30", 30), ("wait=31", 30), ("wait=99999999999999999999999", 30), ("WAIT = 7", 7),
            ("respond-async, wait=10", 10), ("wait=10; x=y, wait=3", 10), ("wait=\"4\"", 4), ("a=\"b\" , wait=2", 2),
        ] { #expect(Preference.wait(field) == seconds, "\(field)") }
        for field in [nil, "", "wait", "wait=", "wait=x", "wait=-1", "wait=1.5", "respond-async", "waits=3", "wait=\"", ",", ";", "=5"] {
            #expect(Preference.wait(field) == nil, "\(field ?? "nil")")
        }
    }

    private static let body = #"{"dataset":"quarters","source":"online","from":"2025-11-01","to":"2025-11-02"}"#

    @Test func noTimeIsAnsweredAtOnce() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let answer = try await api.post("/v1/ingestions", Self.body, [("Prefer", "wait=0")])
            #expect(try api.object(answer, status: 202)["status"] as? String == "pending")
            #expect(answer.header("Preference-Applied") == "wait=0")
            #expect(answer.header("Location") != nil)
            let malformed = try await api.post("/v1/ingestions", Self.body, [("Prefer", "wait=soon")])
            #expect(malformed.status == 202 && malformed.header("Preference-Applied") == nil)
        }
    }

    @Test func whoWaitsIsAnsweredAtTheEnd() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let (address, loop) = (api.address, api.loop)
            let answer = try await Self.whileWaiting(address, loop) {
                // Filed, and waited for without a connection of the store.
                try await Self.awaitFiling(api)
                _ = try await api.held.store.pool.query("update tasks set status = 'cancelled', finished_at = now()")
                _ = try await api.held.store.pool.query("update ingestions set status = 'completed', finished_at = now()")
            }
            #expect(try api.object(answer, status: 202)["status"] as? String == "completed")
            #expect(answer.header("Preference-Applied") == "wait=30")
        }
    }

    @Test func aStopEndsTheWait() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let (address, loop) = (api.address, api.loop)
            let answer = try await Self.whileWaiting(address, loop) {
                try await Self.awaitFiling(api)
                api.service.endWaiting()
            }
            #expect(try api.object(answer, status: 202)["status"] as? String == "pending")
            // Nobody waits any more.
            #expect(try await api.post("/v1/ingestions", Self.body, [("Prefer", "wait=30")]).header("Preference-Applied") == nil)
        }
    }

    private static func awaitFiling(_ api: APIUnderTest) async throws {
        while try await api.held.store.ingestions(dataset: nil, status: nil, after: nil, limit: 1).isEmpty { try await api.loop.yield() }
    }

    /// The answer to a request that would wait for half a minute, while `body` runs.
    private static func whileWaiting(
        _ address: Address, _ loop: Loop, _ body: () async throws -> Void
    ) async throws -> HTTPClient.Answer {
        let bytes = Array(Self.body.utf8)
        return try await withThrowingTaskGroup(of: HTTPClient.Answer.self) { group in
            group.addTask {
                try await loop.enter { loop in
                    // Less than the wait itself: a wait that nothing ended fails here.
                    try await HTTPClient.post(
                        address, "/v1/ingestions", headers: [("Prefer", "wait=60")], body: bytes, on: loop, until: .after(.seconds(25)))
                }
            }
            try await body()
            return try await group.next()!
        }
    }
}
