@testable import API
import Answers
import Bytes
import EventLoop
import Foundation
import HTTP
import Ingest
import Postgres
import Sandbox
import Series
import Store
import Testing

/// Due slots of today that a reader lacks are fetched, once for all who ask.
@Suite struct TodayTests {
    /// It is 09:00 in Santiago; of today the first six hours are due, three hours after their end.
    private static func with(_ body: @escaping @Sendable (APIUnderTest, Planning) async throws -> Void) async throws {
        try await APIUnderTest.with(todayOnDemand: true) { api in
            try await api.held.store.claimOrigin(dataset: "quarters", baseURL: "http://nowhere")
            try await api.held.store.declareBudget(upstream: "nowhere", quota: 350, windowSeconds: 3600)
            let planning = Planning(store: api.held.store, datasets: [api.held.dataset], clock: api.held.clock, rates: [:])
            try await body(api, planning)
        }
    }

    private static func path(_ node: String = "a", from: String = "2025-12-02", to: String = "2025-12-04") -> String {
        "/v1/quarters/history?node=\(node)&source=online&from=\(from)&to=\(to)"
    }

    private static func jobs(_ api: APIUnderTest) async throws -> [[String: Any]] {
        try await api.object("/v1/ingestions")["data"] as? [[String: Any]] ?? []
    }

    private static func end(_ id: String, _ api: APIUnderTest, minutesAgo: Int = 0) async throws {
        _ = try await api.held.store.pool.query("""
            update ingestions set status = 'partial', started_at = now(), finished_at = now() - make_interval(mins => \(Int32(minutesAgo)))
            where id = \(id)::uuid
            """)
    }

    @Test func whatIsHeldIsGivenAtOnceAndTodayIsFetchedOnce() async throws {
        try await Self.with { api, _ in
            try await api.held.fill("a/online", "2025-12-02T03:00:00Z", "2025-12-03T04:00:00Z")
            try await api.held.reader.readVersions()
            let before = try await Self.jobs(api).count
            for _ in 0..<3 {
                let answer = try await api.get(Self.path(), [("If-None-Match", "*")])
                let object = try api.object(answer)
                #expect(object["fetching"] as? Bool == true)
                #expect((object["data"] as? [Any])?.count == 25)
                #expect(answer.header("Cache-Control") == "no-store" && answer.header("ETag") == nil)
                #expect(answer.header("Gapless-Fetching") == "true" && answer.header("Preference-Applied") == nil)
            }
            // Other readers of the same channel: another node, other forms, another range.
            for other in [
                Self.path("b"), Self.path() + "&format=csv", Self.path(from: "2025-12-03"), Self.path() + "&format=ndjson&limit=5",
            ] {
                let answer = try await api.get(other)
                #expect(answer.status == 200 && answer.header("Gapless-Fetching") == "true", "\(other)")
                #expect(answer.header("Cache-Control") == "no-store" && answer.header("ETag") == nil)
            }
            let jobs = try await Self.jobs(api)
            #expect(jobs.count == before + 1 && api.notes.nudges == 1)
            let job = try #require(jobs.first)
            #expect(job["requested_by"] as? String == "demand" && job["lane"] as? String == "live")
            let selection = try #require(job["selection"] as? [String: Any])
            #expect(selection["from"] as? String == "2025-12-03T00:00:00-03:00")
            #expect(selection["to"] as? String == "2025-12-04T00:00:00-03:00")
            #expect(selection["node"] == nil && selection["mode"] as? String == "missing")
        }
    }

    @Test func whatLacksNothingOfTodayIsAsItWas() async throws {
        try await Self.with { api, _ in
            try await api.held.fill("a/online", "2025-12-03T03:00:00Z", "2025-12-03T09:00:00Z")
            try await api.held.reader.readVersions()
            let before = try await Self.jobs(api).count
            // A past day with holes; today whole as far as it is due; a source of which nothing is due yet; a day to come.
            for path in [
                Self.path(to: "2025-12-03"), Self.path(from: "2025-12-03"), Self.path(from: "2025-12-04", to: "2025-12-05"),
                "/v1/quarters/history?source=real&from=2025-12-03&to=2025-12-04",
            ] {
                let first = try await api.get(path)
                #expect(try api.object(first)["fetching"] as? Bool == false, "\(path)")
                let tag = try #require(first.header("ETag"))
                let again = try await api.get(path)
                #expect(again.header("Cache-Status")?.hasPrefix("gapless; hit") == true && again.body == first.body)
                #expect(try await api.get(path, [("If-None-Match", tag), ("Prefer", "wait=5")]).status == 304)
            }
            #expect(try await Self.jobs(api).count == before && api.notes.nudges == 0)
        }
    }

    @Test func whoWaitsHasItWhole() async throws {
        try await Self.with { api, _ in
            let (address, loop) = (api.address, api.loop)
            let answer = try await withThrowingTaskGroup(of: HTTPClient.Answer.self) { group in
                group.addTask {
                    try await loop.enter { loop in
                        try await HTTPClient.get(
                            address, Self.path(from: "2025-12-03"), headers: [("Prefer", "wait=20")], on: loop, until: .after(.seconds(15)))
                    }
                }
                var id: String?
                while id == nil {
                    id = try await api.held.store.ingestions(dataset: nil, status: nil, after: nil, limit: 1).first?.id
                    try await api.loop.yield()
                }
                for node in ["a", "b"] { try await api.held.fill("\(node)/online", "2025-12-03T03:00:00Z", "2025-12-03T09:00:00Z") }
                try await api.held.reader.readVersions()
                try await Self.end(try #require(id), api)
                return try await group.next()!
            }
            #expect(answer.header("Preference-Applied") == "wait=20")
            #expect(answer.header("ETag") != nil && answer.header("Gapless-Fetching") == nil)
            let object = try api.object(answer)
            #expect(object["fetching"] as? Bool == false && (object["data"] as? [Any])?.count == 6)
        }
    }

    @Test func aWaitEndsWithoutTheEnd() async throws {
        try await Self.with { api, _ in
            let answer = try await api.get(Self.path(from: "2025-12-03"), [("Prefer", "wait=1")])
            #expect(answer.header("Preference-Applied") == "wait=1" && answer.header("Cache-Control") == "no-store")
            #expect(try api.object(answer)["fetching"] as? Bool == true)
        }
    }

    @Test func whatDidNotComeIsNotAskedForAgainAndAgain() async throws {
        try await Self.with { api, planning in
            let dueAt = try Timestamp.parse("2025-12-03T12:00:00Z")
            let first = try await planning.fetchToday(of: api.held.dataset, channel: "", dueAt: dueAt)
            guard case .underWay(let id, true) = first else { return #expect(Bool(false), "\(first)") }
            #expect(try await planning.fetchToday(of: api.held.dataset, channel: "", dueAt: dueAt) == .underWay(id: id, isNew: false))
            try await Self.end(id, api)
            guard case .none(let seconds) = try await planning.fetchToday(of: api.held.dataset, channel: "", dueAt: dueAt) else {
                return #expect(Bool(false))
            }
            #expect((590...600).contains(seconds))
            // Served as it is held: kept for a minute at most, and not at once from memory.
            for _ in 0..<2 {
                let answer = try await api.get(Self.path(from: "2025-12-03"))
                #expect(try api.object(answer)["fetching"] as? Bool == false && answer.header("ETag") != nil)
                #expect(answer.header("Cache-Control") == "max-age=60")
            }
            // A slot fell due behind it: that has not been asked for.
            guard case .underWay(let next, true) = try await planning.fetchToday(
                of: api.held.dataset, channel: "", dueAt: dueAt + 3600) else { return #expect(Bool(false)) }
            try await Self.end(next, api, minutesAgo: 11)
            guard case .underWay(_, true) = try await planning.fetchToday(of: api.held.dataset, channel: "", dueAt: dueAt) else {
                return #expect(Bool(false), "the pause is over")
            }
        }
    }

    @Test func nothingIsFiledWhereItCouldNotGo() async throws {
        try await Self.with { api, planning in
            let dueAt = try Timestamp.parse("2025-12-03T12:00:00Z")
            func isFiled() async throws -> Bool {
                if case .underWay = try await planning.fetchToday(of: api.held.dataset, channel: "", dueAt: dueAt) { return true }
                return false
            }
            let pool = api.held.store.pool
            _ = try await pool.query("delete from upstream_origins")
            #expect(try await !isFiled())
            try await api.held.store.claimOrigin(dataset: "quarters", baseURL: "http://nowhere")
            _ = try await api.held.store.rest(upstream: "nowhere", seconds: 60, sentAgo: 0, wasProbe: false)
            #expect(try await !isFiled())
            _ = try await pool.query("update budgets set quiet_until = null, is_throttled = false")
            let now = api.held.clock.exactNow
            _ = try await api.held.store.reserve(upstream: "nowhere", wanted: 350, now: now - 600)
            #expect(try await !isFiled())
            let answer = try await api.get(Self.path(from: "2025-12-03"))
            #expect(try api.object(answer)["fetching"] as? Bool == false)
            // It opens within five minutes.
            _ = try await pool.query("update budget_spends set spent_at = spent_at - interval '46 minutes'")
            #expect(try await isFiled())
        }
    }

    /// Through the whole service: one GET, a worker, the sandbox.
    @Test func oneGetFillsToday() throws {
        let service = try ServiceUnderTest(
            Sandbox.Configuration(), clock: "2025-12-15T12:00:00-03:00", nodes: ["QUELLON_______013", "CHONCHI_______110"],
            extra: ["GAPLESS_ON_DEMAND": "on"])
        defer { service.stop() }
        let path = "/v1/cmg/history?node=QUELLON_______013&source=online&from=2025-12-15&to=2025-12-16"
        // 9 hours are due at noon, each three hours after its end; the upstream may be earlier.
        func coverage(_ answer: HTTPClient.Answer) throws -> (expected: Int?, missing: Int?) {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            #expect(object["fetching"] as? Bool == false)
            return (count(object["coverage"], "expected"), count(object["coverage"], "missing"))
        }
        let answer = try service.get(path, headers: [("Prefer", "wait=30")])
        let own = try coverage(answer)
        #expect((own.expected ?? 0) >= 9 && own.missing == 0, "\(answer.text.prefix(600))")
        // The other node came with it.
        let other = try coverage(try service.get(path.replacingOccurrences(of: "QUELLON_______013", with: "CHONCHI_______110")))
        #expect((other.expected ?? 0) >= 9 && other.missing == 0)
        let jobs = try service.json("/v1/ingestions")["data"] as? [[String: Any]] ?? []
        #expect(jobs.count == 1)
    }
}
