@testable import Answers
import Bytes
import Foundation
import Series
import Store
import Testing
import TestSupport

@Suite struct AnswersHistoryTests {
    private static let now = "2025-12-10T12:00:00-03:00"

    @Test func aWholeDayHasItsHoursTheirExactMeansAndItsCoverage() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let answer = try await test.reader.history(try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00"))
            let json = try JSONAnswer(answer)
            #expect(json.rows.count == 24)
            #expect(json.rows.first?["datetime"] as? String == "2025-12-01T00:00:00-03:00")
            #expect(json.rows.map { $0["hour"] as? Int } == Array(0..<24))
            #expect(json.rows.allSatisfy { $0["quarters"] as? Int == 4 })
            #expect(json["node"] as? String == "a" && json["source"] as? String == "online" && json["unit"] as? String == "USD/MWh")
            #expect(json["time_zone"] as? String == "America/Santiago")
            #expect(json.coverage["expected"] as? Int == 24 && json.coverage["present"] as? Int == 24)
            #expect(json.coverage["completeness"] as? Int == 1 && (json.coverage["gaps"] as? [Any])?.isEmpty == true)
            // The last change, not the request.
            #expect(json["as_of"] as? String == Self.now)
            #expect(answer.headers.map { "\($0): \($1)" } == ["Gapless-Coverage: expected=24, present=24, missing=0, completeness=1"])
            let first = try Timestamp.parse("2025-12-01T00:00:00-03:00")
            var longest = 0
            for hour in 0..<24 as Range<Int64> {
                let quarters = (0..<4).map { Quarters.price(at: first + hour * 3600 + $0 * 900) }
                let mean = try #require(Bytes.Decimal.mean(of: quarters))
                longest = max(longest, mean.scale)
                #expect(answer.text.contains("\"hour\":\(hour),\"node\":\"a\",\"source\":\"online\",\"value\":\(mean),"))
            }
            #expect(longest == 7)
        }
    }

    @Test func aPartialHourIsAHoleUntilAskedForByParts() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let hole = try Timestamp.parse("2025-12-01T05:30:00-03:00")
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T12:00:00-03:00", except: [hole])
            let query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-01T12:00:00-03:00")
            let slots = try JSONAnswer(await test.reader.history(query))
            #expect(slots.rows.count == 11)
            let gaps = try #require(slots.coverage["gaps"] as? [[String: Any]])
            #expect(gaps.count == 1 && gaps[0]["reason"] as? String == "partial 3/4" && gaps[0]["state"] as? String == "missing")
            #expect(gaps[0]["from"] as? String == "2025-12-01T05:00:00-03:00" && gaps[0]["to"] as? String == "2025-12-01T06:00:00-03:00")
            #expect(slots.coverage["completeness"] as? Double == 0.916666)

            var parts = query
            parts.resolution = .part
            let quarters = try JSONAnswer(await test.reader.history(parts))
            #expect(quarters.rows.count == 47)
            #expect(quarters.rows.filter { ($0["datetime"] as? String)?.contains("T05:") ?? false }.count == 3)
            #expect(quarters.rows[0]["date"] as? String == "2025-12-01" && quarters.rows[0]["note"] as? String == "n")

            var filled = query
            filled.fill = .null
            let all = try JSONAnswer(await test.reader.history(filled))
            #expect(all.rows.count == 12)
            #expect(all.rows[5]["value"] is NSNull && all.rows[5]["reason"] as? String == "partial 3/4")
            #expect(all.rows[5]["quarters"] as? Int == 3 && all.rows[4]["reason"] is NSNull && all.rows[4]["value"] is NSNumber)
            filled.resolution = .part
            let each = try JSONAnswer(await test.reader.history(filled))
            #expect(each.rows.count == 48)
            let empty = each.rows.filter { $0["value"] is NSNull }
            #expect(empty.map { $0["datetime"] as? String } == ["2025-12-01T05:30:00-03:00"])
            #expect(empty.first?["reason"] as? String == "partial 3/4")
        }
    }

    /// The clocks of Santiago: forward on 2025-09-07 at midnight, back on 2026-04-05 at midnight.
    @Test(arguments: [
        ("2025-09-07T01:00:00-03:00", "2025-09-08T00:00:00-03:00", 23),
        ("2026-04-04T00:00:00-03:00", "2026-04-05T00:00:00-04:00", 25),
    ])
    func aDayHasTheHoursThatItsClockHas(from: String, to: String, hours: Int) async throws {
        try await ReaderUnderTest.with(now: "2026-05-01T00:00:00-04:00") { _, test in
            try await test.fill("a/online", from, to)
            let json = try JSONAnswer(await test.reader.history(try test.query(from, to)))
            #expect(json.rows.count == hours && json.coverage["expected"] as? Int == hours)
            let shown = json.rows.compactMap { $0["hour"] as? Int }
            #expect(shown == (hours == 23 ? Array(1..<24) : Array(0..<24) + [23]))
            let times = json.rows.compactMap { $0["datetime"] as? String }
            #expect(Set(times).count == hours)
            if hours == 25 { #expect(times.suffix(2) == ["2026-04-04T23:00:00-03:00", "2026-04-04T23:00:00-04:00"]) }
            var days = CompletenessQuery(dataset: "quarters", keys: ["node": ["a"], "source": ["online"]], groupBy: .day)
            days.from = try Timestamp.parse(from)
            days.to = try Timestamp.parse(to)
            let groups = try #require(JSONAnswer(await test.reader.completeness(days))["groups"] as? [[String: Any]])
            #expect(groups.count == 1 && groups[0]["expected"] as? Int == hours && groups[0]["completeness"] as? Int == 1)
            #expect(groups[0]["key"] as? String == String(from.prefix(10)))
        }
    }

    @Test func csvHasTheColumnsOfTheRowsAndQuotesNothingItNeedNot() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T01:00:00-03:00")
            var query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00") { $0.format = .csv }
            let answer = try await test.reader.history(query)
            let lines = answer.text.components(separatedBy: "\r\n")
            #expect(lines[0] == "datetime,hour,node,source,value,quarters")
            let first = try Timestamp.parse("2025-12-01T00:00:00-03:00")
            let mean = try #require(Bytes.Decimal.mean(of: (0..<4).map { Quarters.price(at: first + $0 * 900) }))
            #expect(lines[1...] == ["2025-12-01T00:00:00-03:00,0,a,online,\(mean),4", ""])
            #expect(answer.contentType.hasPrefix("text/csv"))
            #expect(answer.headers.first?.1 == "expected=2, present=1, missing=1, completeness=0.5")
            query.fill = .null
            let filled = try await test.reader.history(query)
            #expect(filled.text.hasSuffix("2025-12-01T01:00:00-03:00,1,a,online,,0,missing\r\n"))
        }
    }

    @Test func severalSeriesHaveACoverageEach() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00")
            try await test.fill("b/online", "2025-12-01T01:00:00-03:00", "2025-12-01T02:00:00-03:00")
            let query = try test.query(nodes: ["b", "a"], "2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00")
            let json = try JSONAnswer(await test.reader.history(query))
            #expect(json.rows.map { $0["node"] as? String } == ["a", "a", "b"])
            #expect(json["node"] as? [String] == ["a", "b"])
            let coverage = try #require(json["coverage"] as? [[String: Any]])
            #expect(coverage.map { $0["node"] as? String } == ["a", "b"] && coverage.map { $0["present"] as? Int } == [2, 1])
        }
    }

    @Test func whatIsNotDueIsPendingAndSaysUntilWhen() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let query = try test.query("2025-12-10T07:00:00-03:00", "2025-12-10T10:00:00-03:00")
            let json = try JSONAnswer(await test.reader.history(query))
            let gaps = try #require(json.coverage["gaps"] as? [[String: Any]])
            #expect(gaps.map { $0["state"] as? String } == ["missing", "pending"])
            #expect(gaps.last?["reason"] as? String == "not due until 2025-12-10T13:00:00-03:00")
            #expect(json.coverage["expected"] as? Int == 2 && json["as_of"] as? String == Self.now)
        }
    }

    @Test func pagesTogetherAreTheWhole() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            var random = Seeded(seed, isTold: false)
            let (from, to) = ("2025-12-01T00:00:00-03:00", "2025-12-03T00:00:00-03:00")
            let first = try Timestamp.parse(from)
            for series in test.ids.keys.sorted() {
                let missing = (0..<192).filter { _ in Int.random(in: 0..<6, using: &random) == 0 }.map { first + Int64($0) * 900 }
                try await test.fill(series, from, to, except: Set(missing))
            }
            for resolution in [HistoryQuery.Resolution.slot, .part] {
                for fill in [HistoryQuery.Fill.none, .null] {
                    var query = HistoryQuery(
                        dataset: "quarters", from: first, to: try Timestamp.parse(to), resolution: resolution, fill: fill)
                    let whole = try JSONAnswer(await test.reader.history(query)).rows as NSArray
                    #expect(whole.count > 50)
                    query.limit = Int.random(in: 1...37, using: &random)
                    var pages: [[String: Any]] = []
                    repeat {
                        let answer = try await test.reader.history(query)
                        let json = try JSONAnswer(answer)
                        #expect(json.rows.count == query.limit || answer.nextCursor == nil)
                        #expect(json["next_cursor"] as? String == answer.nextCursor)
                        pages += json.rows
                        query.cursor = answer.nextCursor
                    } while query.cursor != nil
                    #expect(whole == pages as NSArray, "\(resolution) \(fill) \(query.limit)")
                }
            }
        }
    }

    @Test func aCursorServesItsOwnQuestionOnly() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            var query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00") { $0.limit = 5 }
            let cursor = try #require(try await test.reader.history(query).nextCursor)
            query.cursor = cursor
            query.limit = 7
            #expect(try JSONAnswer(await test.reader.history(query)).rows.count == 7)
            query.to -= 3600
            let other = query
            #expect(try await answerError { _ = try await test.reader.history(other) } == .badCursor)
            for text in ["", "A", String(cursor.dropLast()), cursor + "AA", "💥", String(repeating: "A", count: 4000)] {
                let bad = try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00") { $0.cursor = text }
                #expect(try await answerError { _ = try await test.reader.history(bad) } == .badCursor, "\(text)")
            }
        }
    }

    @Test func emptyRangesAreAnswersAndUnknownNamesAreNot() async throws {
        try await ReaderUnderTest.with(now: Self.now) { _, test in
            let empty = try JSONAnswer(await test.reader.history(try test.query("2025-12-02T00:00:00-03:00", "2025-12-01T00:00:00-03:00")))
            #expect(empty.rows.isEmpty && empty.coverage["expected"] as? Int == 0 && empty.coverage["completeness"] as? Int == 1)
            let unknown = try test.query(nodes: ["a", "z"], "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            #expect(try await answerError { _ = try await test.reader.history(unknown) } == .unknownSeries(field: "node", value: "z"))
            #expect(try await answerError { _ = try await test.reader.dataset("nothing") } == .unknownDataset("nothing"))
        }
    }
}
