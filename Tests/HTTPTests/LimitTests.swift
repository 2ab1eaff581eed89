import EventLoop
import Testing

@testable import HTTP

@Suite struct LimitTests {
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505), ("x", 408),
        ("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413),
        ("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", 413),
        ("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 413),
        ("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n3\r\n", 413),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 257), 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: " + String(repeating: "x", count: 9000), 431),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", 408),
    ] as [(String, Int)])
    func refusesAndCloses(_ raw: String, _ status: Int) async throws {
        var limits = Limits.standard
        limits.headTime = .milliseconds(20)
        limits.bodyStall = .milliseconds(20)
        try await withServer(limits) { _, place async throws in
            let answer = try await place.exchange(raw)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.contains("application/problem+json"))
            #expect(place.desk.exchanges.map(\.status) == [status])
            #expect(place.server.buffered == 0)
        }
    }

    @Test func extensionsOfAllChunksAreBounded() async throws {
        try await withServer { _, place async throws in
            let chunk = "1;" + String(repeating: "x", count: 250) + "\r\na\r\n"
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            let few = head + String(repeating: chunk, count: 65) + "0\r\n\r\n"
            let taken = try await place.exchange(few)
            #expect(taken.hasPrefix("HTTP/1.1 200 "))
            let refused = try await place.exchange(head + String(repeating: chunk, count: 66))
            #expect(refused.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func aBodyMayHoldExactlyItsLimit() async throws {
        try await withServer { loop, place async throws in
            let body = [UInt8](repeating: 1, count: 10)
            let taken = try await HTTPClient.post(place.server.address, "/small", body: body, on: loop, until: .after(.seconds(10)))
            #expect(taken.status == 200 && taken.body == body)
            let refused = try await HTTPClient.post(place.server.address, "/small", body: body + [1], on: loop, until: .after(.seconds(10)))
            #expect(refused.status == 413)
        }
    }

    /// A sender that keeps no least rate ends although it never stalls.
    @Test func aDrippingBodyEnds() async throws {
        var limits = Limits.standard
        limits.bodyTime = .milliseconds(30)
        try await withServer(limits) { loop, place async throws in
            let client = try await place.connect()
            try await client.write(Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n".utf8))
            var answer: [UInt8] = []
            while answer.isEmpty {
                try await client.write([0x61])
                do { answer = try await client.read(upTo: 4096, until: .after(.milliseconds(1))) } catch WaitError.timedOut { continue }
            }
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
            client.close()
        }
    }

    /// The whole head has one deadline: bytes that keep coming do not move it.
    @Test func aDrippingHeadEnds() async throws {
        var limits = Limits.standard
        limits.headTime = .milliseconds(30)
        try await withServer(limits) { loop, place async throws in
            let client = try await place.connect()
            var answer: [UInt8] = []
            try await client.write(Array("GET /".utf8))
            while answer.isEmpty {
                try await client.write([0x61])
                do { answer = try await client.read(upTo: 4096, until: .after(.milliseconds(1))) } catch WaitError.timedOut { continue }
            }
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
            client.close()
        }
    }

    @Test func aConnectionWithoutRequestsIsClosedWithoutAWord() async throws {
        var limits = Limits.standard
        limits.idle = .milliseconds(5)
        limits.headTime = .milliseconds(5)
        try await withServer(limits) { _, place async throws in
            #expect(try await place.exchange("").isEmpty)
            let answer = try await place.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasSuffix("hello"))
            #expect(place.desk.exchanges.map(\.status) == [200])
        }
    }

    @Test func aReaderThatStallsIsCutAndOutputStaysBounded() async throws {
        var limits = Limits.standard
        limits.writeStall = .milliseconds(20)
        limits.leastRate = 1 << 30
        try await withServer(limits) { loop, place async throws in
            let client = try await place.connect()
            let request = Array("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            // More answers than both sockets' buffers hold; nobody reads them.
            await #expect(throws: (any Error).self) {
                while true { try await client.write(request, stall: .seconds(10)) }
            }
            client.close()
            let healthy = try await HTTPClient.get(place.server.address, "/", on: loop, until: .after(.seconds(10)))
            #expect(healthy.status == 200)
        }
    }

    @Test func aResetInMidRequestHurtsNobodyElse() async throws {
        try await withServer { loop, place async throws in
            let raw = ["GET /", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", "GET /large HTTP/1.1\r\nHost: a\r\n\r\n"]
            for text in raw {
                let client = try await place.connect()
                try await client.write(Array(text.utf8))
                client.abort()
            }
            let answer = try await HTTPClient.get(place.server.address, "/", on: loop, until: .after(.seconds(10)))
            #expect(answer.status == 200)
            await place.server.end(within: .seconds(10))
            #expect(place.server.connections == 0 && place.server.buffered == 0)
        }
    }

    @Test func connectionsBeyondTheCapWaitForRoom() async throws {
        var limits = Limits.standard
        limits.connections = 2
        try await withServer(limits) { loop, place async throws in
            var held: [Stream] = []
            for _ in 0..<2 {
                let client = try await place.connect()
                try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                _ = try await place.read(client, endingIn: "hello")
                held.append(client)
            }
            let third = try await place.connect()
            try await third.write(Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
            #expect(place.server.connections == 2 && place.server.accepted == 2)
            held[0].close()
            #expect(try await place.readToEnd(third).hasSuffix("hello"))
            #expect(place.server.accepted == 3)
            held[1].close()
        }
    }

    @Test func oneAddressCannotHaveAllConnections() async throws {
        var limits = Limits.standard
        limits.connectionsPerAddress = 1
        try await withServer(limits) { _, place async throws in
            let first = try await place.connect()
            try await first.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            _ = try await place.read(first, endingIn: "hello")
            let second = try await place.connect()
            await #expect(throws: (any Error).self) {
                try await second.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                _ = try await place.read(second, endingIn: "hello")
            }
            first.close()
        }
    }

    @Test func bodiesOfAllConnectionsAreUnderOneBudget() async throws {
        var limits = Limits.standard
        limits.buffered = 1000
        limits.roomTime = .milliseconds(10)
        try await withServer(limits) { loop, place async throws in
            let refused = try await HTTPClient.post(
                place.server.address, "/echo", body: [UInt8](repeating: 1, count: 500_000), on: loop, until: .after(.seconds(10)))
            #expect(refused.status == 503 && refused.header("retry-after") == "1")
            #expect(place.server.buffered == 0)
        }
    }
}
