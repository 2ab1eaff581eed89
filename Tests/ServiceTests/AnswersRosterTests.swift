@testable import Answers
import Bytes
import Foundation
import Series
import Store
import Testing
import TestSupport

/// Answers about series whose slots are told by others, of two lengths and in two tables.
@Suite struct AnswersRosterTests {
    private static let now = "2024-04-20T12:00:00Z"

    private static func history(
        _ keys: [String: [String]], _ from: String = "2024-04-15", _ to: String = "2024-04-19",
        _ change: (inout HistoryQuery) -> Void = { _ in }
    ) throws -> HistoryQuery {
        var query = HistoryQuery(
            dataset: "listed", keys: keys, from: try Timestamp.parse(from + "T00:00:00Z"), to: try Timestamp.parse(to + "T00:00:00Z"))
        change(&query)
        return query
    }

    private static func report(
        _ keys: [String: [String]] = [:], _ grouping: CompletenessQuery.Grouping, limit: Int = 100
    ) throws -> CompletenessQuery {
        CompletenessQuery(
            dataset: "listed", keys: keys, from: try Timestamp.parse("2024-04-15T00:00:00Z"),
            to: try Timestamp.parse("2024-04-19T00:00:00Z"), groupBy: grouping, limit: limit)
    }

    @Test func aHistoryWithoutAGrainIsOfHours() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let answer = try await test.reader.history(try Self.history(["account_id": ["1"]]))
            let json = try JSONAnswer(answer)
            #expect(json.rows.count == 46 && json["grain"] as? String == "hour")
            let row = #"{"account_id":"1","date":"2024-04-15","hour":3,"metrics":{"numTrades":1,"netProfit":-3.5,"country":"CL","#
            #expect(answer.text.contains(row), "\(answer.text.prefix(600))")
            let metrics = try #require(json.rows[3]["metrics"] as? [String: Any])
            #expect((metrics["b"] as? [Any])?.count == 2 && metrics["a"] is NSNull)
            // Who names a grain gets it, and the roster's series has days only.
            let days = try JSONAnswer(await test.reader.history(try Self.history(["account_id": ["10"], "grain": ["day"]])))
            #expect(days.rows.texts("date") == ["2024-04-15", "2024-04-17"] && days.rows.allSatisfy { $0["hour"] == nil })
            let roster = try JSONAnswer(await test.reader.history(try Self.history(["account_id": ["*"]])))
            #expect(roster.rows.count == 3)
            #expect(roster.rows.compactMap { $0["metrics"] as? [String: Any] }.ints("accounts") == [3, 3, 3])
            // A report means all.
            let report = try JSONAnswer(await test.reader.completeness(try Self.report(["account_id": ["1"]], .series)))
            #expect((report["groups"] as? [[String: Any]])?.texts("grain") == ["day", "hour"])
        }
    }

    @Test func csvHasAColumnForEachMetric() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let csv = try await test.reader.history(try Self.history(["account_id": ["1"]], "2024-04-16", "2024-04-17") {
                $0.format = .csv
                $0.fill = .null
            }).text
            let lines = csv.split(separator: "\r\n")
            #expect(lines.count == 25 && lines[0] == "account_id,date,hour,numTrades,netProfit,country,rest,reason")
            #expect(lines[1] == #"1,2024-04-16,0,1,-0.5,CL,"{""a"": null, ""b"": [1, ""x""]}","#, "\(lines[1])")
            #expect(lines[6] == "1,2024-04-16,5,,,,,missing" && lines[7] == "1,2024-04-16,6,,,,,missing")
            // A piece of a longer one has the same header.
            let stream = try await test.reader.stream(
                try Self.history(["account_id": ["10"], "grain": ["day"]]) { $0.format = .csv }, for: "test")
            let piece = try #require(try await stream.next())
            #expect(
                String(decoding: piece, as: UTF8.self)
                    == "account_id,date,numTrades,netProfit,country,rest\r\n10,2024-04-15,24,,,\r\n10,2024-04-17,24,,,\r\n")
        }
    }

    /// A value that did not fit its column stands in the rest: it is told once.
    @Test func whatHasNoValueIsNullUnlessTheRestHasIt() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let misfit = Listed.values(2, rest: #"{"x": {"country": 1}, "netProfit": "NaN"}"#)
            try await test.fill("1/hour", [(time: "2024-04-16T05:00:00Z", values: misfit)])
            func text(_ format: HistoryQuery.Format) async throws -> String {
                let query = try Self.history(["account_id": ["1"]], "2024-04-16", "2024-04-17") { $0.format = format }
                return try await test.reader.history(query).text
            }
            let metrics = #""metrics":{"numTrades":2,"country":null,"x": {"country": 1}, "netProfit": "NaN"}}"#
            #expect(try await text(.json).contains(metrics))
            #expect(try await text(.ndjson).contains(metrics))
            let csv = try await text(.csv)
            #expect(csv.contains("\r\n" + #"1,2024-04-16,5,2,,,"{""x"": {""country"": 1}, ""netProfit"": ""NaN""}""# + "\r\n"), "\(csv)")
            let days = try await test.reader.history(try Self.history(["account_id": ["10"], "grain": ["day"]]))
            #expect(days.text.contains(#""metrics":{"numTrades":24,"netProfit":null,"country":null}}"#))
        }
    }

    /// Pages of all accounts together are the whole, and hours that nobody expects are in none of them.
    @Test(arguments: [1, 7, 100])
    func pagesAreTheWhole(limit: Int) async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let whole = try JSONAnswer(await test.reader.history(try Self.history([:]) { $0.fill = .null }))
            // 24 hours of three days each, of account 10 two days, and of all the 18th, of which nothing is known.
            #expect(whole.rows.count == 264)
            let days = whole.rows.filter { $0["account_id"] as? String == "10" }.texts("date")
            #expect(!days.isEmpty && !days.contains("2024-04-16"))
            var rows: [[String: Any]] = []
            var cursor: String?
            repeat {
                let page = try JSONAnswer(await test.reader.history(try Self.history([:], "2024-04-16", "2024-04-18") {
                    $0.fill = .null
                    $0.limit = limit
                    $0.cursor = cursor
                }))
                rows += page.rows
                cursor = page["next_cursor"] as? String
            } while cursor != nil
            let part = whole.rows.filter { ["2024-04-16", "2024-04-17"].contains($0["date"] as? String) }
            #expect(NSArray(array: rows) == NSArray(array: part))
            let stream = try await test.reader.stream(
                try Self.history([:]) {
                    $0.fill = .null
                    $0.format = .ndjson
                    $0.limit = nil
                }, for: "test")
            var bytes: [UInt8] = []
            while let piece = try await stream.next() { bytes += piece }
            let lines = bytes.split(separator: 10).compactMap {
                try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
            }
            #expect(NSArray(array: lines) == NSArray(array: whole.rows))
        }
    }

    @Test func missingSlotsSayWhetherTheyAreDoubtedOrUntold() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let query = GapsQuery(
                dataset: "listed", keys: ["account_id": ["2"], "grain": ["hour"]], from: try Timestamp.parse("2024-04-15T00:00:00Z"),
                to: try Timestamp.parse("2024-04-19T00:00:00Z"), states: [.missing])
            let gaps = try #require(try JSONAnswer(await test.reader.gaps(query)).object["data"] as? [[String: Any]])
            #expect(gaps.texts("reason") == ["missing", "day_unknown", "trades_differ"] && gaps.ints("slots") == [48, 24, 2])
            let doubted = try #require(gaps.first { $0["reason"] as? String == "trades_differ" })
            #expect(doubted["from"] as? String == "2024-04-15T22:00:00Z" && doubted["asked"] is String && doubted["next_ask"] is String)
            let rows = try JSONAnswer(await test.reader.history(try Self.history(["account_id": ["2"]], "2024-04-15", "2024-04-19") {
                $0.fill = .null
            })).rows
            #expect(rows.texts("reason").count { $0 == "day_unknown" } == 24)
            #expect(rows.filter { $0["reason"] as? String == "trades_differ" }.ints("hour") == [22, 23])
        }
    }

    @Test func aReportByAccountByGrainAndByDay() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            func groups(_ grouping: CompletenessQuery.Grouping, _ keys: [String: [String]] = [:]) async throws -> [[String: Any]] {
                let json = try JSONAnswer(await test.reader.completeness(try Self.report(keys, grouping)))
                return try #require(json["groups"] as? [[String: Any]])
            }
            let accounts = try await groups(.values(of: "account_id"), ["grain": ["hour"]])
            #expect(accounts.texts("key") == ["1", "2", "10"])
            #expect(accounts.ints("slots") == [96, 96, 72] && accounts.ints("present") == [46, 22, 0])
            #expect(try await groups(.values(of: "grain")).ints("series") == [4, 3])
            let days = try await groups(.day, ["grain": ["hour"]])
            #expect(days.texts("key") == ["2024-04-15", "2024-04-16", "2024-04-17", "2024-04-18"])
            #expect(days.ints("slots") == [72, 48, 72, 72] && days.ints("missing") == [26, 26, 72, 72])
            // Page by page it is the same.
            var paged: [[String: Any]] = []
            var query = try Self.report(["grain": ["hour"]], .values(of: "account_id"), limit: 1)
            repeat {
                let page = try JSONAnswer(await test.reader.completeness(query))
                paged += page["groups"] as? [[String: Any]] ?? []
                query.cursor = page["next_cursor"] as? String
            } while query.cursor != nil
            #expect(NSArray(array: paged) == NSArray(array: accounts))
        }
    }

    @Test func revisionsAreToldByTheTableOfTheirSeries() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            try await test.fillListed()
            let hour = (time: "2024-04-15T03:00:00Z", values: Listed.values(2, profit: "7", rest: #"{"b": {"c": 1}}"#))
            try await test.fill("1/hour", [hour])
            try await test.bring(["10", "day"], [("2024-04-15T00:00:00Z", Listed.values(25))], days: ["2024-04-15"])
            var query = RevisionsQuery(dataset: "listed")
            let data = try #require(try JSONAnswer(await test.reader.revisions(query)).object["data"] as? [[String: Any]])
            #expect(data.texts("account_id") == ["10", "1"] && data.texts("grain") == ["day", "hour"])
            func metrics(_ side: String, _ place: Int) -> [String: Any] {
                (data[place][side] as? [String: Any])?["metrics"] as? [String: Any] ?? [:]
            }
            #expect(metrics("old", 0)["numTrades"] as? Int == 24 && metrics("new", 0)["numTrades"] as? Int == 25)
            #expect((metrics("new", 1)["b"] as? [String: Any])?["c"] as? Int == 1 && (metrics("old", 1)["b"] as? [Any])?.count == 2)
            // Columns are those of one table.
            query.format = .csv
            #expect(try await answerError { _ = try await test.reader.revisions(query) } == .manyLengths(field: "grain"))
            query.keys = ["grain": ["hour"]]
            let csv = try await test.reader.revisions(query).text.split(separator: "\r\n")
            #expect(csv.count == 2 && csv[0].hasPrefix(
                "datetime,account_id,grain,old_numTrades,old_netProfit,old_country,old_rest,new_numTrades,new_netProfit,"), "\(csv)")
            #expect(csv[1].hasPrefix(
                #"2024-04-15T03:00:00Z,1,hour,1,-3.5,CL,"{""a"":null,""b"":[1,""x""]}",2,7,,"{""b"":{""c"":1}}",2024"#), "\(csv)")
        }
    }

    @Test func theDatasetSaysWhatTellsItsSlots() async throws {
        try await ReaderUnderTest.with(Listed.dataset(), now: Self.now) { _, test in
            let json = try JSONAnswer(await test.reader.dataset("listed"))
            #expect(json["due_lag"] as? String == "PT2H" && json["due_period"] as? String == "P1D")
            let roster = try #require(json["roster"] as? [String: Any])
            #expect((roster["series"] as? [String: String]) == ["account_id": "*", "grain": "day"])
            let reasons = try #require(roster["reasons"] as? [[String: String]])
            #expect(reasons.map { $0["reason"] } == ["no_trade", "trades_differ", "day_unknown", "no_daily_row"])
            let calendar = try #require(json["calendar"] as? [String: Any])
            #expect(calendar["slots"] as? String == "told" && calendar["lengths"] as? [String] == ["PT1H", "P1D"])
        }
    }
}

extension [[String: Any]] {
    /// What stands under a name in each, "-" where no text does.
    func texts(_ name: String) -> [String] { map { $0[name] as? String ?? "-" } }
    /// The same of whole numbers; -1.
    func ints(_ name: String) -> [Int] { map { $0[name] as? Int ?? -1 } }
}
