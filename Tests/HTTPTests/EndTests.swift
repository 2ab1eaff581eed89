import EventLoop
import Testing

@testable import HTTP

@Suite struct EndTests {
    private static func client(of place: Place, sends raw: String) async throws -> Stream {
        let client = try await place.connect()
        try await client.write(Array(raw.utf8))
        return client
    }

    @Test func whatWasReadInFullIsAnsweredAndTheIdleAreLetGo() async throws {
        try await withServer { loop, place async throws in
            let idle = try await Self.client(of: place, sends: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await place.read(idle, endingIn: "hello")
            let held = try await Self.client(
                of: place, sends: "GET /hold HTTP/1.1\r\nHost: a\r\n\r\nGET /names/second HTTP/1.1\r\nHost: a\r\n\r\nGET /names/thi")
            try await place.desk.arrived.wait()
            let server = loop.keep(place.server)
            await withDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in
                    let whole = await loop[server].end(within: .seconds(10))
                    #expect(whole)
                } }
                do {
                    // The end has begun once the idle connection is closed.
                    #expect(try await place.readToEnd(idle).isEmpty)
                    await #expect(throws: SystemError.self) { _ = try await place.connect() }
                    place.desk.release.wake()
                    let answers = try await place.readToEnd(held)
                    held.close()
                    let (first, second) = (answers.components(after: "\r\n\r\n").first ?? "", answers.components(after: "held").first ?? "")
                    #expect(first.hasPrefix("held"))
                    #expect(second.hasSuffix("second") && second.contains("\r\nConnection: close\r\n"))
                    #expect(answers.components(after: "Connection: close").count == 1)
                } catch {
                    Issue.record(error)
                }
            }
            #expect(place.server.connections == 0)
        }
    }

    @Test func whatDoesNotEndIsCutAtTheDeadline() async throws {
        try await withServer { loop, place async throws in
            let held = try await Self.client(of: place, sends: "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            try await place.desk.arrived.wait()
            let whole = await place.server.end(within: .milliseconds(5))
            #expect(!whole)
            await #expect(throws: (any Error).self) { _ = try await place.read(held, endingIn: "held") }
            place.desk.release.wake()
        }
    }

    @Test func twoServersShareAPort() async throws {
        try await withServer { loop, place async throws in
            let other = try Server(loop: loop, address: place.server.address, router: place.desk.router())
            #expect(other.address == place.server.address)
            await other.end(within: .zero)
        }
    }
}
