import EventLoop
import Glibc
import Synchronization
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

    /// The kernel has accepted them, so their clients believe to be served.
    @Test(.timeLimit(.minutes(1))) func whatLiesInTheBacklogIsAnswered() async throws {
        try await withServer { loop, place async throws in
            let idle = try await Self.client(of: place, sends: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await place.read(idle, endingIn: "hello")
            // Blocking calls: the loop does not turn, so nothing is accepted before the end begins.
            let asks = try place.connectBlocking(sends: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let asksLater = try place.connectBlocking(sends: "")
            let silent = try place.connectBlocking(sends: "")
            #expect(place.server.accepted == 1)
            let server = loop.keep(place.server)
            await withDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in
                    let whole = await loop[server].end(within: .seconds(10))
                    #expect(whole)
                } }
                do {
                    let first = try await place.readToEnd(asks)
                    #expect(first.hasSuffix("hello") && first.contains("\r\nConnection: close\r\n"))
                    try await asksLater.write(Array("GET /names/late HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                    let second = try await place.readToEnd(asksLater)
                    #expect(second.hasSuffix("late") && second.contains("\r\nConnection: close\r\n"))
                    #expect(try await place.readToEnd(silent).isEmpty)
                    await #expect(throws: SystemError.self) { _ = try await place.connect() }
                } catch {
                    Issue.record(error)
                }
                for stream in [asks, asksLater, silent, idle] { stream.close() }
            }
            #expect(place.server.accepted == 4)
        }
    }

    /// Clients that never pause, on a loop of their own, while the server ends.
    @Test(.timeLimit(.minutes(1))) func underLoadEveryRequestThatWasReadIsAnswered() async throws {
        try await withServer { loop, place async throws in
            let others = try Loop(name: "clients")
            defer { others.stop() }
            let load = Load(place.server.address)
            async let ended: Void = others.run { loop in await load.run(on: loop) }
            while load.counts.answered < 300 { try await loop.sleep(for: .milliseconds(1)) }
            let whole = await place.server.end(within: .seconds(10))
            try await ended
            let counts = load.counts
            #expect(whole)
            #expect(counts.answered == place.desk.exchanges.count)
            #expect(place.desk.exchanges.allSatisfy { $0.status == 200 })
            // Of those who keep their connection nobody asked in vain.
            #expect(counts.keptUnanswered == 0 && counts.refused == 8)
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
