import Bytes
import Foundation
import HTTP
import Postgres
import Series
import Store
import Testing

@Suite struct SlotExplanationTests {
    private static let series = "node=a&source=online"

    private static func explain(_ api: APIUnderTest, _ time: String, _ keys: String = series) async throws -> [String: Any] {
        try await api.object("/v1/quarters/slots/\(time)?\(keys)")
    }

    private static func next(_ object: [String: Any]) -> String? { (object["next_try"] as? [String: Any])?["when"] as? String }

    @Test func aSlotThatIsHeldNamesItsRowsAndCalls() async throws {
        try await APIUnderTest.with { api in
            try await api.held.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-01T02:00:00-03:00")
            // Anywhere inside the hour, in any offset, or as the local clock shows it.
            for time in ["2025-12-01T01:59:59-03:00", "2025-12-01T04:00:00Z", "2025-12-01T01", "2025-12-01T01:30", "2025-12-01T01:30:15"] {
                let object = try await Self.explain(api, time)
                #expect(object["from"] as? String == "2025-12-01T01:00:00-03:00" && object["to"] as? String == "2025-12-01T02:00:00-03:00")
                #expect(object["state"] as? String == "present" && object["reason"] is NSNull && Self.next(object) == "never")
            }
            let object = try await Self.explain(api, "2025-12-01T01")
            #expect(object["due_at"] as? String == "2025-12-01T05:00:00-03:00" && object["expected"] as? Bool == true)
            let parts = try #require(object["parts"] as? [String: Any])
            let rows = try #require(parts["rows"] as? [[String: Any]])
            #expect(parts["held"] as? Int == 4 && parts["total"] as? Int == 4 && rows.count == 4)
            #expect(rows.map { $0["datetime"] as? String }.first == "2025-12-01T01:00:00-03:00")
            let values = try #require(rows[0]["values"] as? [String: Any])
            #expect(values["note"] as? String == "n" && values["price"] is NSNumber)
            let jobs = try #require(try await api.object("/v1/ingestions")["data"] as? [[String: Any]])
            #expect(Set(rows.map { $0["ingestion"] as? String }) == Set(jobs.map { $0["id"] as? String }))
            #expect(object["absence"] is NSNull && object["exclusion"] is NSNull && object["reach"] is NSNull)
        }
    }

    @Test func aHoleSaysWhatWasTriedAndWhatWouldFillIt() async throws {
        try await APIUnderTest.with { api in
            let missing = try await Self.explain(api, "2025-12-01T05")
            #expect(missing["state"] as? String == "missing" && Self.next(missing) == "next_ingestion")
            #expect((missing["attempts"] as? [Any])?.isEmpty == true)
            let pending = try await Self.explain(api, "2025-12-03T08")
            #expect(pending["state"] as? String == "pending" && Self.next(pending) == "due" && pending["expected"] as? Bool == false)
            let day = LocalDate("2025-12-01")!.daysSince1970
            var tasks: [Int64] = []
            for _ in 0..<22 { tasks.append(try await api.held.silence(["a/online"], days: day..<day + 1)) }
            let absent = try await Self.explain(api, "2025-12-01T05")
            #expect(absent["state"] as? String == "absent" && absent["reason"] as? String == "no_record" && Self.next(absent) == "recheck")
            let attempts = try #require(absent["attempts"] as? [[String: Any]])
            #expect(attempts.map { $0["task"] as? Int } == tasks.suffix(20).reversed().map { Int($0) })
            #expect(attempts.allSatisfy { $0["ended"] as? String == "proved" && $0["reason"] as? String == "one page" })
            let absence = try #require(absent["absence"] as? [String: Any])
            #expect(absence["attempts"] as? Int == 22 && absence["task"] as? Int == tasks.last.map { Int($0) })
            // Other days and other series were not asked for.
            #expect((try await Self.explain(api, "2025-12-02T05")["attempts"] as? [Any])?.isEmpty == true)
            #expect((try await Self.explain(api, "2025-12-01T05", "node=b&source=online")["attempts"] as? [Any])?.isEmpty == true)
            let exclusion = #"{"from":"2025-12-01","to":"2025-12-02","note":"Line out of service"}"#
            let made = try api.object(try await api.post("/v1/quarters/exclusions", exclusion), status: 201)
            let excluded = try await Self.explain(api, "2025-12-01T05")
            #expect(excluded["state"] as? String == "excluded" && Self.next(excluded) == "never")
            #expect((excluded["exclusion"] as? [String: Any])?["id"] as? String == made["id"] as? String)
            #expect((excluded["action"] as? String)?.contains(made["id"] as? String ?? "?") == true)
        }
    }

    @Test func whatIsNoSlotOfASeries() async throws {
        let served: Quarters.ReachRule = { key, _ in Reach(from: 1_764_558_000, reason: "before_first_day", action: "Load a file.") }
        try await APIUnderTest.with(reach: served) { (api: APIUnderTest) async throws -> Void in
            let far = try await Self.explain(api, "2025-11-01T00")
            #expect(far["state"] as? String == "unfillable" && far["reason"] as? String == "before_first_day")
            #expect(far["action"] as? String == "Load a file.")
            #expect((far["reach"] as? [String: Any])?["from"] as? String == "2025-12-01T00:00:00-03:00")
            for (query, place) in [
                ("source=online", "node"), ("node=a&source=online,real", "source"), ("node=a&node=b&source=real", "node"),
            ] {
                let answer = try await api.get("/v1/quarters/slots/2025-12-01T05?\(query)")
                #expect(answer.status == 400)
                #expect(try api.places(answer) == [place])
            }
            for (query, slug) in [("node=z&source=online", "unknown-name"), ("node=a&source=z", "unknown-name")] {
                let answer = try await api.get("/v1/quarters/slots/2025-12-01T05?\(query)")
                #expect(answer.status == 404)
                #expect(try api.slug(answer) == slug)
            }
            // 23:00 comes twice on the day of 25 hours; midnight does not come on the day of 23.
            let twice = try await api.get("/v1/quarters/slots/2025-04-05T23?\(Self.series)")
            #expect(twice.status == 400)
            #expect(twice.text.contains("2025-04-05T23:00:00-03:00 and 2025-04-05T23:00:00-04:00"))
            #expect(try await Self.explain(api, "2025-04-05T23:00:00-04:00")["from"] as? String == "2025-04-05T23:00:00-04:00")
            let never = try await api.get("/v1/quarters/slots/2025-09-07T00:30?\(Self.series)")
            #expect(never.status == 404)
            #expect(try api.slug(never) == "unknown-slot")
            for time in ["yesterday", "2025-13-01", "2025-12-01T25", "2025-12-01T05:00:00+25:00", "%00", "2025-12-01T05:00:00-03:00x"] {
                let answer = try await api.get("/v1/quarters/slots/\(time)?\(Self.series)")
                #expect(answer.status == 400, "\(time)")
            }
            for time in ["0001-01-01", "9999-12-31T23", "0000-01-01T00:00:00Z"] {
                #expect(try await api.get("/v1/quarters/slots/\(time)?\(Self.series)").status == 200, "\(time)")
            }
        }
    }

    /// Both values are some series', but not of one.
    @Test func valuesThatAreFollowedButNotTogether() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let id = try #require(api.held.ids["a/real"])
            try await api.held.store.pool.query("delete from coverage where series_id = \(Int32(id))")
            try await api.held.store.pool.query("delete from series where id = \(Int32(id))")
            for path in ["slots/2025-12-01T05?", "history?from=2025-12-01&to=2025-12-02&", "gaps?", "completeness?"] {
                let answer = try await api.get("/v1/quarters/\(path)node=a&source=real")
                #expect(answer.status == 404)
                #expect(try api.slug(answer) == "unknown-name")
                #expect(answer.text.contains("No followed series has these key values together."), "\(path): \(answer.text)")
            }
        }
    }

    /// The call was proved, and the hour is not of what it could bring: the dataset's words say so.
    @Test(arguments: [("overwritten", "None: the second one's values stand in its place."), ("no_word", "Wait for the next ask")])
    func anHourThatCanNeverBeHadSaysWhy(reason: String, words: String) async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let day = LocalDate("2025-12-01")!.daysSince1970
            _ = try await api.held.silence(["a/online"], days: day..<day + 1)
            try await api.held.store.pool.query("update absences set reason = \(reason)")
            let object = try await Self.explain(api, "2025-12-01T05")
            #expect(object["state"] as? String == "absent" && object["reason"] as? String == reason)
            #expect((object["action"] as? String)?.contains(words) == true)
        }
    }
}
