@testable import Answers
@testable import API
import Codec
import HTTP
import Testing

/// Forms that an answer may be asked for in: media types, content codings, and histories too long to be made before they
/// are sent.
@Suite struct APIFormTests {
    /// 2,700 hours of quarters: 10,800 rows, more than one answer holds.
    private static let long = "/v1/quarters/history?node=a&source=online&resolution=PT15M&from=2025-06-01T00:00:00Z&to=2025-09-21T12:00:00Z"

    private static func filled(_ body: @escaping @Sendable (APIUnderTest) async throws -> Void) async throws {
        try await APIUnderTest.with { api in
            try await api.held.fill("a/online", "2025-06-01T00:00:00Z", "2025-09-21T12:00:00Z")
            try await api.held.reader.readVersions()
            try await body(api)
        }
    }

    @Test func longHistoriesAreStreamedWhole() async throws {
        try await Self.filled { api in
            let lines = try await api.get(Self.long + "&format=ndjson")
            #expect(lines.status == 200)
            #expect(lines.header("Content-Type") == "application/x-ndjson")
            #expect(lines.header("Transfer-Encoding") == "chunked")
            #expect(lines.header("Content-Length") == nil)
            #expect(lines.header("Gapless-Coverage")?.hasPrefix("expected=2700, present=2700, missing=0") == true)
            #expect(lines.header("Cache-Status") == "gapless; fwd=bypass; detail=streamed")
            let rows = lines.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(rows.count == 10_801 && rows.last == "")
            #expect(Set(rows).count == 10_801, "a row came twice")

            // Page by page it is the same rows.
            var paged: [Substring] = []
            var path: String? = Self.long + "&format=ndjson&limit=5000"
            while let asked = path {
                let page = try await api.get(asked)
                #expect(page.header("Content-Length") != nil)
                paged += page.text.split(separator: "\n").map { Substring(String($0)) }
                path = page.header("Link").map { link in String(link.dropFirst().prefix { $0 != ">" }) }
            }
            #expect(paged == rows.dropLast())

            let csv = try await api.get(Self.long, [("Accept", "text/csv")])
            let cells = csv.text.split(whereSeparator: \.isNewline)
            #expect(cells.count == 10_801)
            #expect(cells.first == "datetime,date,node,source,value,note")
            #expect(cells.count { $0.hasPrefix("datetime") } == 1)

            let head = try await api.send("HEAD", Self.long + "&format=csv")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func pagesOfJSONAreBounded() async throws {
        try await Self.filled { api in
            let page = try api.object(try await api.get(Self.long))
            #expect((page["data"] as? [Any])?.count == 10_000)
            #expect(page["next_cursor"] is String)
        }
    }

    @Test func streamsHaveSeats() async throws {
        try await Self.filled { api in
            let query = HistoryQuery(
                dataset: "quarters", keys: ["node": ["a"]], from: 1_748_736_000, to: 1_758_456_000, resolution: .part,
                format: .csv, limit: nil)
            var held: [HistoryStream] = []
            for _ in 0..<StreamSeats.mostEach { held.append(try await api.held.reader.stream(query, for: "127.0.0.1")) }
            // Who has its share is refused, and nobody else.
            let refused = try await api.get(Self.long + "&format=csv")
            #expect(refused.status == 503)
            #expect(refused.header("Retry-After") == "5")
            for number in StreamSeats.mostEach..<StreamSeats.most {
                held.append(try await api.held.reader.stream(query, for: "10.0.0.\(number / 2)"))
            }
            await #expect(throws: AnswerError.manyStreams(retryAfter: 5)) { _ = try await api.held.reader.stream(query, for: "10.0.0.99") }
            #expect(try await held[0].next()?.isEmpty == false)
            held = []
            #expect(try await api.get(Self.long + "&format=csv").status == 200)
        }
    }

    @Test func packedWhereTheClientTakesIt() async throws {
        try await Self.filled { api in
            let path = "/v1/quarters/history?node=a&source=online&from=2025-06-01T00:00:00Z&to=2025-06-03T00:00:00Z"
            let plain = try await api.get(path)
            let packed = try await api.get(path, [("Accept-Encoding", "br, gzip")])
            #expect(packed.header("Content-Encoding") == "gzip")
            #expect(packed.body.count < plain.body.count / 2)
            #expect(try gunzip(packed.body, limit: 1 << 20) == plain.body)
            let tag = try #require(packed.header("ETag"))
            #expect(tag != plain.header("ETag"), "other bytes, other tag")
            #expect(packed.header("Vary") == "Accept, Accept-Encoding" && plain.header("Vary") == "Accept, Accept-Encoding")
            let known = try await api.get(path, [("Accept-Encoding", "gzip"), ("If-None-Match", tag)])
            #expect(known.status == 304 && known.header("ETag") == tag && known.header("Content-Encoding") == nil)
            #expect(try await api.get(path, [("If-None-Match", tag)]).status == 200, "the tag is of the packed form")
            #expect(try await api.get(path, [("Accept-Encoding", "gzip;q=0")]).header("Content-Encoding") == nil)

            let stream = try await api.get(Self.long + "&format=csv", [("Accept-Encoding", "gzip")])
            #expect(stream.header("Content-Encoding") == "gzip")
            #expect(try await gunzip(stream.body, limit: 1 << 24) == api.get(Self.long + "&format=csv").body)

            let contract = try await api.get("/openapi.yaml", [("Accept-Encoding", "gzip")])
            #expect(try await gunzip(contract.body, limit: 1 << 24) == api.get("/openapi.yaml").body)
            let small = try await api.get("/healthz", [("Accept-Encoding", "gzip")])
            #expect(small.header("Content-Encoding") == nil)
        }
    }

    @Test(arguments: [
        ("gzip", true), ("GZIP", true), ("x-gzip", true), ("gzip, deflate, br", true), ("br;q=1.0, gzip;q=0.8, *;q=0.1", true),
        ("*", true), ("*;q=0.5", true), ("", false), ("br", false), ("gzip;q=0", false), ("gzip; q=0.000", false), ("*;q=0", false),
        ("*, gzip;q=0", false), ("gzip;q=0.001", true), ("gzipped", false), (",,gzip", true),
    ])
    func acceptEncoding(_ field: String, _ takes: Bool) { #expect(ContentCoding.takesGzip(Array(field.utf8)) == takes) }
}
