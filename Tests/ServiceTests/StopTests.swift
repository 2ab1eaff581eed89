import EventLoop
import Sandbox
import Testing

@Suite struct StopTests {
    /// A connection that idles between two requests keeps the server's end waiting for a moment; the stop must come through
    /// all the same, once for each loop.
    @Test func aStopWithOpenConnectionsEnds() throws {
        let service = try ServiceUnderTest(Sandbox.Configuration(), clock: "2025-12-15T12:00:00-03:00", nodes: ["CHILOE________220"])
        let address = try service.address
        let client = try Loop(name: "idle client")
        let ends = try client.runBlocking { loop in
            var streams: [Local<EventLoop.Stream>] = []
            for _ in 0..<8 {
                let stream = try await EventLoop.Stream.connect(to: address, on: loop, until: .after(.seconds(5)))
                try await stream.write(Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
                let answer = try await stream.read(upTo: 4096, until: .after(.seconds(5)))
                #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
                streams.append(loop.keep(stream))
            }
            return streams
        }
        service.stop()
        try client.runBlocking { loop in
            for end in ends {
                let rest = try await loop[end].read(upTo: 1, until: .after(.seconds(5)))
                #expect(rest.isEmpty)
            }
        }
        client.stop()
    }
}
