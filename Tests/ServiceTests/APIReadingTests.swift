import Answers
import HTTP
import Testing

@Suite struct APIReadingTests {
    private static let day = "/v1/quarters/history?node=a&source=online&from=2025-12-01&to=2025-12-02"

    private static func filled(_ body: @escaping @Sendable (APIUnderTest) async throws -> Void) async throws {
        try await APIUnderTest.with { api in
            try await api.held.fill("a/online", "2025-12-01T03:00:00Z", "2025-12-02T03:00:00Z")
            try await api.held.reader.readVersions()
            try await body(api)
        }
    }

    @Test func historyIsCachedAndRevalidated() async throws {
        try await Self.filled { api in
            let first = try await api.get(Self.day)
            let object = try api.object(first)
            #expect((object["data"] as? [Any])?.count == 24)
            #expect(object["from"] as? String == "2025-12-01T00:00:00-03:00")
            let tag = try #require(first.header("ETag"))
            #expect(first.header("Vary") == "Accept, Accept-Encoding")
            #expect(first.header("Cache-Control")?.hasPrefix("max-age=") == true)
            #expect(first.header("Age") != nil)
            #expect(first.header("Cache-Status")?.hasPrefix("gapless; fwd=") == true, "\(first.header("Cache-Status") ?? "")")
            #expect(first.header("X-Content-Type-Options") == "nosniff")

            let second = try await api.get(Self.day)
            #expect(second.header("Cache-Status")?.hasPrefix("gapless; hit") == true, "\(second.header("Cache-Status") ?? "")")
            #expect(second.body == first.body)

            let known = try await api.get(Self.day, [("If-None-Match", "\"other\", W/\(tag)")])
            #expect(known.status == 304)
            #expect(known.body.isEmpty)
            #expect(known.header("ETag") == tag)
            #expect(known.header("Vary") == "Accept, Accept-Encoding")
            #expect(known.header("Cache-Control")?.hasPrefix("max-age=") == true)
            #expect(try await api.get(Self.day, [("If-None-Match", "\"other\"")]).status == 200)

            let head = try await api.send("HEAD", Self.day)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.header("Content-Length") == "\(first.body.count)")
            #expect(head.header("ETag") == tag)
        }
    }

    @Test func historyChangesWithItsRows() async throws {
        try await Self.filled { api in
            let path = "/v1/quarters/history?node=b&source=online&from=2025-12-01&to=2025-12-02"
            let before = try await api.get(path)
            #expect((try api.object(before)["data"] as? [Any])?.isEmpty == true)
            let again = try await api.get(path)
            #expect(again.body == before.body && again.header("Cache-Status")?.hasPrefix("gapless; hit; ttl=") == true)
            try await api.held.fill("b/online", "2025-12-01T03:00:00Z", "2025-12-01T05:00:00Z")
            try await api.held.reader.readVersions()
            let after = try await api.get(path, [("If-None-Match", before.header("ETag") ?? "")])
            #expect((try api.object(after)["data"] as? [Any])?.count == 2)
        }
    }

    @Test func anEndBetweenTwoSecondsIsTheLater() async throws {
        try await Self.filled { api in
            let path = "/v1/quarters/history?node=a&source=online&to=2025-12-02&from=2025-12-01T03:00:00"
            for (fraction, rows) in [("Z", 24), (".000Z", 24), (".000001Z", 23)] {
                let answer = try await api.object(path + fraction)
                #expect((answer["data"] as? [Any])?.count == rows, "\(fraction)")
            }
        }
    }

    @Test func aRowForEverySlotIsHadOfTenYearsAtMost() async throws {
        try await Self.filled { api in
            let path = "/v1/quarters/history?node=a&source=online&fill=null&from=2016-01-01&limit=1&to="
            #expect(try await api.get(path + "2026-01-01").status == 200)
            let refused = try await api.get(path + "2027-01-01&format=csv")
            #expect(refused.status == 400)
            #expect(try api.places(refused) == ["fill"])
        }
    }

    @Test func historyAsCSV() async throws {
        try await Self.filled { api in
            for (path, headers) in [
                (Self.day + "&format=csv", []), (Self.day, [("Accept", "text/csv")]),
                (Self.day, [("Accept", "application/json;q=0.1, text/*;q=0.5")]),
            ] {
                let answer = try await api.get(path, headers)
                #expect(answer.status == 200)
                #expect(answer.header("Content-Type")?.hasPrefix("text/csv") == true)
                #expect(answer.header("Gapless-Coverage")?.hasPrefix("expected=24, present=24") == true)
                let lines = answer.text.split(whereSeparator: \.isNewline)
                #expect(lines.count == 25)
                #expect(lines.first == "datetime,hour,node,source,value,quarters")
            }
            #expect(try await api.get(Self.day + "&format=json", [("Accept", "text/csv")]).header("Content-Type") == "application/json")
        }
    }

    @Test func resolutionsOfTheDataset() async throws {
        try await Self.filled { api in
            #expect((try await api.object(Self.day + "&resolution=PT1H")["data"] as? [Any])?.count == 24)
            #expect((try await api.object(Self.day + "&resolution=PT15M")["data"] as? [Any])?.count == 96)
            let wrong = try await api.get(Self.day + "&resolution=PT5M")
            #expect(wrong.status == 400)
            #expect(wrong.text.contains("PT1H, PT15M"))
        }
    }

    @Test func pagesFollowTheirLinks() async throws {
        try await Self.filled { api in
            var rows = 0
            var path = Self.day + "&limit=7"
            for page in 1...4 {
                let answer = try await api.get(path)
                let object = try api.object(answer)
                rows += (object["data"] as? [Any])?.count ?? 0
                guard let link = answer.header("Link") else {
                    #expect(page == 4)
                    #expect(object["next_cursor"] is String == false)
                    break
                }
                #expect(link.hasSuffix(">; rel=\"next\""))
                path = String(link.dropFirst().prefix { $0 != ">" })
                #expect(path.contains("limit=7"))
            }
            #expect(rows == 24)
        }
    }

    @Test func reports() async throws {
        try await Self.filled { api in
            let report = try await api.object("/v1/quarters/completeness?node=a&source=online&from=2025-12-01&to=2025-12-03")
            #expect(report["expected"] as? Int == 48)
            #expect(report["present"] as? Int == 24)
            let days = try await api.object(
                "/v1/quarters/completeness?node=a&source=online&from=2025-12-01&to=2025-12-03&group_by=day")
            #expect((days["groups"] as? [[String: Any]])?.map { $0["present"] as? Int } == [24, 0])
            let gaps = try await api.object("/v1/quarters/gaps?node=a&source=online&from=2025-12-01&to=2025-12-03&state=missing")
            let list = gaps["data"] as? [[String: Any]]
            #expect(list?.count == 1)
            #expect(list?.first?["from"] as? String == "2025-12-02T00:00:00-03:00")
            #expect(list?.first?["slots"] as? Int == 24)
            let series = try await api.object("/v1/quarters/series?node=a,b&source=online")
            #expect((series["data"] as? [Any])?.count == 2)
            let datasets = try await api.object("/v1/datasets")
            #expect((datasets["data"] as? [[String: Any]])?.first?["name"] as? String == "quarters")
            #expect(try await api.object("/v1/datasets/quarters")["time_zone"] as? String == "America/Santiago")
        }
    }

    /// Path, status, and where the input was wrong.
    static let wrong: [(String, Int, [String])] = [
        ("/v1/quarters/history", 400, ["from", "to"]),
        ("/v1/quarters/history?from=2025-12-01", 400, ["to"]),
        ("/v1/quarters/history?from=2025-12-02&to=2025-12-01", 400, ["to"]),
        ("/v1/quarters/history?from=2025-13-01&to=2025-12-01", 400, ["from"]),
        ("/v1/quarters/history?from=2025-12-01T00:00:00&to=2025-12-02", 400, ["from"]),
        ("/v1/quarters/history?from=&to=2025-12-02", 400, ["from"]),
        ("/v1/quarters/history?from=2025-12-01&from=2025-12-01&to=2025-12-02", 400, ["from"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&nod=a&sorce=online", 400, ["nod", "sorce"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&node=a,,b", 400, ["node"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&node=", 400, ["node"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&node=zzz", 404, ["node"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&limit=0", 400, ["limit"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&limit=100001", 400, ["limit"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&limit=%2B5", 400, ["limit"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&limit=99999999999999999999", 400, ["limit"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&cursor=zzz", 400, ["cursor"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&fill=zero", 400, ["fill"]),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&format=xml", 406, []),
        ("/v1/quarters/history?from=2025-12-01&to=2025-12-02&node=';drop%20table%20series;--", 404, ["node"]),
        ("/v1/nothing/history?from=2025-12-01&to=2025-12-02", 404, []),
        ("/v1/quarters/completeness?group_by=week", 400, ["group_by"]),
        ("/v1/quarters/completeness?format=csv", 406, []),
        ("/v1/quarters/gaps?state=present", 400, ["state"]),
        ("/v1/quarters/gaps?state=missing,gone", 400, ["state"]),
        ("/v1/quarters/series?from=2025-12-01", 400, ["from"]),
        ("/v1/quarters/series?cursor=AAAA", 400, ["cursor"]),
        ("/v1/datasets?limit=1", 400, ["limit"]),
        ("/v1/datasets/nothing", 404, []),
        ("/v1/quarters/nothing", 404, []),
        ("/v1", 404, []),
        ("/?x=1", 400, ["x"]),
    ]

    @Test func wrongInputIsNamed() async throws {
        try await APIUnderTest.with { api in
            for (path, status, places) in Self.wrong {
                let answer = try await api.get(path)
                #expect(answer.status == status, "\(path): \(answer.text)")
                #expect(try api.places(answer) == places, "\(path): \(answer.text)")
                #expect(answer.header("Content-Type") == "application/problem+json", "\(path)")
                #expect(answer.header("Cache-Control") == "no-store", "\(path)")
                // Asked again it is no different: what is wrong is not remembered as if it were right.
                #expect(try await api.get(path).body.count == answer.body.count, "\(path)")
            }
        }
    }

    @Test func emptyRangesAreAnswers() async throws {
        try await APIUnderTest.with { api in
            let object = try await api.object("/v1/quarters/history?node=a&source=online&from=2025-12-01&to=2025-12-01")
            #expect((object["data"] as? [Any])?.isEmpty == true)
            #expect((object["coverage"] as? [String: Any])?["completeness"] as? Int == 1)
        }
    }

    @Test func acceptDecidesWhatComes() async throws {
        try await APIUnderTest.with { api in
            for (accept, type) in [
                ("*/*", "application/json"), ("application/*", "application/json"), ("text/html, */*;q=0.1", "application/json"),
                ("text/csv;q=0.9, application/json;q=0.9", "application/json"), ("", "application/json"),
                ("application/json;q=0, text/csv", "text/csv"),
            ] {
                let answer = try await api.get(Self.day, [("Accept", accept)])
                #expect(answer.header("Content-Type")?.hasPrefix(type) == true, "\(accept)")
            }
            for accept in ["text/html", "application/json;q=0", "application/json;q=nan", "application/json;q=1e400", "nonsense/x"] {
                let answer = try await api.get(Self.day, [("Accept", accept)])
                #expect(answer.status == 406, "\(accept)")
                #expect(try api.slug(answer) == "not-acceptable")
            }
            #expect(try await api.get("/v1/quarters/series", [("Accept", "text/csv")]).status == 406)
        }
    }
}
