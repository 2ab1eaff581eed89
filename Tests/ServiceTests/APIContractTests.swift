import API
import EventLoop
import Foundation
import HTTP
import PrivateServers
import Series
import Testing
import TestSupport

@Suite struct APIContractTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
    }

    @Test func theContractIsTheFileOfTheProject() async throws {
        let file = try Self.text("openapi.yaml")
        try await APIUnderTest.with { api in
            let answer = try await api.get("/openapi.yaml")
            #expect(answer.text == file)
            #expect(answer.header("Content-Type") == "application/yaml")
            let tag = try #require(answer.header("ETag"))
            #expect(try await api.get("/openapi.yaml", [("If-None-Match", tag)]).status == 304)
        }
    }

    /// Path items and their methods, read from the file's indentation.
    @Test func everyRouteIsInTheContractAndEveryPathIsARoute() async throws {
        var listed: Set<String> = []
        var path = ""
        for line in try Self.text("openapi.yaml").split(separator: "\n") {
            if line.hasPrefix("  /"), line.hasSuffix(":") { path = line.dropFirst(2).dropLast().description }
            if line == "components:" { break }
            for method in ["get", "post", "put", "patch", "delete"] where line == "    \(method):" {
                listed.insert("\(method.uppercased()) \(path)")
            }
        }
        let contract = listed
        try await APIUnderTest.with { api in
            #expect(Set(api.service.router.routes.map { "\($0.method.name) \($0.pattern)" }) == contract)
        }
    }

    @Test func theCatalogueOfProblemsIsThePage() throws {
        let expected = ProblemType.allCases.map { "| `\($0.rawValue)` | \($0.status) | \($0.title) | \($0.meaning) |" }
        let page = try Self.text("docs/problems.md").split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        #expect(page == expected, "\(expected.joined(separator: "\n"))")
        #expect(Set(ProblemType.allCases.map(\.rawValue)).count == ProblemType.allCases.count)
    }

    /// The server's own problems are named by their phrase; the catalogue must know each.
    @Test func theServersOwnProblemsAreInTheCatalogue() {
        for status in [400, 404, 405, 408, 413, 414, 417, 431, 501, 503, 505] {
            let own = Problem(status: status)
            let listed = ProblemType(rawValue: own.slug)
            #expect(listed?.status == status, "\(own.slug)")
            #expect(listed?.title == own.title, "\(own.slug)")
        }
    }

    @Test func aProblemsTypeLeadsToItsMeaning() async throws {
        try await APIUnderTest.with { api in
            let answer = try await api.get("/v1/nothing/gaps")
            let type = try #require(try api.object(answer, status: 404)["type"] as? String)
            #expect(try await api.object(type)["meaning"] as? String == ProblemType.unknownName.meaning)
            #expect(try await api.get("/problems/none").status == 404)
        }
    }

    @Test func processResources() async throws {
        try await APIUnderTest.with { api in
            #expect(try await api.object("/healthz")["status"] as? String == "ok")
            #expect(try await api.object("/")["contract"] as? String == "/openapi.yaml")
            let metrics = try await api.get("/metrics")
            #expect(metrics.text == "gapless_up 1\n")
            #expect(metrics.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            let states: [(Service.Readiness, Int, String)] = [
                (.init(postgres: .up, redis: .up), 200, "ok"), (.init(postgres: .up, redis: .down("away")), 200, "degraded"),
                (.init(postgres: .down("away"), redis: .up), 503, "down"),
            ]
            for (readiness, status, word) in states {
                api.notes.readiness = readiness
                let object = try api.object(try await api.get("/readyz"), status: status)
                #expect(object["status"] as? String == word)
                #expect((object["dependencies"] as? [[String: Any]])?.map { $0["name"] as? String } == ["postgres", "redis"])
            }
        }
    }

    @Test func methodsAndIDs() async throws {
        try await APIUnderTest.with { api in
            let wrong = try await api.post("/v1/quarters/history", "{}")
            #expect(wrong.status == 405)
            #expect(wrong.header("Allow") == "GET, HEAD, OPTIONS")
            #expect(wrong.header("Cache-Control") == "no-store")
            #expect(try await api.send("DELETE", "/v1/ingestions").header("Allow") == "GET, HEAD, OPTIONS, POST")
            #expect(try await api.get("/healthz", [("X-Request-Id", "abc-123")]).header("X-Request-Id") == "abc-123")
            for given in ["a b", "a\"b", String(repeating: "x", count: 65)] {
                let made = try #require(try await api.get("/healthz", [("X-Request-Id", given)]).header("X-Request-Id"))
                #expect(made != given)
                #expect(!made.isEmpty && made.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
            }
            let answer = try await api.get("/v1/none/gaps", [("X-Request-Id", "mine-7")])
            #expect(try api.object(answer, status: 404)["instance"] as? String == "mine-7")
        }
    }

    @Test func hostsThatAreServed() async throws {
        try await APIUnderTest.with(.init(allowedHosts: ["gapless.example", "other.example:8443"])) { api in
            for host in [
                "localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080", "gapless.example",
                "Gapless.Example:99", "other.example:8443",
            ] {
                #expect(try await api.get("/healthz", [("Host", host)]).status == 200, "\(host)")
            }
            for host in [
                "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "other.example",
                "other.example:80", "127.0.0.2",
            ] {
                let answer = try await api.get("/v1/datasets", [("Host", host)])
                #expect(answer.status == 421, "\(host)")
                #expect(try api.slug(answer) == "misdirected-request")
            }
        }
    }

    @Test func originsThatMayChangeThings() async throws {
        let body = #"{"dataset":"quarters"}"#
        try await APIUnderTest.with(.init(origins: ["https://dash.example"])) { api in
            let mine = ("Origin", "https://dash.example")
            #expect(try await api.post("/v1/plans", body, [mine, ("Content-Type", "application/json; charset=utf-8")]).status == 200)
            #expect(try await api.post("/v1/plans", body, [mine, ("Content-Type", "text/plain")]).status == 415)
            #expect(try await api.post("/v1/plans", body, [mine]).status == 415)
            #expect(try await api.post("/v1/plans", body, [mine, ("Content-Type", "application/jsonx")]).status == 415)
            for origin in ["https://evil.example", "null", "https://dash.example.evil.example", "http://dash.example"] {
                let answer = try await api.post("/v1/plans", body, [("Origin", origin), ("Content-Type", "application/json")])
                #expect(try api.slug(answer) == "origin-refused", "\(origin)")
                #expect(answer.status == 403)
                #expect(answer.header("Access-Control-Allow-Origin") == nil)
                #expect(try await api.get("/v1/datasets", [("Origin", origin)]).header("Access-Control-Allow-Origin") == nil)
            }
            let read = try await api.get("/v1/datasets", [mine])
            #expect(read.header("Access-Control-Allow-Origin") == "https://dash.example")
            let preflight = try await api.send("OPTIONS", "/v1/plans", [mine, ("Access-Control-Request-Method", "POST")])
            #expect(preflight.status == 204)
            #expect(preflight.header("Access-Control-Allow-Methods") == "GET, HEAD, POST, DELETE")
        }
        try await APIUnderTest.with { api in
            let answer = try await api.post("/v1/plans", body, [("Origin", "http://localhost"), ("Content-Type", "application/json")])
            #expect(answer.status == 403)
        }
    }
}
