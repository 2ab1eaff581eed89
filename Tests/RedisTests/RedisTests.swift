import EventLoop
import Redis
import Testing

@Suite struct RedisTests {
    private final class Notes {
        var right = 0
        var errors: [RedisError] = []
    }

    /// Runs `body` with a connection to a server of its own.
    private func withRedis(
        _ change: @Sendable (inout RedisConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (RedisConnection, TestServer, isolated Loop) async throws -> Void
    ) async throws {
        let server = TestServer()
        var configuration = server.configuration
        change(&configuration)
        let final = configuration
        try await onLoop { loop in
            let redis = RedisConnection(final, on: loop)
            try await body(redis, server, loop)
            redis.close()
        }
    }

    @Test func repliesOfEveryKind() async throws {
        try await withRedis { (redis, _, _) in
            try await redis.ping()
            #expect(try await redis.get("a") == nil)
            let value: [UInt8] = [0, 13, 10, 255]
            try await redis.set("a", value)
            #expect(try await redis.get("a") == value)
            try await redis.set("e", [], px: 100_000)
            #expect(try await redis.get("e") == [])
            #expect(try await redis.command(["PTTL", "e"].map(bytes)) != .integer(-1))
            #expect(try await redis.del(["a", "e", "x"]) == 2)
            let nested = try await redis.command(["EVAL", "return {1, {'x', {}, false}, 'y'}", "0"].map(bytes))
            #expect(nested == .array([.integer(1), .array([.string([120]), .array([]), .null]), .string([121])]))
            guard case .error(let text) = try await redis.command([bytes("NONSENSE")]) else { Issue.record("no error"); return }
            #expect(text.hasPrefix("ERR unknown command"))
            #expect(try await redis.command(["LPUSH", "l", "1"].map(bytes)) == .integer(1))
            let wrong = await failure { try await redis.get("l") }
            guard case .server(let message)? = wrong else { Issue.record("\(String(describing: wrong))"); return }
            #expect(message.hasPrefix("WRONGTYPE"))
            #expect(redis.counters.connects == 1 && redis.counters.failures == 0)
        }
    }

    @Test func aThousandCommandsGoOutTogether() async throws {
        try await withRedis { (redis, _, loop) in
            let local = loop.keep(redis)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for i in 0..<1000 {
                    group.addTask {
                        await loop.enter { loop in
                            do {
                                let reply = try await loop[local].command(["ECHO", "number \(i)"].map(bytes))
                                if reply == .string(bytes("number \(i)")) { loop[notes].right += 1 }
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(loop[notes].right == 1000)
            #expect(redis.counters.connects == 1)
            // One turn's commands are one write; a few turns may pass while the first ones wait for the connection.
            #expect(redis.counters.writes <= 10)
        }
    }

    @Test func valuesLargerThanASocketsBuffersPass() async throws {
        try await withRedis { (redis, _, loop) in
            let local = loop.keep(redis)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for i in 0..<8 {
                    group.addTask {
                        await loop.enter { loop in
                            do {
                                let value = [UInt8](repeating: UInt8(i), count: 3_000_000 + i)
                                try await loop[local].set("k\(i)", value)
                                if try await loop[local].get("k\(i)") == value { loop[notes].right += 1 }
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(loop[notes].right == 8)
        }
    }

    @Test func aStalledServerCostsOneTimeoutThenNothing() async throws {
        try await onLoop { loop in
            // Accepted by the kernel, read by nobody.
            let mute = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            var configuration = RedisConfiguration(mute.address)
            configuration.connectTimeout = .seconds(20)
            configuration.probeInterval = .seconds(7200)
            let redis = RedisConnection(configuration, on: loop)
            let local = loop.keep(redis)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        await loop.enter { loop in
                            if let error = await failure({ try await loop[local].get("x") }) { loop[notes].errors.append(error) }
                        }
                    }
                }
            }
            #expect(loop[notes].errors == Array(repeating: .timedOut, count: 20))
            for _ in 0..<100 { #expect(await failure { try await redis.get("x") } == .unavailable) }
            #expect(redis.isAway && redis.counters.connects == 1 && redis.counters.failures == 1)
            mute.close()
        }
    }

    @Test func aProbeFindsTheServerAgain() async throws {
        try await withRedis({ $0.probeInterval = .milliseconds(1) }) { (redis, server, loop) in
            try await redis.set("a", [1])
            server.stop(keeping: true)
            let lost = await failure { try await redis.get("a") }
            guard case .connectionLost? = lost else { Issue.record("\(String(describing: lost))"); return }
            guard case .connectionLost? = await failure({ try await redis.get("a") }) else { Issue.record("no refusal"); return }
            server.start()
            let limit = Deadline.after(.seconds(20))
            while await failure({ try await redis.ping() }) != nil, limit > .now { try await loop.yield() }
            #expect(try await redis.get("a") == nil)
            #expect(!redis.isAway)
        }
    }

    @Test func liesCloseTheConnection() async throws {
        let lies: [(String, RedisError?)] = [
            ("hello\r\n", nil), ("$99999999999\r\n", .protocolViolation("a value of more than 1000 bytes")),
            ("*2\r\n$1\r\nx\r\n$1001\r\n", .protocolViolation("a value of more than 1000 bytes")),
            (String(repeating: "*1\r\n", count: 20), nil), ("$3\r\nab", .connectionLost("the server hung up")),
            ("", .connectionLost("the server hung up")), (":12x\r\n", nil), ("*3\r\n:1\r\n", .connectionLost("the server hung up")),
            ("+" + String(repeating: "x", count: 100_000), .protocolViolation("a reply of more than 1000 bytes")),
        ]
        try await onLoop { loop in
            for (lie, expected) in lies {
                let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
                var configuration = RedisConfiguration(listener.address)
                configuration.replyLimit = 1000
                configuration.connectTimeout = .seconds(20)
                configuration.commandTimeout = .seconds(20)
                let redis = RedisConnection(configuration, on: loop)
                let door = loop.keep(listener)
                let error = await withDiscardingTaskGroup { group in
                    group.addTask { await loop.enter { loop in await Self.serve(lie, once: loop[door], on: loop) } }
                    return await failure { try await redis.get("x") }
                }
                if let expected {
                    #expect(error == expected, "\(lie.prefix(40))")
                } else if case .protocolViolation = error {
                } else {
                    Issue.record("\(lie.prefix(40)): \(String(describing: error))")
                }
                #expect(await failure { try await redis.get("x") } == .unavailable)
                listener.close()
            }
        }
    }

    private static func serve(_ answer: String, once listener: Listener, on loop: Loop) async {
        do {
            let stream = try Stream(try await listener.accept(), on: loop)
            _ = try await stream.read(upTo: 1000, until: .after(.seconds(20)))
            try await stream.write(bytes(answer))
            stream.endWriting()
            _ = try await stream.read(upTo: 1000, until: .after(.seconds(20)))
        } catch {}
    }

    @Test func passwordsAndDatabases() async throws {
        let server = TestServer(password: "p:@/1")
        try await onLoop { loop in
            let redis = RedisConnection(server.configuration, on: loop)
            try await redis.ping()
            let stranger = RedisConnection(RedisConfiguration(.unix(path: server.socket), password: "wrong"), on: loop)
            guard case .server(let text)? = await failure({ try await stranger.ping() }) else { Issue.record("let in"); return }
            #expect(text.hasPrefix("WRONGPASS") && stranger.isAway)
        }
    }

    @Test func urlsAreReadAndSecretsHidden() throws {
        let full = try RedisConfiguration("redis://ann:hunter%402@127.0.0.1:6380/3")
        #expect(full.description == "127.0.0.1:6380/3" && full.database == 3)
        var dumped = ""
        dump(full, to: &dumped)
        #expect(!dumped.contains("hunter"))
        #expect(try RedisConfiguration("redis://:x@[::1]").description == "[::1]:6379/0")
        #expect(try RedisConfiguration("unix:///run/redis.sock?db=2").description == "/run/redis.sock/2")
        #expect(try RedisConfiguration("unix:///run/redis.sock").address == .unix(path: "/run/redis.sock"))
        for bad in [
            "http://x", "redis://a@127.0.0.1", "redis://127.0.0.1:x", "redis://127.0.0.1/x", "unix://relative", "redis://:%zz@127.0.0.1",
        ] {
            let error = #expect(throws: RedisConfiguration.Unreadable.self) { try RedisConfiguration(bad) }
            #expect(error?.description.contains("%zz") == false)
        }
    }
}

/// The error that `body` throws, nil where it throws none.
private func failure<T>(_ body: () async throws -> T) async -> RedisError? {
    do { _ = try await body() } catch { return error as? RedisError }
    return nil
}
