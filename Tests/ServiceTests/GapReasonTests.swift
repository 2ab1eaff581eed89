@testable import Answers
import Bytes
import Foundation
import Series
import Store
import Testing

/// Reasons of gaps, as people and programs read them.
@Suite struct GapReasonTests {
    private static let day = LocalDate("2025-12-01")!.daysSince1970
    private static let range = "from=2025-12-01&to=2025-12-02"

    /// Half a day of `a/online`, three quarters of an hour more; then a proved answer without a row, at `now`.
    private static func prepare(_ api: APIUnderTest) async throws -> Int64 {
        let last = try Timestamp.parse("2025-12-01T12:45:00-03:00")
        try await api.held.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T13:00:00-03:00", except: [last])
        let task = try await api.held.silence(["a/online"], days: day..<day + 1)
        try await api.held.reader.readVersions()
        return task
    }

    @Test func absentGapsSayWhyAndWhenTheUpstreamIsAskedAgain() async throws {
        try await APIUnderTest.with { api in
            _ = try await Self.prepare(api)
            let series = "node=a&source=online"
            let gaps = try #require(try await api.object("/v1/quarters/gaps?\(series)&\(Self.range)")["data"] as? [[String: Any]])
            #expect(gaps.map { $0["state"] as? String } == ["absent", "absent"] && gaps.map { $0["slots"] as? Int } == [11, 1])
            #expect(gaps.map { $0["reason"] as? String } == ["no_record", "partial 3/4"])
            for gap in gaps {
                let (since, next) = (try #require(gap["since"] as? String), try #require(gap["next_ask"] as? String))
                #expect(gap["asked"] as? String == since && since.hasSuffix("-03:00"))
                #expect(try Timestamp.parse(next) == Timestamp.parse(since) + 3600)
            }
            let report = try await api.object("/v1/quarters/completeness?\(series)&\(Self.range)")
            #expect(report["absent"] as? Int == 12 && report["missing"] as? Int == 0 && report["completeness"] as? Double == 1)
            #expect((report["series"] as? [[String: Any]])?.first?["gaps"] as? Int == 2)
            let history = try await api.object("/v1/quarters/history?\(series)&\(Self.range)&fill=null")
            let shown = try #require((history["coverage"] as? [String: Any])?["gaps"] as? [[String: Any]])
            #expect(shown.map { $0["reason"] as? String } == ["partial 3/4", "no_record"] && shown.allSatisfy { $0["next_ask"] is String })
            let rows = try #require(history["data"] as? [[String: Any]])
            let reasons = rows.map { $0["reason"] as? String ?? "-" }
            #expect(reasons == Array(repeating: "-", count: 12) + ["partial 3/4"] + Array(repeating: "no_record", count: 11))
        }
    }

    private static let served: Quarters.ReachRule = { key, _ in
        guard key.values[1] == "real" else { return nil }
        return Reach(from: 1_764_644_400, reason: "before_first_day", action: "Load an archive file.")  // 2025-12-02 in Santiago
    }

    @Test func whatIsBeyondReachSaysWhatWouldFillIt() async throws {
        try await APIUnderTest.with(now: "2025-12-20T12:00:00Z", reach: Self.served) { api in
            let path = "node=a&source=real&from=2025-12-01&to=2025-12-03"
            let gaps = try #require(try await api.object("/v1/quarters/gaps?\(path)")["data"] as? [[String: Any]])
            #expect(gaps.map { $0["state"] as? String } == ["unfillable", "missing"] && gaps.map { $0["slots"] as? Int } == [24, 24])
            #expect(gaps[0]["reason"] as? String == "before_first_day" && gaps[0]["action"] as? String == "Load an archive file.")
            let report = try await api.object("/v1/quarters/completeness?\(path)&group_by=day")
            #expect(report["unfillable"] as? Int == 24 && report["missing"] as? Int == 48)
            #expect((report["groups"] as? [[String: Any]])?.map { $0["unfillable"] as? Int } == [24, 0])
            let selection = #"{"dataset":"quarters","node":"a","from":"2025-12-01","to":"2025-12-03"}"#
            let plan = try api.object(try await api.post("/v1/plans", selection))
            let runs = try #require(plan["unfillable"] as? [[String: Any]])
            #expect(runs.count == 1 && runs[0]["series"] as? [String: String] == ["node": "a", "source": "real"])
            #expect(runs[0]["from"] as? String == "2025-12-01T00:00:00-03:00" && runs[0]["to"] as? String == "2025-12-02T00:00:00-03:00")
            #expect(runs[0]["reason"] as? String == "before_first_day" && runs[0]["action"] as? String == "Load an archive file.")
            #expect((plan["gaps"] as? [String: Int])?["slots"] == 72)
            let again = try await api.object("/v1/plans/\(try #require(plan["id"] as? String))")
            #expect(again["unfillable"] as? NSArray == plan["unfillable"] as? NSArray)
            let job = try api.object(try await api.post("/v1/ingestions", selection), status: 202)
            #expect((job["gaps"] as? [String: Int])?["unfillable"] == 24)
        }
    }

    @Test func theIngestionTellsHowManySlotsItFoundAbsent() async throws {
        try await APIUnderTest.with { api in
            _ = try await Self.prepare(api)
            let jobs = try #require(try await api.object("/v1/ingestions")["data"] as? [[String: Any]])
            #expect(jobs.compactMap { ($0["gaps"] as? [String: Int])?["absent"] } == [12, 0])
        }
    }

    /// The upstream serves two days and what follows, and lets go of the oldest at an hour of its own: the answer goes with it.
    @Test func anAnswerHoldsNoLongerThanTheReachThatItWasMadeBy() throws {
        let five = try Timestamp.parse("2025-12-10T05:00:00-03:00")
        let day: Int64 = 86_400
        let rolling: Quarters.ReachRule = { _, now in
            let days = (now - five).quotient(rounding: day)
            let move = five + days * day
            return Reach(from: move - 2 * day, reason: "rolled_off", action: "None.", holds: move..<move + day)
        }
        func change(_ from: Int64, _ to: Int64, _ reach: @escaping Quarters.ReachRule) throws -> (next: Int64?, asOf: Int64) {
            let scope = Scope(try Quarters.dataset(reach: reach), from: from, to: to, now: five + 7 * 3600)
            let series = [StoredSeries(id: 1, ledger: Ledger(key: SeriesKey(["a", "online"])))]
            return (scope.nextChange(series), scope.asOf(series, changedAt: 0))
        }
        let old = five - 2 * day
        #expect(try change(old, old + day, rolling).next == five + day)
        // The next move does not touch this day, the one after it does.
        #expect(try change(old + day, old + 2 * day, rolling).next == five + 2 * day)
        #expect(try change(old, old + day, Self.served).next == nil)
        // At the last move another day fell out.
        #expect(try change(old - day, old, rolling).asOf == five)
        #expect(try change(old + day, old + day + 3600, rolling).asOf == old + day + 4 * 3600, "the hour that fell due")
    }
}

extension Int64 {
    fileprivate func quotient(rounding divisor: Int64) -> Int64 { (self - ((self % divisor) + divisor) % divisor) / divisor }
}
