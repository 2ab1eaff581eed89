@testable import API
import Answers
import Bytes
import EventLoop
import Foundation
import HTTP
import Ingest
import Postgres
import Series
import Store
import Testing

/// What plans, jobs, reports and budgets say of their end.
@Suite struct OutlookTests {
    private static let selection = #"{"dataset":"quarters","source":"online","from":"2025-12-01","to":"2025-12-03"}"#

    private static func instant(_ value: Any?) throws -> Int64 { try Timestamp.parse(try #require(value as? String)) }

    private static func budget(_ api: APIUnderTest) async throws -> [String: Any] {
        try #require((try await api.object("/v1/budgets")["data"] as? [[String: Any]])?.first)
    }

    @Test func aPlanSaysWhenItWouldBeDoneBehindWhatIsFiled() async throws {
        try await APIUnderTest.with { api in
            try await api.held.store.declareBudget(upstream: "nowhere", quota: 10, windowSeconds: 3600)
            let first = try api.object(try await api.post("/v1/plans", Self.selection))
            let (p50, p90) = (try Self.instant(first["complete_at"]), try Self.instant(first["complete_at_p90"]))
            // Two calls of three requests, at one a second.
            let now = api.held.clock.now
            #expect(p50 >= now && p50 <= p90 && p90 < now + 60)
            let again = try await api.object("/v1/plans/\(try #require(first["id"] as? String))")
            #expect(again["complete_at_p90"] as? String == first["complete_at_p90"] as? String)

            let job = try api.object(try await api.post("/v1/ingestions", Self.selection), status: 202)
            let shown = try await api.object("/v1/ingestions/\(try #require(job["id"] as? String))")
            let (likely, safe) = (
                try Self.instant(shown["estimated_completion_at"]), try Self.instant(shown["estimated_completion_at_p90"]))
            let real = Int64(ServiceClock.realNow)
            #expect(likely >= real - 1 && likely <= safe && safe < real + 60)
            // Behind those six the same six need the next hour.
            let behind = try api.object(try await api.post("/v1/plans", Self.selection))
            #expect(try Self.instant(behind["complete_at"]) > now + 3600)
            // The report's end is that of what is filed.
            let report = try await api.object("/v1/quarters/completeness?source=online&from=2025-12-01&to=2025-12-03")
            #expect(abs(try Self.instant(report["complete_at"]) - p50) < 60)
        }
    }

    @Test func whereNothingIsFiledTheNextRunDecides() async throws {
        try await APIUnderTest.with { api in
            let store = api.held.store
            let path = "/v1/quarters/completeness?node=a&source=online&from=2025-12-02&to=2025-12-03"
            func report(_ path: String) async throws -> [String: Any] {
                // Forecasts raise no version: what was kept is as good as another answer.
                try await api.held.store.pool.query("update dataset_versions set version = version + 1")
                try await api.held.reader.readVersions()
                return try await api.object(path)
            }
            // Nothing runs by itself.
            #expect(try await report(path)["complete_at"] is NSNull)
            let now = api.held.clock.now
            try await store.ensureSchedules(api.held.dataset.schedules, of: "quarters", now: now)
            let at = try Self.instant(try await report(path)["complete_at"])
            let run = try #require(try await store.schedules(of: ["quarters"]).first).nextDue
            #expect(at > run && at < run + 60)
            // Three days back no schedule looks.
            #expect(try await report("/v1/quarters/completeness?from=2025-11-30&to=2025-12-03")["complete_at"] is NSNull)
            // A schedule that has not moved for long is nobody's.
            try await store.pool.query("update schedules set next_due = next_due - interval '3 hours'")
            #expect(try await report(path)["complete_at"] is NSNull)
        }
    }

    @Test func aForecastIsToldForAMinuteAtMost() async throws {
        try await APIUnderTest.with { api in
            let day = try (Timestamp.parse("2025-12-02T03:00:00Z"), Timestamp.parse("2025-12-03T03:00:00Z"))
            func seconds() async throws -> Int {
                try await api.held.reader.readVersions()
                let query = CompletenessQuery(
                    dataset: "quarters", keys: ["node": ["a"], "source": ["online"]], from: day.0, to: day.1)
                return try await api.held.reader.completeness(query).maxAge
            }
            #expect(try await seconds() <= 60)
            try await api.held.fill("a/online", "2025-12-02T03:00:00Z", "2025-12-03T03:00:00Z")
            #expect(try await seconds() > 600)
        }
    }

    @Test func aBudgetTellsWhatIsLeftAndWhetherItHolds() async throws {
        try await APIUnderTest.with { api in
            #expect((try await api.object("/v1/budgets")["data"] as? [Any])?.isEmpty == true)
            try await api.held.store.declareBudget(upstream: "nowhere", quota: 350, windowSeconds: 3600)
            let now = api.held.clock.exactNow
            _ = try await api.held.store.reserve(upstream: "nowhere", wanted: 40, now: now - 60)
            _ = try await api.held.store.reserve(upstream: "nowhere", wanted: 10, now: now, goodFor: 300)
            let fresh = try await Self.budget(api)
            #expect(fresh["capacity"] as? Int == 350 && fresh["left"] as? Int == 300)
            #expect(fresh["spent"] as? Int == 40 && fresh["reserved"] as? Int == 10)
            #expect(fresh["window"] as? String == "PT1H" && fresh["resting_until"] is NSNull)
            #expect(abs(try Self.instant(fresh["next_at"]) - Int64(now)) < 30)
            let forecast = try #require(fresh["forecast"] as? [String: Any])
            // An hour falls due each hour, and a look at its day takes three requests.
            #expect(forecast["requests_per_day"] as? Double == 72)
            #expect(forecast["sustainable"] as? Bool == true && forecast["would_need"] is NSNull)
            #expect(forecast["complete_at_p50"] is NSNull)

            let none = try #require(fresh["scopes"] as? [String: Any])
            #expect(fresh["per"] is NSNull && none["in_use"] as? Int == 0 && (none["busiest"] as? [Any])?.isEmpty == true)
            // Of hundreds of scopes the busiest are named, and the figures are those of the worst off.
            for index in 0..<30 {
                _ = try await api.held.store.reserve(upstream: "nowhere", scope: "s\(index)", wanted: 100 + index, now: now - 30)
            }
            let apart = try await Self.budget(api)
            let scopes = try #require(apart["scopes"] as? [String: Any])
            let busiest = try #require(scopes["busiest"] as? [[String: Any]])
            #expect(scopes["in_use"] as? Int == 30 && scopes["resting"] as? Int == 0 && busiest.count == 20)
            #expect(busiest.first?["scope"] as? String == "s29" && busiest.first?["left"] as? Int == 350 - 129)
            #expect(apart["left"] as? Int == 350 - 129)
            try await api.held.store.pool.query("delete from budgets where scope <> ''")

            // Two an hour are 48 a day, less than 72.
            try await api.held.store.declareBudget(upstream: "nowhere", quota: 2, windowSeconds: 3600)
            _ = try await api.held.store.rest(upstream: "nowhere", seconds: 120, sentAgo: 0, wasProbe: false)
            let short = try await Self.budget(api)
            let needs = try #require(short["forecast"] as? [String: Any])
            #expect(needs["sustainable"] as? Bool == false)
            #expect((needs["would_need"] as? String)?.hasPrefix("a quota of 3/PT3600S instead of 2") == true, "\(needs)")
            #expect(short["left"] as? Int == 0 && short["resting_until"] is String)
            #expect(try Self.instant(short["next_at"]) > Int64(now) + 3000)
            let report = try await api.object("/v1/quarters/completeness?from=2025-12-01&to=2025-12-02")
            #expect(report["sustainable"] as? Bool == false && report["complete_at"] is NSNull)

            // What is found out of call shapes counts at once: a look costs one request now.
            try await api.held.store.note(Step.Needs(requests: 1, pageRows: 1000), of: "day", of: "quarters")
            let cheaper = try #require((try await Self.budget(api))["forecast"] as? [String: Any])
            #expect(cheaper["requests_per_day"] as? Double == 24)
        }
    }
}
