@testable import API
@testable import Command
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing

/// What a client says of itself and of where it believes to be.
@Suite struct GateTests {
    private static func raw(_ api: APIUnderTest, _ message: String) async throws -> String {
        let stream = try await EventLoop.Stream.connect(to: api.address, on: api.loop, until: .after(.seconds(10)))
        try await stream.write(Array(message.utf8))
        stream.endWriting()
        var bytes: [UInt8] = []
        while true {
            let piece = try await stream.read(upTo: 4096, until: .after(.seconds(10)))
            if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece
        }
    }

    @Test func aRequestThatNamesNoHost() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let absent = try await Self.raw(api, "GET /healthz HTTP/1.1\r\n\r\n")
            #expect(absent.hasPrefix("HTTP/1.1 400 "), "\(absent)")
            let empty = try await Self.raw(api, "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n")
            #expect(empty.hasPrefix("HTTP/1.1 400 "), "\(empty)")
            let old = try await Self.raw(api, "GET /healthz HTTP/1.0\r\n\r\n")
            #expect(old.hasPrefix("HTTP/1.1 200 "), "\(old)")
            // The authority of an absolute target goes before the field (RFC 9112, section 3.2.2).
            let other = try await Self.raw(api, "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(other.hasPrefix("HTTP/1.1 421 "), "\(other)")
        }
    }

    /// Fields with which proxies speak of the client, and others that override what was sent, change nothing.
    @Test func fieldsThatAreNotListenedTo() async throws {
        try await APIUnderTest.with { (api: APIUnderTest) async throws -> Void in
            let plain = try await api.get("/v1/datasets")
            let fields = [
                ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "203.0.113.1"),
                ("X-HTTP-Method-Override", "POST"), ("X-Original-URL", "/metrics"), ("Forwarded", "host=evil.example"),
            ]
            for field in fields {
                let answer = try await api.get("/v1/datasets", [field])
                #expect(answer.status == 200 && answer.body == plain.body, "\(field)")
            }
            #expect(try await api.get("/healthz", [("Host", "evil.example"), ("X-Forwarded-Host", "localhost")]).status == 421)
        }
    }

    @Test func whatAnOriginMayRead() async throws {
        try await APIUnderTest.with(.init(origins: ["https://dash.example"])) { (api: APIUnderTest) async throws -> Void in
            let read = try await api.get("/v1/datasets", [("Origin", "https://dash.example")])
            let exposed = read.header("Access-Control-Expose-Headers") ?? ""
            let names = ["ETag", "Link", "Location", "Retry-After", "Preference-Applied", "X-Request-Id"]
            for name in names { #expect(exposed.contains(name)) }
            #expect(read.headers.contains { $0.name.lowercased() == "vary" && $0.value.contains("Origin") })
            #expect(read.header("Access-Control-Allow-Credentials") == nil)
            let alien = try await api.get("/v1/datasets", [("Origin", "https://evil.example")])
            #expect(alien.status == 200 && alien.header("Access-Control-Allow-Origin") == nil)
            #expect(alien.headers.contains { $0.name.lowercased() == "vary" && $0.value.contains("Origin") })
        }
    }
}

/// The whole service, from its settings.
@Suite struct DoorTests {
    private static let clock = "2025-12-15T12:00:00-03:00"

    private static func get(_ service: ServiceUnderTest, _ path: String, _ token: String? = nil) throws -> HTTPClient.Answer {
        try service.get(path, headers: [("Host", "localhost")] + (token.map { [("Authorization", "Bearer \($0)")] } ?? []))
    }

    @Test func beyondLoopbackWithTokensThatAreReadAgain() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let one = try Token.make(name: "one", scope: .read), two = try Token.make(name: "two", scope: .read)
        try Data("\(one.entry)\n\(two.entry)\n".utf8).write(to: file)
        let service = try ServiceUnderTest(
            Sandbox.Configuration(), clock: Self.clock, nodes: ["CHILOE________220"],
            extra: ["GAPLESS_HOST": "0.0.0.0", "GAPLESS_TOKENS": "@\(file.path)"])
        defer { service.stop() }
        for path in ["/metrics", "/v1/datasets", "/", "/openapi.yaml"] {
            #expect(try Self.get(service, path).status == 401, "\(path)")
            #expect(try Self.get(service, path, one.text).status == 200, "\(path)")
        }
        #expect(try Self.get(service, "/healthz").status == 200)
        #expect(try Self.get(service, "/readyz").status == 200)
        let metrics = try Self.get(service, "/metrics", two.text).text
        #expect(!metrics.contains(one.text) && !metrics.contains(two.text))
        // A line is removed: that token is refused on every loop, the other one is not.
        try Data("\(two.entry)\n".utf8).write(to: file)
        service.service.reloadTokens(service.settings.tokens)
        for _ in 0..<16 {
            #expect(try Self.get(service, "/v1/datasets", one.text).status == 401)
            #expect(try Self.get(service, "/v1/datasets", two.text).status == 200)
        }
        // A file that cannot be taken changes nothing.
        try Data("nonsense\n".utf8).write(to: file)
        service.service.reloadTokens(service.settings.tokens)
        #expect(try Self.get(service, "/v1/datasets", two.text).status == 200)
    }

    /// One rate for the process, whichever loop a connection falls to.
    @Test func theRateHoldsOverAllLoops() throws {
        let service = try ServiceUnderTest(
            Sandbox.Configuration(), clock: Self.clock, nodes: ["CHILOE________220"], extra: ["GAPLESS_CLIENT_RATE": "20/P1D"])
        defer { service.stop() }
        let statuses = try (0..<60).map { _ in try service.get("/v1/datasets").status }
        #expect(statuses.count { $0 == 200 } == 20)
        #expect(statuses.count { $0 == 429 } == 40)
    }

    /// What an upstream saw of the traces that we sent.
    private final class Upstream {
        var traces: [String?] = []
    }

    @Test func aTraceGoesOnToTheUpstream() throws {
        let loop = try Loop(name: "upstream")
        defer { loop.stop() }
        let (server, seen, address) = try loop.runBlocking { loop in
            let seen = Upstream(), router = Router()
            router.admit = { request in
                seen.traces.append(request.header("traceparent"))
                return .text("no", status: 400)
            }
            let server = try Server(loop: loop, address: .tcp(host: "127.0.0.1", port: 0), router: router)
            let local = loop.keep(server)
            loop.start { loop in await loop[local].run(on: loop) }
            return (local, loop.keep(seen), server.address)
        }
        let service = try ServiceUnderTest(
            Sandbox.Configuration(), clock: Self.clock, nodes: ["CHILOE________220"], extra: ["SIP_BASE_URL": "http://\(address)"])
        defer { service.stop() }
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736", parent = "00f067aa0ba902b7"
        func traces(_ day: Int, _ headers: [(String, String)]) throws -> [String?] {
            let body = Array(#"{"dataset":"cmg","from":"2025-12-0\#(day)","to":"2025-12-0\#(day + 1)"}"#.utf8)
            let address = try service.address
            let answer = try service.client.runBlocking { loop in
                try await HTTPClient.post(address, "/v1/ingestions", headers: headers, body: body, on: loop, until: .after(.seconds(30)))
            }
            _ = try service.follow(try #require(answer.header("location")))
            return try loop.runBlocking { loop in
                defer { loop[seen].traces = [] }
                return loop[seen].traces
            }
        }
        let traced = try traces(1, [("traceparent", "00-\(trace)-\(parent)-00")])
        #expect(!traced.isEmpty)
        for sent in traced {
            let pieces = (sent ?? "").split(separator: "-").map(String.init)
            #expect(pieces.count == 4 && pieces.first == "00" && pieces[1] == trace && pieces[2] != parent, "\(sent ?? "none")")
            #expect(TraceParent(Array((sent ?? "").utf8))?.traceID == trace)
        }
        #expect(Set(traced).count == traced.count)
        let plain = try traces(3, [])
        #expect(!plain.isEmpty && plain.allSatisfy { $0 == nil })
        try loop.runBlocking { loop in
            await loop[server].end(within: .seconds(5))
            loop.beginClosing()
        }
    }
}
