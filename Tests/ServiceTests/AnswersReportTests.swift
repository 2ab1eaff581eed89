@testable import Answers
import Bytes
import Foundation
import Series
import Store
import Testing

@Suite struct AnswersReportTests {
    private static let now = "2025-12-10T12:00:00-03:00"
    private static let counts = [
        "slots", "pending", "absent", "excluded", "expected", "present", "missing", "unfillable", "quarantined",
    ]

    private static func report(_ from: String, _ to: String, _ groupBy: CompletenessQuery.Grouping = .none) throws -> CompletenessQuery {
        CompletenessQuery(dataset: "quarters", from: try Timestamp.parse(from), to: try Timestamp.parse(to), groupBy: groupBy)
    }

    /// Half a day of one series, a hole of two hours in it.
    private static func prepare(_ test: ReaderUnderTest) async throws {
        let hole = try Timestamp.parse("2025-12-01T03:00:00-03:00")
        try await test.fill(
            "a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T12:00:00-03:00",
            except: Set(stride(from: hole, to: hole + 7200, by: 900)))
        try await test.fill("b/real", "2025-12-01T00:00:00-03:00", "2025-12-01T01:00:00-03:00")
    }

    @Test func theReportCountsWhatTheContractNames() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await Self.prepare(test)
            let query = try Self.report("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let json = try JSONAnswer(await test.reader.completeness(query))
            // `real` is due after ten days, of which nine have passed.
            #expect(Self.counts.map { json.int($0) } == [96, 47, 0, 0, 49, 11, 38, 0, 0])
            #expect(json["completeness"] as? Double == 0.224489 && json["complete_at"] is NSNull && json["next_cursor"] is NSNull)
            let series = try #require(json["series"] as? [[String: Any]])
            #expect(series.map { "\($0["node"]!)/\($0["source"]!)" } == ["a/online", "a/real", "b/online", "b/real"])
            #expect(series.map { $0["present"] as? Int } == [10, 0, 0, 1] && series.map { $0["gaps"] as? Int } == [2, 0, 1, 0])
            #expect(series[0]["first"] as? String == "2025-12-01T00:00:00-03:00")
            #expect(series[0]["last"] as? String == "2025-12-01T11:00:00-03:00" && series[1]["first"] is NSNull)
            // The default is the horizon, up to the slot in progress.
            let all = try JSONAnswer(await test.reader.completeness(CompletenessQuery(dataset: "quarters")))
            #expect(all["from"] as? String == "2025-12-07T00:00:00-03:00" && all["to"] as? String == "2025-12-10T13:00:00-03:00")
        }
    }

    @Test func groupsAddUpToTheTotalAndPagesToAllGroups() async throws {
        try await ReaderUnderTest.with(now: "2026-05-01T00:00:00-04:00") { _, test in
            try await Self.prepare(test)
            try await test.fill("a/real", "2026-03-30T00:00:00-03:00", "2026-04-10T02:00:00-04:00")
            for grouping in [CompletenessQuery.Grouping.day, .month, .series] {
                var query = try Self.report("2025-11-30T05:00:00-03:00", "2026-04-30T00:00:00-04:00", grouping)
                query.limit = 3
                var groups: [[String: Any]] = []
                var total: JSONAnswer
                repeat {
                    let answer = try await test.reader.completeness(query)
                    total = try JSONAnswer(answer)
                    groups += try #require(total["groups"] as? [[String: Any]])
                    query.cursor = answer.nextCursor
                } while query.cursor != nil
                #expect(groups.count == [.day: 151, .month: 6, .series: 4][grouping])
                for name in Self.counts {
                    #expect(groups.reduce(0) { $0 + ($1[name] as? Int ?? -1_000_000) } == total.int(name), "\(grouping) \(name)")
                }
                #expect(Set(groups.compactMap { $0["key"] as? String }).count == groups.count)
                if grouping == .day {
                    #expect(groups[0]["slots"] as? Int == 19 * 4 && groups[1]["slots"] as? Int == 96 && groups[125]["slots"] as? Int == 100)
                    #expect(groups[125]["key"] as? String == "2026-04-04" && groups[1]["present"] as? Int == 11)
                }
            }
        }
    }

    @Test func aForgedCursorIsRefused() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            for grouping in [CompletenessQuery.Grouping.day, .month, .none] {
                var query = try Self.report("2025-12-01T00:00:00-03:00", "2025-12-03T00:00:00-03:00", grouping)
                let seal = Question.completeness(query).seal
                for place in [Int64.max, .min, -1, 20_424, 20_423 + 1000] {
                    query.cursor = Cursor(place: [place]).text(seal: seal)
                    let forged = query
                    #expect(try await answerError { _ = try await test.reader.completeness(forged) } == .badCursor, "\(grouping) \(place)")
                }
            }
            var query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-03T00:00:00-03:00")
            query.cursor = Cursor(place: [.max, .max]).text(seal: Question.history(query).seal)
            let forged = query
            #expect(try await answerError { _ = try await test.reader.history(forged) } == .badCursor)
        }
    }

    @Test func gapsComeWorstFirstAndByState() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await Self.prepare(test)
            let (from, to) = (try Timestamp.parse("2025-12-01T00:00:00-03:00"), try Timestamp.parse("2025-12-02T00:00:00-03:00"))
            var query = GapsQuery(dataset: "quarters", from: from, to: to)
            let gaps = try JSONAnswer(await test.reader.gaps(query)).rows
            #expect(gaps.map { $0["slots"] as? Int } == [24, 12, 2])
            #expect(gaps.map { $0["node"] as? String } == ["b", "a", "a"] && gaps.allSatisfy { $0["state"] as? String == "missing" })
            #expect(gaps[2]["from"] as? String == "2025-12-01T03:00:00-03:00" && gaps[2]["to"] as? String == "2025-12-01T05:00:00-03:00")
            query.states = [.pending]
            #expect(try JSONAnswer(await test.reader.gaps(query)).rows.map { $0["slots"] as? Int } == [24, 23])
            query.states = []
            query.limit = 2
            let first = try await test.reader.gaps(query)
            query.cursor = first.nextCursor
            let second = try await test.reader.gaps(query)
            #expect(try JSONAnswer(first).rows + JSONAnswer(second).rows as NSArray == gaps as NSArray && second.nextCursor == nil)
        }
    }

    @Test func seriesAndDatasetsTellWhatIsFollowed() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await Self.prepare(test)
            var query = SeriesQuery(dataset: "quarters", keys: ["node": ["a"]], limit: 1)
            let first = try await test.reader.series(query)
            #expect(try JSONAnswer(first).rows.map { $0["source"] as? String } == ["online"])
            query.cursor = first.nextCursor
            let second = try await test.reader.series(query)
            #expect(try JSONAnswer(second).rows.map { $0["source"] as? String } == ["real"] && second.nextCursor == nil)
            #expect(try JSONAnswer(first).rows[0]["last"] as? String == "2025-12-01T11:00:00-03:00")
            let facts = try JSONAnswer(await test.reader.dataset("quarters"))
            #expect(facts["time_zone"] as? String == "America/Santiago" && facts["horizon"] as? String == "P3D")
            #expect((facts["calendar"] as? [String: Any])?["part"] as? String == "PT15M")
            let lags = try #require(facts["due_lag"] as? [[String: Any]])
            #expect(lags.map { $0["due_lag"] as? String } == ["PT3H", "P10D"])
            #expect(lags.map { $0["source"] as? [String] } == [["online"], ["real"]])
            #expect((facts["budget"] as? [String: Any])?["window"] as? String == "PT1H")
            let all = try await test.reader.datasetsSummary()
            #expect(try JSONAnswer(all).rows.count == 1 && all.cacheStatus.hasPrefix("hit"))
        }
    }
}
