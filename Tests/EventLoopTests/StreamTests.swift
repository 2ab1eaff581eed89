import EventLoop
import Glibc
import Testing

@Suite struct StreamTests {
    private func withLoop<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) async throws -> T {
        let loop = try Loop(name: "test")
        defer { loop.stop() }
        return try await loop.run(body)
    }

    /// A socket file whose queue is full refuses for the moment; whoever has time waits for room.
    @Test func aFullQueueIsWaitedFor() async throws {
        try await withLoop { loop in
            let path = "/tmp/gapless-queue-\(UInt64.random(in: 0 ... .max))"
            defer { unlink(path) }
            let listener = try Listener(.unix(path: path), on: loop, backlog: 1)
            var clients: [Stream] = []
            for _ in 0..<2 { clients.append(try await .connect(to: listener.address, on: loop, until: .after(.seconds(5)))) }
            await #expect(throws: SystemError.self) {
                _ = try await Stream.connect(to: listener.address, on: loop, until: .after(.milliseconds(20)))
            }
            let local = loop.keep(listener)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await loop.enter { loop in
                        try await loop.sleep(for: .milliseconds(20))
                        for _ in 0..<3 { close(try await loop[local].accept()) }
                    }
                }
                clients.append(try await .connect(to: listener.address, on: loop, until: .after(.seconds(20))))
                try await group.next()
            }
            #expect(clients.count == 3)
            listener.close()
        }
    }

    @Test func listensOnAPortTheKernelChoosesAndConnects() async throws {
        try await withLoop { loop in
            let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            let client = try await Stream.connect(to: listener.address, on: loop, until: .after(.seconds(5)))
            let server = try Stream(try await listener.accept(), on: loop)
            #expect(server.peer == "127.0.0.1")
            try await client.write(Array("hello".utf8))
            #expect(try await server.read(upTo: 64, until: .after(.seconds(5))) == Array("hello".utf8))
            client.close()
            #expect(try await server.read(upTo: 64, until: .after(.seconds(5))).isEmpty)
        }
    }

    @Test func aPortInUseIsToldBeforeItIsShared() async throws {
        try await withLoop { loop in
            let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            let address = listener.address
            #expect(throws: SystemError(code: EADDRINUSE, call: "bind \(address)")) { try Listener.checkFree(address) }
            listener.close()
            #expect(throws: Never.self) { try Listener.checkFree(address) }
        }
    }

    @Test func whatLiesInTheBacklogIsTakenWithoutAWait() async throws {
        try await withLoop { loop in
            let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            #expect(try listener.acceptNow() == nil)
            let client = try await Stream.connect(to: listener.address, on: loop, until: .after(.seconds(5)))
            let fd = try #require(try listener.acceptNow())
            try await Stream(fd, on: loop).write([7])
            #expect(try await client.read(upTo: 8, until: .after(.seconds(5))) == [7])
            listener.close()
            #expect(try listener.acceptNow() == nil)
        }
    }

    @Test func twoLoopsShareOnePort() async throws {
        let first = try Loop(name: "one")
        let second = try Loop(name: "two")
        defer { first.stop(); second.stop() }
        let address = try await first.run { loop in
            let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            _ = loop.keep(listener)
            return listener.address
        }
        try await second.run { loop in _ = loop.keep(try Listener(address, on: loop)) }
    }

    @Test func aRefusedConnectionNamesTheCall() async throws {
        try await withLoop { loop in
            // Bound and not listening: a port that was closed could be another test's by now.
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { Glibc.close(socket) }
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    #expect(bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0)
                }
            }
            let address = Address.tcp(host: "127.0.0.1", port: UInt16(bigEndian: name.sin_port))
            await #expect(throws: SystemError(code: ECONNREFUSED, call: "connect \(address)")) {
                _ = try await Stream.connect(to: address, on: loop, until: .after(.seconds(5)))
            }
        }
    }

    /// Data and the end arrive together: a short read must not be taken for "nothing is left" (epoll(7), edge-triggered).
    @Test func anEndThatArrivesWithDataIsSeen() async throws {
        try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            for piece in ["x", "yy", ""] {
                if piece.isEmpty { a.endWriting() } else { try await a.write(Array(piece.utf8)) }
            }
            #expect(try await b.read(upTo: 64, until: .after(.seconds(5))) == Array("xyy".utf8))
            #expect(try await b.read(upTo: 64, until: .after(.seconds(5))).isEmpty)
        }
    }

    @Test func aReadTimesOutAndMayBeTriedAgain() async throws {
        try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            await #expect(throws: WaitError.timedOut) { _ = try await b.read(upTo: 64, until: .after(.milliseconds(1))) }
            try await a.write([7])
            #expect(try await b.read(upTo: 64, until: .after(.seconds(5))) == [7])
        }
    }

    @Test func backPressureBlocksTheWriterUntilTheReaderReads() async throws {
        let size = 8 << 20
        let total = try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            let writer = loop.keep(a)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await loop.enter { loop in
                        try await loop[writer].write([UInt8](repeating: 1, count: size))
                        loop[writer].close()
                    }
                }
                var total = 0
                while true {
                    let chunk = try await b.read(upTo: 65536, until: .after(.seconds(30)))
                    if chunk.isEmpty { break }
                    total += chunk.count
                }
                try await group.waitForAll()
                return total
            }
        }
        #expect(total == size)
    }

    @Test func closingAStreamResumesItsReader() async throws {
        try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            let reader = loop.keep(b)
            await withDiscardingTaskGroup { group in
                group.addTask {
                    let end = await loop.enter { loop in await endOfRead(loop[reader]) }
                    #expect(end == .closed)
                }
                while loop.waiting < 1 { try? await loop.yield() }
                b.close()
            }
            withExtendedLifetime(a) {}
        }
    }

    /// The kernel gives a closed descriptor's number to the next socket; nothing of the old one may stick to it.
    @Test func aReusedDescriptorStartsFresh() async throws {
        try await withLoop { loop in
            for _ in 0..<50 {
                let (a, b) = try streamPair(on: loop)
                try await a.write([1])
                try await loop.yield()
                a.close()
                b.close()
                let (c, d) = try streamPair(on: loop)
                await #expect(throws: WaitError.timedOut) { _ = try await d.read(upTo: 8, until: .after(.microseconds(100))) }
                try await c.write([2])
                #expect(try await d.read(upTo: 8, until: .after(.seconds(5))) == [2])
            }
        }
    }

    @Test func oneWriteOfTwoBuffersArrivesJoined() async throws {
        try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            #expect(try a.sendNow([1, 2], [3]) == 3)
            #expect(try await b.read(upTo: 8, until: .after(.seconds(5))) == [1, 2, 3])
        }
    }

    /// Its number may be another loop's socket by now: what is written there would be read by a stranger.
    @Test func aClosedStreamTouchesNobodyElsesSocket() async throws {
        try await withLoop { loop async throws in
            let (a, b) = try streamPair(on: loop)
            a.close()
            let (c, d) = try streamPair(on: loop)
            #expect(throws: SystemError(code: EBADF, call: "send")) { try a.sendNow([1], from: 0) }
            #expect(throws: SystemError(code: EBADF, call: "sendmsg")) { try a.sendNow([1], [2]) }
            try await c.write([7])
            try await d.write([7])
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
            defer { buffer.deallocate() }
            #expect(throws: SystemError(code: EBADF, call: "recv")) { try a.readNow(into: buffer) }
            await #expect(throws: WaitError.closed) { _ = try await a.read(into: buffer, until: .after(.seconds(5))) }
            #expect(try await c.read(upTo: 8, until: .after(.seconds(5))) == [7])
            #expect(try await d.read(upTo: 8, until: .after(.seconds(5))) == [7])
            b.close()
        }
    }
}
