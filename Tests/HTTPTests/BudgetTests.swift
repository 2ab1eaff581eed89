import EventLoop
import Testing

@testable import HTTP

/// Memory that peers can make us hold: counted, bounded, given back.
@Suite struct BudgetTests {
    private static let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"

    /// Turns the loop until `isSo`; the suite's own time limit ends a wait that never does.
    private static func until(_ loop: isolated Loop, _ isSo: () -> Bool) async throws {
        while !isSo() { try await loop.sleep(for: .milliseconds(1)) }
    }

    @Test(.timeLimit(.minutes(1))) func unfinishedHeadsAndBodiesAreCountedAndGivenBack() async throws {
        try await withServer { loop, place async throws in
            let slowHead = try await place.connect()
            try await slowHead.write(Array(("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000)).utf8))
            try await Self.until(loop) { place.server.buffered >= 20_000 }
            let slowBody = try await place.connect()
            try await slowBody.write(Array((Self.head + String(repeating: "x", count: 50_000)).utf8))
            try await Self.until(loop) { place.server.buffered >= 70_000 }
            slowHead.close()
            slowBody.close()
            try await Self.until(loop) { place.server.connections == 0 }
            #expect(place.server.buffered == 0)
        }
    }

    @Test(.timeLimit(.minutes(1))) func anIdleConnectionKeepsNothingForLong() async throws {
        var limits = Limits.standard
        limits.keepBuffers = .milliseconds(5)
        try await withServer(limits) { loop, place async throws in
            let client = try await place.connect()
            for _ in 0..<3 {
                try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                _ = try await place.read(client, endingIn: "hello")
                try await Self.until(loop) { place.server.buffered == 0 }
            }
            #expect(place.server.accepted == 1 && place.server.connections == 1)
            client.close()
        }
    }

    /// A head that comes with much behind it must not leave its connection with all that it was read to.
    @Test(.timeLimit(.minutes(1))) func aWaitingConnectionKeepsAtMost64kB() async throws {
        try await withServer { loop, place async throws in
            let client = try await place.connect()
            let many = String(repeating: "GET /names/x HTTP/1.1\r\nHost: a\r\n\r\n", count: 3000)
            try await client.write(Array((many + "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 30_000)).utf8))
            var bytes = 0
            while place.desk.exchanges.count < 3000 { bytes += try await client.read(upTo: 1 << 16, until: .after(.seconds(10))).count }
            try await client.write(Array("x".utf8))
            try await Self.until(loop) { (30_000...65_536).contains(place.server.buffered) }
            client.close()
        }
    }

    /// The connection whose growth passes the budget may be the very one that is asked to give back.
    @Test(.timeLimit(.minutes(1))) func theIdleThatGrowGiveBackAtOnce() async throws {
        var limits = Limits.standard
        limits.buffered = 60_000
        limits.roomTime = .milliseconds(200)
        try await withServer(limits) { loop, place async throws in
            let client = try await place.connect()
            try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            _ = try await place.read(client, endingIn: "hello")
            for size in [500, 3000, 6000, 12_000] {
                let holder = try await place.connect()
                try await holder.write(Array((Self.head + String(repeating: "x", count: 70_000)).utf8))
                try await Self.until(loop) { place.server.buffered > 60_000 }
                // The first answer makes the output as large as it will be: only what is read grows afterwards.
                for count in [0, size, 2 * size] {
                    try await loop.sleep(for: .milliseconds(30))
                    let head = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: count))\r\n\r\n"
                    try await client.write(Array(head.utf8))
                    _ = try await place.read(client, endingIn: "hello")
                }
                holder.close()
                try await Self.until(loop) { place.server.connections == 1 }
            }
            #expect(place.desk.exchanges.filter { $0.status == 200 }.count == 13)
            client.close()
        }
    }

    @Test(.timeLimit(.minutes(1))) func pastTheBudgetUnfinishedBodiesAreRefusedAndWholeRequestsServed() async throws {
        var limits = Limits.standard
        limits.buffered = 60_000
        limits.roomTime = .milliseconds(10)
        try await withServer(limits) { loop, place async throws in
            let first = try await place.connect()
            try await first.write(Array((Self.head + String(repeating: "x", count: 90_000)).utf8))
            let refused = try await place.readToEnd(first)
            #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("\r\nRetry-After: 1\r\n"))
            let healthy = try await HTTPClient.get(place.server.address, "/", on: loop, until: .after(.seconds(10)))
            #expect(healthy.status == 200)
        }
    }

    /// Whoever waits for room is read on as soon as there is some.
    @Test(.timeLimit(.minutes(1))) func roomThatComesAboutIsUsed() async throws {
        var limits = Limits.standard
        limits.buffered = 150_000
        limits.roomTime = .seconds(30)
        try await withServer(limits) { loop, place async throws in
            var holders: [Stream] = []
            for _ in 0..<3 {
                let holder = try await place.connect()
                try await holder.write(Array(("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 30_000)).utf8))
                holders.append(holder)
            }
            try await Self.until(loop) { place.server.buffered >= 90_000 }
            let other = try await place.connect()
            try await other.write(Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\nConnection: close\r\n\r\n".utf8))
            try await other.write([UInt8](repeating: 0x79, count: 60_000))
            try await Self.until(loop) { place.server.buffered > 150_000 }
            for holder in holders { holder.close() }
            try await other.write([UInt8](repeating: 0x79, count: 10_000))
            let answer = try await place.readToEnd(other)
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("yyyy"))
        }
    }

    /// A stored answer that many wait for is one piece of memory, and counts as that.
    @Test(.timeLimit(.minutes(1))) func aStoredAnswerCountsOnceHoweverManyWaitForIt() async throws {
        try await withServer(router: { $0.withLarge() }) { loop, place async throws in
            var clients: [Stream] = []
            for _ in 0..<4 {
                let client = try await place.connect()
                try await client.write(Array("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                clients.append(client)
            }
            try await Self.until(loop) { place.desk.huge.body.count <= place.server.buffered && place.server.connections == 4 }
            for _ in 0..<20 { try await loop.yield() }
            #expect(place.server.buffered < 2 * place.desk.huge.body.count)
            for client in clients { client.close() }
            try await Self.until(loop) { place.server.connections == 0 }
            #expect(place.server.buffered == 0)
        }
    }

    /// Readers that stand still are cut when others need the room.
    @Test(.timeLimit(.minutes(1))) func readersThatStandStillMakeRoomForOthers() async throws {
        var limits = Limits.standard
        limits.buffered = 24 << 20
        limits.roomTime = .milliseconds(10)
        try await withServer(limits, router: { $0.withLarge() }) { loop, place async throws in
            var stalled: [Stream] = []
            // Each holds more than the sockets take; two fill the budget.
            for _ in 0..<2 {
                let client = try await place.connect()
                try await client.write(Array("GET /own HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                stalled.append(client)
                let count = stalled.count
                try await Self.until(loop) { place.server.buffered >= count * (11 << 20) }
            }
            var answer: HTTPClient.Answer
            repeat {
                answer = try await HTTPClient.get(place.server.address, "/own", on: loop, until: .after(.seconds(20)))
            } while answer.status == 503
            #expect(answer.status == 200 && answer.body.count == 11 << 20)
            await #expect(throws: (any Error).self) {
                for client in stalled { _ = try await place.readToEnd(client) }
            }
        }
    }

    /// By the least rate, a reader that always takes a little ends like one that takes nothing.
    @Test(.timeLimit(.minutes(1))) func aDrippingReaderEnds() async throws {
        var limits = Limits.standard
        limits.writeStall = .milliseconds(60)
        limits.leastRate = 1 << 40
        try await withServer(limits, router: { $0.withLarge() }) { loop, place async throws in
            let client = try await place.connect()
            try await client.write(Array("GET /own HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            await #expect(throws: (any Error).self) {
                while true {
                    // Large enough that the kernel says so, and the server can send: it never stalls for long.
                    if try await client.read(upTo: 1 << 16, until: .after(.seconds(10))).isEmpty { throw HTTPClient.Failure.cut }
                    try await loop.sleep(for: .milliseconds(3))
                }
            }
            try await Self.until(loop) { place.server.connections == 0 }
            #expect(place.server.buffered == 0)
        }
    }
}

extension Desk {
    var huge: Prebuilt { Self.hugeAnswer }
    private static let hugeAnswer = Prebuilt(
        fields: HeaderLines(["Content-Type": "text/plain"]), body: [UInt8](repeating: 0x61, count: 12 << 20))

    private func hugeOne(_ request: Request) async -> Response { .prebuilt(huge) }
    private func own(_ request: Request) async -> Response { Response(type: "text/plain", [UInt8](repeating: 0x62, count: 11 << 20)) }

    func withLarge() -> Router {
        let router = router()
        router.get("/huge", hugeOne)
        router.get("/own", own)
        return router
    }
}
