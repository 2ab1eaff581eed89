@testable import API
import Codec
import Foundation
import HTTP
import Testing

/// Four tokens whose texts the tests know.
enum TestTokens {
    static let texts: [String: String] = [
        "read": "read-secret-1", "ingest": "ingest-secret-2", "admin": "admin-secret-3", "expired": "old-secret-4",
    ]

    static func book() throws -> TokenBook {
        TokenBook(try texts.sorted { $0.key < $1.key }.map { name, text in
            let scope = name == "expired" ? "admin" : name
            let entry = "\(name)-client:\(scope):\(digest(text))" + (name == "expired" ? ":expires=2020-01-01T00:00:00Z" : "")
            return try Token(parsing: entry)
        })
    }

    static func digest(_ text: String) -> String { SHA256.hex(Array(text.utf8)) }

    /// What a request sends for a bearer: none, bad, or a name of `texts`.
    static func fields(_ bearer: String) -> [(String, String)] {
        switch bearer {
        case "none": []
        case "bad": [("Authorization", "Bearer not-a-token-of-ours")]
        default: [("Authorization", "Bearer \(texts[bearer]!)")]
        }
    }
}

@Suite struct TokenTests {
    private static let id = "00000000-0000-4000-8000-000000000000"

    /// Every route: what it asks of a token, and the status of a bare request that is let in.
    private static let table: [String: (need: String, status: Int)] = [
        "GET /": ("read", 200), "GET /healthz": ("nothing", 200), "GET /readyz": ("nothing", 200), "GET /metrics": ("read", 200),
        "GET /openapi.yaml": ("read", 200), "GET /problems/{slug}": ("read", 200), "GET /v1/datasets": ("read", 200),
        "GET /v1/datasets/{dataset}": ("read", 200), "GET /v1/{dataset}/series": ("read", 200),
        "GET /v1/{dataset}/history": ("read", 400), "GET /v1/{dataset}/completeness": ("read", 200),
        "GET /v1/{dataset}/gaps": ("read", 200),
        "GET /v1/{dataset}/revisions": ("read", 200), "GET /v1/{dataset}/slots/{time}": ("read", 400),
        "POST /v1/{dataset}/exclusions": ("ingest", 400),
        "GET /v1/{dataset}/exclusions": ("read", 200), "GET /v1/{dataset}/exclusions/{id}": ("read", 404),
        "GET /v1/{dataset}/quality": ("read", 200), "GET /v1/{dataset}/quarantine": ("read", 200),
        "GET /v1/{dataset}/quarantine/{id}": ("read", 404),
        "POST /v1/{dataset}/quarantine/{id}/release": ("ingest", 404), "POST /v1/{dataset}/quarantine/replay": ("ingest", 202),
        "DELETE /v1/{dataset}/exclusions/{id}": ("ingest", 404), "POST /v1/plans": ("ingest", 400), "GET /v1/plans/{id}": ("read", 404),
        "GET /v1/plans/{id}/calls": ("read", 404), "POST /v1/ingestions": ("ingest", 400), "GET /v1/ingestions": ("read", 200),
        "GET /v1/ingestions/{id}": ("read", 404), "GET /v1/ingestions/{id}/tasks": ("read", 404),
        "GET /v1/ingestions/{id}/events": ("read", 404), "POST /v1/ingestions/{id}/pause": ("ingest", 404),
        "POST /v1/ingestions/{id}/resume": ("ingest", 404), "POST /v1/ingestions/{id}/cancel": ("ingest", 404),
        "GET /v1/alerts": ("read", 200), "POST /v1/alerts/{id}/acknowledge": ("ingest", 404), "GET /v1/budgets": ("read", 200),
        "GET /v1/audit": ("admin", 200), "GET /v1/audit/calls/{task}": ("admin", 404),
    ]

    private static func path(_ pattern: String) -> String {
        var path = pattern
        for (name, value) in [
            ("{dataset}", "quarters"), ("{id}", id), ("{slug}", "invalid-input"), ("{time}", "2025-12-01"), ("{task}", "1"),
        ] {
            path = path.replacingOccurrences(of: name, with: value)
        }
        return path
    }

    private static let ranks = ["read": 0, "ingest": 1, "admin": 2]

    private static func expected(_ bearer: String, need: String, status: Int) -> Int {
        if need == "nothing" { return status }
        guard let rank = ranks[bearer] else { return 401 }
        return rank >= ranks[need]! ? status : 403
    }

    @Test func everyRouteAsksForItsScope() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            let routes = api.service.router.routes
            #expect(Set(routes.map { "\($0.method.name) \($0.pattern)" }) == Set(Self.table.keys))
            for bearer in ["none", "bad", "expired", "read", "ingest", "admin"] {
                for route in routes {
                    let line = "\(route.method.name) \(route.pattern)"
                    guard let entry = Self.table[line] else {
                        Issue.record("\(line) is not in the table")
                        continue
                    }
                    let methods = route.method == .get ? ["GET", "HEAD"] : [route.method.name]
                    for method in methods {
                        try await Self.check(api, method, route.pattern, bearer, entry.need, entry.status)
                    }
                    try await Self.check(api, "OPTIONS", route.pattern, bearer, "read", 204)
                }
                // What is not there is not told to those who may not read.
                try await Self.check(api, "GET", "/nothing/here", bearer, "read", 404)
                try await Self.check(api, "DELETE", "/v1/ingestions", bearer, "read", 405)
                try await Self.check(api, "POST", "/healthz", bearer, "read", 405)
                try await Self.check(api, "BREW", "/v1/datasets", bearer, "read", 501)
            }
        }
    }

    private static func check(
        _ api: APIUnderTest, _ method: String, _ pattern: String, _ bearer: String, _ need: String, _ status: Int
    ) async throws {
        let answer = try await api.send(method, path(pattern), TestTokens.fields(bearer), body: method == "POST" ? "{}" : nil)
        let what = "\(method) \(pattern) as \(bearer)"
        #expect(answer.status == expected(bearer, need: need, status: status), "\(what)")
        let challenge = answer.header("WWW-Authenticate")
        switch answer.status {
        case 401:
            let error = bearer == "none" ? "" : #", error="invalid_token""#
            #expect(challenge == #"Bearer realm="gapless""# + error, "\(what)")
            if method != "HEAD" { #expect(try api.slug(answer) == "token-missing", "\(what)") }
        case 403:
            #expect(challenge == #"Bearer realm="gapless", error="insufficient_scope", scope="\#(need)""#, "\(what)")
            if method != "HEAD" { #expect(answer.text.contains("scope \(need)"), "\(what)") }
        default: #expect(challenge == nil, "\(what)")
        }
        #expect(!answer.text.contains("secret"), "\(what)")
    }

    @Test func whoMayKeepAnAnswer() async throws {
        let days = "from=2025-12-01&to=2025-12-02"
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            for path in ["/v1/quarters/history?\(days)", "/openapi.yaml", "/v1/datasets"] {
                let answer = try await api.get(path, TestTokens.fields("read"))
                let lines = answer.headers.filter { $0.name.lowercased() == "cache-control" }.map(\.value)
                #expect(answer.status == 200 && lines.contains("private"), "\(path) \(lines)")
            }
            #expect(try await api.get("/healthz").header("Cache-Control") == "no-store")
        }
        try await APIUnderTest.with { api in
            let answer = try await api.get("/v1/quarters/history?\(days)")
            #expect(answer.headers.filter { $0.name.lowercased() == "cache-control" }.allSatisfy { !$0.value.contains("private") })
        }
    }

    @Test func fieldsThatAreNoToken() async throws {
        let good = TestTokens.texts["admin"]!
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            for value in ["bearer \(good)", "BEARER  \(good)"] {
                #expect(try await api.get("/v1/datasets", [("Authorization", value)]).status == 200, "\(value)")
            }
            for value in [
                good, "Bearer", "Bearer ", "Bearer\(good)", "Basic \(good)", "Bearer \(good),", "Bearer \(good) x", "Bearer \"\(good)\"",
            ] {
                #expect(try await api.get("/v1/datasets", [("Authorization", value)]).status == 401, "\(value)")
            }
            // Which of two is meant cannot be told.
            let two = [("Authorization", "Bearer \(good)"), ("Authorization", "Bearer \(good)")]
            #expect(try await api.get("/v1/datasets", two).status == 401)
            #expect(try await api.get("/v1/datasets?access_token=\(good)").status == 401)
        }
    }

    @Test func aRevokedTokenIsRefusedFromTheNextRequestOn() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book())) { (api: APIUnderTest) async throws -> Void in
            let reader = TestTokens.fields("read")
            #expect(try await api.get("/v1/datasets", reader).status == 200)
            let left = try TestTokens.book().tokens.filter { $0.name != "read-client" }
            api.service.replaceTokens(TokenBook(left))
            #expect(try await api.get("/v1/datasets", reader).status == 401)
            #expect(try await api.get("/v1/datasets", TestTokens.fields("ingest")).status == 200)
            // The last one is gone, and still nobody is let in.
            api.service.replaceTokens(TokenBook([]))
            #expect(try await api.get("/v1/datasets").status == 401)
            #expect(try await api.get("/v1/datasets", TestTokens.fields("ingest")).status == 401)
            #expect(try await api.get("/healthz").status == 200)
        }
    }

    /// Host, then token, then origin, then route.
    @Test func whatIsLookedAtFirst() async throws {
        try await APIUnderTest.with(.init(origins: ["https://dash.example"], tokens: try TestTokens.book())) { api in
            let alien = ("Host", "evil.example"), page = ("Origin", "https://evil.example")
            let ingest = TestTokens.fields("ingest"), read = TestTokens.fields("read")
            #expect(try await api.post("/v1/plans", "{}", [alien, page]).status == 421)
            #expect(try await api.post("/v1/plans", "{}", [page]).status == 401)
            #expect(try await api.post("/v1/plans", "{}", [page] + read).status == 403)
            let refused = try await api.post("/v1/plans", "{}", [page] + ingest)
            #expect(try api.slug(refused) == "origin-refused")
            let mine = [("Origin", "https://dash.example"), ("Content-Type", "text/plain")]
            #expect(try await api.post("/v1/plans", "{}", mine + ingest).status == 415)
            #expect(try await api.get("/nothing", ingest).status == 404)
        }
    }

    /// A browser asks ahead without credentials, and must be told that it may send some.
    @Test func aPreflightOfAConfiguredOriginNeedsNoToken() async throws {
        try await APIUnderTest.with(.init(origins: ["https://dash.example"], tokens: try TestTokens.book())) { api in
            let mine = ("Origin", "https://dash.example"), asks = ("Access-Control-Request-Method", "POST")
            let answer = try await api.send("OPTIONS", "/v1/ingestions", [mine, asks])
            #expect(answer.status == 204)
            #expect(answer.header("Access-Control-Allow-Origin") == "https://dash.example")
            let allowed = answer.header("Access-Control-Allow-Headers")?.lowercased() ?? ""
            for name in ["authorization", "idempotency-key", "prefer", "traceparent", "content-type"] { #expect(allowed.contains(name)) }
            #expect(try await api.send("OPTIONS", "/v1/ingestions", [mine]).status == 401)
            #expect(try await api.send("OPTIONS", "/v1/ingestions", [asks]).status == 401)
            let other = try await api.send("OPTIONS", "/v1/ingestions", [("Origin", "https://evil.example"), asks])
            #expect(other.status == 401)
            #expect(other.header("Access-Control-Allow-Origin") == nil)
            // The page must be able to read why it was refused.
            let refused = try await api.get("/v1/datasets", [mine])
            #expect(refused.status == 401)
            #expect(refused.header("Access-Control-Allow-Origin") == "https://dash.example")
        }
    }

    @Test func entriesOfTokens() throws {
        let digest = TestTokens.digest("x")
        let token = try Token(parsing: "a.b-1:ingest:\(digest.uppercased())")
        #expect(token.name == "a.b-1" && token.scope == .ingest && token.expiresAt == nil)
        #expect(try Token(parsing: "a:read:\(digest):expires=2027-01-01").expiresAt == 1_798_761_600)
        #expect(try Token(parsing: "a:read:\(digest):expires=2027-01-01T01:00:00+01:00").expiresAt == 1_798_761_600)
        for entry in [
            "", "a", "a:read", "a:write:\(digest)", ":read:\(digest)", "-a:read:\(digest)", "a b:read:\(digest)", "a:read:hunter2",
            "a:read:\(digest.dropLast())", "a:read:\(digest)00", "a:read:\(digest):", "a:read:\(digest):2027-01-01",
            "a:read:\(digest):expires=tomorrow", "a:read:\(digest):expires=2027-13-01",
        ] {
            do {
                _ = try Token(parsing: entry)
                Issue.record("\(entry) was taken")
            } catch {
                #expect(!error.description.contains("hunter2"))
            }
        }
    }

    @Test func aMadeTokenIsLetInByItsEntry() throws {
        let made = try Token.make(name: "dash", scope: .read, expires: "2099-01-01")
        let again = try Token.make(name: "dash", scope: .read)
        #expect(made.text.hasPrefix("gapless_") && made.text.utf8.count == 8 + 43 && made.text != again.text)
        #expect(!made.entry.contains(made.text.dropFirst(8)))
        let book = TokenBook([try Token(parsing: made.entry), try Token(parsing: again.entry)])
        #expect(book.token(Array(made.text.utf8)[...], now: 0)?.expiresAt == 4_070_908_800)
        #expect(book.token(Array(made.text.utf8)[...], now: 4_070_908_800) == nil)
        #expect(book.token(Array(again.text.utf8)[...], now: 4_070_908_800)?.name == "dash")
        #expect(book.token([], now: 0) == nil)
    }
}
