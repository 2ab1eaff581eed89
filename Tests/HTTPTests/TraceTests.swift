import EventLoop
import Testing

@testable import HTTP

/// W3C Trace Context, level 1, and what an access log reads of an exchange.
@Suite struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: [
        ("00-\(trace)-\(parent)-01", true), ("00-\(trace)-\(parent)-00", true), ("00-\(trace)-\(parent)-ff", true),
        ("cc-\(trace)-\(parent)-01", true), ("cc-\(trace)-\(parent)-01-more", true), ("cc-\(trace)-\(parent)-01.more", false),
        ("cc-\(trace)-\(parent)-01-", true), ("00-\(trace)-\(parent)-01-more", false), ("00-\(trace)-\(parent)-01-", false),
        ("ff-\(trace)-\(parent)-01", false), ("00-\(trace)-0000000000000000-01", false),
        ("00-00000000000000000000000000000000-\(parent)-01", false), ("00-\(trace.uppercased())-\(parent)-01", false),
        ("00-\(trace)-\(parent)-0", false), ("00-\(trace)-\(parent)-0g", false), ("0-\(trace)-\(parent)-01", false),
        ("00-\(trace.dropLast())-\(parent)-01", false), ("00-\(trace)0-\(parent)-01", false), ("00-\(trace)-\(parent)", false),
        ("00_\(trace)_\(parent)_01", false), ("", false), ("00", false), (" 00-\(trace)-\(parent)-01", false),
        ("00-\(trace)-\(parent)-01 ", false), ("00-\(trace)-\(parent.dropLast())é-01", false),
    ] as [(String, Bool)])
    func onlyTheFormIsTaken(_ text: String, _ isTaken: Bool) {
        let parsed = TraceParent(Array(text.utf8))
        #expect((parsed != nil) == isTaken)
        if let parsed {
            #expect(parsed.traceID == Self.trace && parsed.parentID == Self.parent)
            #expect(parsed.isSampled == !text.hasSuffix("-00"))
        }
    }

    @Test func leadingZerosStay() {
        let parsed = TraceParent(Array("00-00000000000000010000000000000002-0000000000000003-00".utf8))
        #expect(parsed?.traceID == "00000000000000010000000000000002" && parsed?.parentID == "0000000000000003" && parsed?.flags == 0)
    }

    @Test func aRequestOffersItsCallersTraceIfItHasOne() async throws {
        let router: @Sendable (Desk) -> Router = { desk in
            let router = Router()
            router.admit = { .text($0.traceParent?.traceID ?? "none") }
            return router
        }
        try await withServer(router: router) { loop, place async throws in
            func ask(_ values: [String]) async throws -> String {
                let fields = values.map { ("TraceParent", $0) }
                return try await HTTPClient.get(place.server.address, "/", headers: fields, on: loop, until: .after(.seconds(10))).text
            }
            let good = "00-\(Self.trace)-\(Self.parent)-01"
            #expect(try await ask([good]) == Self.trace)
            #expect(try await ask([]) == "none")
            #expect(try await ask([good, good]) == "none")
            #expect(try await ask(["00-x"]) == "none")
        }
    }

    /// What the log will say is what the client was told.
    @Test func anExchangeSaysWhatALogNeeds() async throws {
        try await withServer { loop, place async throws in
            let asked = "GET /names/a?b=c HTTP/1.1\r\nHost: a\r\nUser-Agent: x/1\r\nX-Request-Id: mine-1\r\nConnection: close\r\n\r\n"
            let answer = try await place.exchange(asked)
            #expect(answer.contains("\r\nX-Request-Id: mine-1\r\n"))
            let refusal = try await place.exchange("GET /\u{7F}secret HTTP/1.1\r\nHost: a\r\n\r\n")
            let id = refusal.components(after: "X-Request-Id: ").first?.utf8.prefix { $0 != 0x0D }
            #expect(id?.count == 16)
            let seen = place.desk.seen
            #expect(seen == [
                "127.0.0.1 mine-1 GET /names/a?b=c 200 1 x/1 ",
                "127.0.0.1 \(id.flatMap { String($0) } ?? "") -  400 - GET /\u{7F}secret HTTP/1.1",
            ])
        }
    }

    @Test func whatALogIsGivenIsBounded() async throws {
        try await withServer { loop, place async throws in
            let long = String(repeating: "x", count: 5000)
            _ = try await place.exchange("GET /\(long) HTTP/1.1\r\nHost: a\r\nUser-Agent: \(long)\r\nConnection: close\r\n\r\n")
            _ = try await place.exchange("GET \(long) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(place.desk.sizes == [[2048, 256, 0], [0, 0, 256]])
        }
    }
}
