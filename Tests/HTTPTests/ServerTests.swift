import EventLoop
import Testing

@testable import HTTP

@Suite struct ServerTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    @Test func answersOnOneConnectionAgainAndAgain() async throws {
        try await withServer { _, place async throws in
            let client = try await place.connect()
            for _ in 0..<3 {
                try await client.write(Array(Self.get.utf8))
                let answer = try await place.read(client, endingIn: "hello")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("\r\nContent-Length: 5\r\n"))
                #expect(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"))
                #expect(answer.contains("\r\nDate: ") && answer.contains(" GMT\r\n"))
                #expect(!answer.contains("Connection:") && !answer.contains("Server:"))
            }
            #expect(place.server.accepted == 1)
            #expect(place.desk.exchanges.map(\.status) == [200, 200, 200])
            #expect(place.desk.exchanges[0].route == "/" && place.desk.exchanges[0].bytes == 5)
            client.close()
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrderAndInOneWrite() async throws {
        try await withServer { _, place async throws in
            let client = try await place.connect()
            let names = (0..<50).map { "n\($0)" }
            let batch = names.map { "GET /names/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
            try await client.write(Array(batch.utf8))
            // One read that gets all: what was written in one call to a loopback socket comes in one.
            let all = String(decoding: try await client.read(upTo: 1 << 16, until: .after(.seconds(10))), as: UTF8.self)
            let bodies = all.components(after: "\r\n\r\n")
            #expect(bodies.map { $0.prefix { $0 != "H" } }.map(String.init) == names)
            client.close()
        }
    }

    @Test func aKeepAliveRequestCostsOneEnqueue() async throws {
        try await withServer { loop, place async throws in
            let client = try await place.connect()
            let request = Array(Self.get.utf8)
            try await client.write(request)
            _ = try await place.read(client, endingIn: "hello")
            let before = loop.counters.enqueues
            for _ in 0..<10 {
                try await client.write(request)
                _ = try await client.read(upTo: 4096, until: .after(.seconds(10)))
            }
            // One for the server's task and one for the client's, each time.
            #expect(loop.counters.enqueues - before == 20)
            client.close()
        }
    }

    @Test func headHasTheHeadOfGetAndNoBody() async throws {
        try await withServer { _, place async throws in
            for path in ["/", "/large", "/stream", "/nothing"] {
                let get = try await place.exchange("GET \(path) HTTP/1.1\r\nHost: a\r\nX-Request-Id: x\r\nConnection: close\r\n\r\n")
                let head = try await place.exchange("HEAD \(path) HTTP/1.1\r\nHost: a\r\nX-Request-Id: x\r\nConnection: close\r\n\r\n")
                let lines = { (text: String) in
                    Self.head(of: text).filter { !$0.hasPrefix("Date: ") }
                }
                #expect(lines(get) == lines(head))
                #expect(head.hasSuffix("\r\n\r\n"))
            }
        }
    }

    @Test func aStoredAnswerIsSentWithItsAge() async throws {
        try await withServer { loop, place async throws in
            let answer = try await HTTPClient.get(place.server.address, "/large", on: loop, until: .after(.seconds(10)))
            #expect(answer.status == 200 && answer.body == [UInt8](repeating: 0x61, count: 20_000))
            #expect(answer.header("age") == "7" && answer.header("ETag") == "\"1\"" && answer.header("content-length") == "20000")
        }
    }

    @Test func bodiesComeByLengthAndInChunks() async throws {
        try await withServer { loop, place async throws in
            let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let answer = try await HTTPClient.post(place.server.address, "/echo", body: body, on: loop, until: .after(.seconds(10)))
            #expect(answer.body == body)
            let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                + "5;x=\"y\"\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: t\r\n\r\n"
            #expect(try await place.exchange(chunked).hasSuffix("\r\n\r\nhello world"))
            #expect(place.server.buffered == 0)
        }
    }

    @Test func aClientThatAsksIsToldToContinue() async throws {
        try await withServer { _, place async throws in
            let client = try await place.connect()
            try await client.write(Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".utf8))
            #expect(try await place.read(client, endingIn: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.write(Array("ok".utf8))
            #expect(try await place.read(client, endingIn: "ok").hasPrefix("HTTP/1.1 200 OK\r\n"))
            client.close()
        }
    }

    @Test func aStreamedAnswerIsChunkedAndAThrowCutsIt() async throws {
        try await withServer { loop, place async throws in
            let answer = try await HTTPClient.get(place.server.address, "/stream", on: loop, until: .after(.seconds(10)))
            #expect(answer.text == "piece 0;piece 1;piece 2;" && answer.header("transfer-encoding") == "chunked")
            let old = try await place.exchange("GET /stream HTTP/1.0\r\n\r\n")
            #expect(old.hasSuffix("\r\n\r\npiece 0;piece 1;piece 2;") && !old.contains("chunked"))
            await #expect(throws: (any Error).self) {
                _ = try await HTTPClient.get(place.server.address, "/broken", on: loop, until: .after(.seconds(10)))
            }
        }
    }

    @Test func routesAreFoundByTheirSegments() async throws {
        try await withServer { loop, place async throws in
            func text(_ path: String) async throws -> String {
                let answer = try await HTTPClient.get(place.server.address, path, on: loop, until: .after(.seconds(10)))
                return answer.status == 200 ? answer.text : "\(answer.status)"
            }
            #expect(try await text("/names/known") == "hello")
            #expect(try await text("/n%61mes/a%20b") == "a b")
            #expect(try await text("/names/%C3%A9") == "é")
            #expect(try await text("/names/%C3") == "400")
            #expect(try await text("/names/") == "404")
            #expect(try await text("/names") == "404")
            #expect(try await text("//names/known") == "404")
            #expect(try await text("/v1/cmg/slots/2024-01-01T00:00:00-03:00") == "cmg:2024-01-01T00:00:00-03:00")
            #expect(try await text("/query?a=1&b&a=%C3%A9&=x&t=1+2") == "[a|1][b|][a|é][|x][t|1+2]")
        }
    }

    @Test func methodsThatARouteLacksAreNamed() async throws {
        try await withServer { loop, place async throws in
            func send(_ method: String, _ path: String) async throws -> HTTPClient.Answer {
                try await HTTPClient.send(method, place.server.address, path, headers: [], body: nil, on: loop, until: .after(.seconds(10)))
            }
            let refused = try await send("DELETE", "/echo")
            #expect(refused.status == 405 && refused.header("allow") == "OPTIONS, POST")
            #expect(refused.header("content-type") == "application/problem+json")
            #expect(refused.text.contains("\"type\":\"/problems/method-not-allowed\""))
            #expect(try await send("POST", "/").header("allow") == "GET, HEAD, OPTIONS")
            let options = try await send("OPTIONS", "/")
            #expect(options.status == 204 && options.header("allow") == "GET, HEAD, OPTIONS" && options.body.isEmpty)
            #expect(try await send("BREW", "/").status == 501)
            #expect(try await send("TRACE", "/").status == 405)
        }
    }

    @Test func aFieldThatWouldBreakTheMessageIsA500() async throws {
        try await withServer { loop, place async throws in
            let answer = try await HTTPClient.get(place.server.address, "/inject", on: loop, until: .after(.seconds(10)))
            #expect(answer.status == 500 && answer.header("x-injected") == nil)
        }
    }

    @Test func requestIdsAreRepeatedOrMade() async throws {
        try await withServer { loop, place async throws in
            func id(_ given: String?) async throws -> String? {
                let headers = given.map { [("X-Request-Id", $0)] } ?? []
                return try await HTTPClient.get(place.server.address, "/", headers: headers, on: loop, until: .after(.seconds(10)))
                    .header("x-request-id")
            }
            #expect(try await id("abc-123") == "abc-123")
            let made = [try await id(nil), try await id(nil), try await id("a b"), try await id(String(repeating: "x", count: 65))]
            #expect(Set(made).count == 4 && made.allSatisfy { $0?.utf8.count == 16 })
        }
    }

    @Test func whatIsKnownIsAnsweredAtOnceAndTheRestByTheHandler() async throws {
        try await withServer { loop, place async throws in
            func ask(_ method: String, _ known: String, _ body: String = "") async throws -> HTTPClient.Answer {
                try await HTTPClient.send(
                    method, place.server.address, "/known", headers: [("X-Known", known)], body: Array(body.utf8), on: loop,
                    until: .after(.seconds(10)))
            }
            #expect(try await ask("GET", "no").body == Array("hello".utf8))
            #expect(try await ask("GET", "yes").body == [UInt8](repeating: 0x62, count: 20_000))
            #expect(try await ask("HEAD", "yes").body.isEmpty)
            // A body is read, and then it is the handler's.
            #expect(try await ask("PUT", "yes", "sent").body == Array("sent".utf8))
            #expect(place.desk.exchanges.map(\.bytes) == [5, 20_000, 0, 4])
            #expect(place.desk.exchanges.allSatisfy { $0.route == "/known" && $0.status == 200 })
        }
    }

    @Test func admitSeesTheHeadBeforeTheBodyAndDressTheAnswer() async throws {
        let router: @Sendable (Desk) -> Router = { desk in
            let router = desk.router()
            router.admit = { request in
                request.header("Authorization") == nil ? Problem(status: 401).with("WWW-Authenticate", "Bearer").response() : nil
            }
            router.dress = { request, response in response.fields.add("Vary", "Origin") }
            return router
        }
        try await withServer(router: router) { loop, place async throws in
            let refused = try await place.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
            #expect(refused.hasPrefix("HTTP/1.1 401 ") && refused.contains("\r\nVary: Origin\r\n"))
            #expect(refused.contains("\r\nConnection: close\r\n"))
            let taken = try await HTTPClient.get(
                place.server.address, "/", headers: [("authorization", "Bearer x")], on: loop, until: .after(.seconds(10)))
            #expect(taken.status == 200 && taken.header("vary") == "Origin")
        }
    }

    private static func head(of answer: String) -> [String] {
        Array(answer.utf8.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }.prefix { $0 != "\r" })
    }
}

extension String {
    /// The pieces that follow each occurrence of `mark`.
    func components(after mark: String) -> [Substring] {
        var pieces: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: mark) {
            rest = rest[found.upperBound...]
            pieces.append(rest.firstRange(of: mark).map { rest[..<$0.lowerBound] } ?? rest)
        }
        return pieces
    }
}
