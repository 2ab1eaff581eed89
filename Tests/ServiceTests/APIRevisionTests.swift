import Answers
import Bytes
import Foundation
import HTTP
import Series
import Store
import Testing

/// `/revisions`, and rows that fill a whole hour.
@Suite struct APIRevisionTests {
    private static let path = "/v1/quarters/revisions"
    private static let day = "2025-12-01T00:00:00-03:00"

    /// Local 2025-12-01 of `real`, hourly, in two editions; then the higher one is corrected in its first hour.
    private static func revised(_ body: @escaping @Sendable (APIUnderTest) async throws -> Void) async throws {
        try await APIUnderTest.with(wholeHours: "real") { api in
            let first = try Timestamp.parse(day)
            let id = try #require(api.held.ids["a/real"])
            func store(_ editions: [(hours: Range<Int64>, price: String, issued: Int64)]) async throws {
                try await api.held.store(editions.flatMap { edition in
                    edition.hours.map { hour in
                        StoredRow(
                            seriesID: id, time: first + hour * 3600,
                            values: [.decimal(Bytes.Decimal(edition.price)!), .text("PCP"), .integer(edition.issued)])
                    }
                })
            }
            try await store([(0..<24, "50.1234567890123", 2), (0..<24, "48.5", 1)])
            try await store([(0..<1, "51", 2)])
            try await api.held.reader.readVersions()
            try await body(api)
        }
    }

    @Test func theNewestChangeComesFirstWithBothValuesAndCalls() async throws {
        try await Self.revised { api in
            let answer = try await api.get("\(Self.path)?node=a&source=real&limit=2")
            let object = try api.object(answer)
            let data = try #require(object["data"] as? [[String: Any]])
            #expect(data.count == 2)
            let corrected = try #require(data.first)
            #expect(corrected["datetime"] as? String == Self.day)
            #expect(corrected["node"] as? String == "a" && corrected["source"] as? String == "real")
            #expect(answer.text.contains(#""old":{"value":50.1234567890123,"note":"PCP","issued":2}"#))
            #expect(answer.text.contains(#""new":{"value":51,"note":"PCP","issued":2}"#))
            #expect((corrected["changed_at"] as? String)?.hasPrefix("2025-12-03T09:0") == true)
            let calls = try ["old_call", "new_call"].map { try #require(corrected[$0] as? [String: Any]) }
            #expect(calls.compactMap { $0["task"] as? Int } == [1, 2])
            #expect(calls.allSatisfy { $0["ordinal"] as? Int == 0 })
            let job = try #require(calls[1]["ingestion_id"] as? String)
            #expect(try await api.object("/v1/ingestions/\(job)")["records"] as? [String: Int] == [
                "written": 0, "unchanged": 0, "revised": 1, "quarantined": 0, "received": 1, "dropped": 0,
            ])
            // The lower edition, which never was held.
            #expect(data[1]["datetime"] as? String == "2025-12-01T23:00:00-03:00")
            #expect((data[1]["old"] as? [String: Any])?["issued"] as? Int == 1)
        }
    }

    @Test func pagesAndFormsHaveTheSameEntries() async throws {
        try await Self.revised { api in
            let whole = try #require(try await api.object("\(Self.path)?limit=100")["data"] as? [[String: Any]])
            #expect(whole.count == 25)
            var times: [String] = []
            var next: String? = "\(Self.path)?limit=7"
            while let target = next {
                let answer = try await api.get(target)
                let object = try api.object(answer)
                times += (object["data"] as? [[String: Any]] ?? []).compactMap { $0["datetime"] as? String }
                next = (object["next_cursor"] as? String).map { "\(Self.path)?limit=7&cursor=\($0)" }
                #expect((answer.header("Link") != nil) == (next != nil))
            }
            #expect(times == whole.compactMap { $0["datetime"] as? String })

            let lines = try await api.get("\(Self.path)?format=ndjson").text.split(separator: "\n")
            #expect(lines.count == 25 && lines.allSatisfy { $0.hasPrefix(#"{"datetime":"2025-12-01T"#) })
            let csv = try await api.get(Self.path, [("Accept", "text/csv")])
            #expect(csv.header("Content-Type") == "text/csv; charset=utf-8; header=present")
            let rows = csv.text.split(separator: "\r\n")
            #expect(rows.count == 26)
            #expect(rows[0] == "datetime,node,source,old_value,old_note,old_issued,new_value,new_note,new_issued,changed_at,"
                + "old_task,old_ingestion_id,old_ordinal,new_task,new_ingestion_id,new_ordinal")
            #expect(rows[1].hasPrefix("\(Self.day),a,real,50.1234567890123,PCP,2,51,PCP,2,2025-12-03T09:0"))
        }
    }

    @Test func rangesAndSeriesNarrowIt() async throws {
        try await Self.revised { api in
            func count(_ query: String) async throws -> Int? {
                (try await api.object("\(Self.path)?\(query)")["data"] as? [Any])?.count
            }
            let all = try await count("limit=1000")
            #expect(all == 25)
            #expect(try await count("from=2025-12-01T01:00:00-03:00&to=2025-12-01T03:00:00-03:00") == 2)
            #expect(try await count("to=2025-12-01T01:00:00-03:00") == 2)
            #expect(try await count("from=2025-12-02") == 0)
            #expect(try await count("from=2025-12-01&to=2025-12-01") == 0)
            #expect(try await count("source=online") == 0)
            #expect(try await count("to=0001-01-01T00:00:00%2B23:00") == 0)
            #expect(try await count("from=9999-12-31T23:59:59-23:00") == 0)
            #expect(try await api.get("\(Self.path)?node=none").status == 404)
            #expect(try await api.get("\(Self.path)?sources=real").status == 400)
            #expect(try await api.get("\(Self.path)?format=xml").status == 406)
            #expect(try await api.get("\(Self.path)?to=2025-12-01&from=2025-12-02").status == 400)
        }
    }

    @Test func aNewRevisionIsSeenAtOnceAndAnOldAnswerIsNotGivenAgain() async throws {
        try await Self.revised { api in
            let first = try await api.get(Self.path)
            let again = try await api.get(Self.path)
            #expect(again.header("Cache-Status")?.hasPrefix("gapless; hit") == true)
            let id = try #require(api.held.ids["b/real"])
            let time = try Timestamp.parse(Self.day)
            // A lower edition after a higher one: what is held stays as it is.
            for (price, issued) in [("9", 5), ("8", 4)] as [(String, Int64)] {
                try await api.held.store([
                    StoredRow(seriesID: id, time: time, values: [.decimal(Bytes.Decimal(price)!), .null, .integer(issued)])
                ])
            }
            try await api.held.reader.readVersions()
            let after = try await api.get(Self.path, [("If-None-Match", first.header("ETag") ?? "")])
            #expect((try api.object(after)["data"] as? [Any])?.count == 26)
        }
    }

    // MARK: Rows of whole hours in the history

    @Test func anHourlyRowIsItsWholeHour() async throws {
        try await Self.revised { api in
            let history = try await api.get("/v1/quarters/history?node=a&source=real&from=2025-12-01&to=2025-12-02")
            let object = try api.object(history)
            let rows = try #require(object["data"] as? [[String: Any]])
            #expect(rows.count == 24 && rows.allSatisfy { $0["quarters"] as? Int == 4 })
            #expect(history.text.contains(#""hour":0,"node":"a","source":"real","value":51,"quarters":4}"#))
            // One row is no mean: digit for digit.
            #expect(history.text.contains(#""hour":1,"node":"a","source":"real","value":50.1234567890123,"quarters":4}"#))
            #expect((object["coverage"] as? [String: Any])?["missing"] as? Int == 0)
        }
    }

    @Test func eachQuarterOfAnHourlyRowHasItsValue() async throws {
        try await Self.revised { api in
            try await api.held.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00")
            try await api.held.reader.readVersions()
            func quarters(_ query: String) async throws -> [[String: Any]] {
                let path = "/v1/quarters/history?resolution=PT15M&\(query)"
                return try #require(try await api.object(path)["data"] as? [[String: Any]])
            }
            let all = try await quarters("node=a&source=real&from=2025-12-01&to=2025-12-02")
            #expect(all.count == 96)
            #expect(all.prefix(4).allSatisfy { ($0["value"] as? NSNumber)?.stringValue == "51" })
            #expect(all.dropFirst(4).allSatisfy { ($0["value"] as? NSNumber)?.doubleValue == 50.1234567890123 })
            // A range that begins within the hour finds the row that began before it.
            let late = try await quarters("node=a&source=real&from=2025-12-01T00:30:00-03:00&to=2025-12-01T01:15:00-03:00")
            #expect(late.compactMap { $0["datetime"] as? String } == [
                "2025-12-01T00:30:00-03:00", "2025-12-01T00:45:00-03:00", "2025-12-01T01:00:00-03:00",
            ])
            #expect(late.map { ($0["value"] as? NSNumber)?.doubleValue } == [51, 51, 50.1234567890123])
            // Beside a series of quarters, and page by page.
            let both = try await quarters("node=a&source=real,online&from=2025-12-01T00:15:00-03:00&to=2025-12-01T02:00:00-03:00")
            #expect(both.count == 14)
            var paged: [[String: Any]] = []
            var cursor = ""
            repeat {
                let page = try await api.object(
                    "/v1/quarters/history?resolution=PT15M&node=a&source=real,online&from=2025-12-01T00:15:00-03:00"
                        + "&to=2025-12-01T02:00:00-03:00&limit=3\(cursor)")
                paged += page["data"] as? [[String: Any]] ?? []
                cursor = (page["next_cursor"] as? String).map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(paged as NSArray == both as NSArray)
            // What is asked for beyond the last row is a hole, not the last row once more.
            let filled = try await quarters("node=a&source=real&from=2025-12-01T23:45:00-03:00&to=2025-12-02T00:30:00-03:00&fill=null")
            #expect(filled.map { $0["value"] is NSNull } == [false, true, true])
        }
    }
}
