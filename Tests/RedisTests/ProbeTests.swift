import EventLoop
import Redis
import Testing

/// A server that stalls: it takes connections, and answers nothing for a while.
@Suite struct ProbeTests {
    private final class Notes {
        var waited = 0
        var refusedAtOnce = 0
        var answered = 0
    }

    /// So many ask at once; who waited until the deadline, who was told at once that the server is away, who got an answer.
    private static func ask(_ redis: Local<RedisConnection>, times: Int, on loop: isolated Loop) async -> Notes {
        let notes = Notes()
        let seen = loop.keep(notes)
        await withDiscardingTaskGroup { group in
            for _ in 0..<times {
                group.addTask {
                    await redis.loop.enter { loop in
                        do {
                            _ = try await loop[redis].get("x")
                            loop[seen].answered += 1
                        } catch RedisError.unavailable {
                            loop[seen].refusedAtOnce += 1
                        } catch { loop[seen].waited += 1 }
                    }
                }
            }
        }
        return notes
    }

    @Test func oneCommandAProbeWaitsForAStalledServer() async throws {
        let server = TestServer()
        var configuration = server.configuration
        configuration.commandTimeout = .milliseconds(400)
        // Each asking below is a probe's time of its own.
        configuration.probeInterval = .zero
        let final = configuration
        let patient = server.configuration
        try await onLoop { loop in
            let redis = RedisConnection(final, on: loop)
            let token = loop.keep(redis)
            let other = RedisConnection(patient, on: loop)
            try await other.ping()
            var tries = 0
            while await Self.ask(token, times: 1, on: loop).answered == 0, tries < 100 { tries += 1 }
            // Answers nothing but CLIENT UNPAUSE, for longer than this test lasts.
            _ = try await other.command(["CLIENT", "PAUSE", "600000", "ALL"].map(bytes))
            let first = await Self.ask(token, times: 100, on: loop)
            #expect(first.answered == 0 && first.waited >= 1)
            let openings = redis.counters.openings
            for _ in 0..<5 {
                let commands = redis.counters.commands
                let later = await Self.ask(token, times: 100, on: loop)
                #expect(later.waited == 1 && later.refusedAtOnce == 99 && later.answered == 0)
                #expect(redis.counters.commands - commands <= 1)
            }
            // It was away all the time: that is one opening.
            #expect(redis.counters.openings == openings)
            other.close()
        }
    }

    @Test func nobodyWaitsWhereProbesAreMadeApart() async throws {
        let server = TestServer()
        var configuration = server.configuration
        configuration.commandTimeout = .milliseconds(400)
        configuration.probeInterval = .milliseconds(1)
        let final = configuration
        let patient = server.configuration
        try await onLoop { loop in
            let redis = RedisConnection(final, on: loop)
            let token = loop.keep(redis)
            let other = RedisConnection(patient, on: loop)
            try await other.ping()
            await withDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in await loop[token].keepProbing() } }
                var tries = 0
                while await Self.ask(token, times: 1, on: loop).answered == 0, tries < 100 { tries += 1 }
                _ = try? await other.command(["CLIENT", "PAUSE", "5000", "ALL"].map(bytes))
                #expect(await Self.ask(token, times: 1, on: loop).waited == 1, "who finds out waits")
                for _ in 0..<20 { #expect(await Self.ask(token, times: 50, on: loop).refusedAtOnce == 50) }
                #expect(redis.counters.openings == 1)
                let limit = Deadline.after(.seconds(20))
                while await Self.ask(token, times: 1, on: loop).answered == 0, limit > .now { try? await loop.yield() }
                #expect(await Self.ask(token, times: 100, on: loop).answered == 100)
                other.close()
                loop.beginClosing()
            }
        }
    }

    @Test func whileNoProbeIsDueNobodyWaitsAndAfterOneAllIsWell() async throws {
        let server = TestServer()
        var configuration = server.configuration
        configuration.probeInterval = .seconds(3600)
        let final = configuration
        try await onLoop { loop in
            let redis = RedisConnection(final, on: loop)
            let token = loop.keep(redis)
            try await redis.ping()
            server.stop(keeping: true)
            #expect(await Self.ask(token, times: 1, on: loop).waited == 1)
            #expect(await Self.ask(token, times: 1, on: loop).waited == 1)
            let connects = redis.counters.connects
            #expect(await Self.ask(token, times: 1000, on: loop).refusedAtOnce == 1000)
            #expect(redis.counters.connects == connects && redis.counters.openings == 1)
        }
        var quick = server.configuration
        quick.probeInterval = .milliseconds(1)
        let eager = quick
        try await onLoop { loop in
            let redis = RedisConnection(eager, on: loop)
            let token = loop.keep(redis)
            #expect(await Self.ask(token, times: 1, on: loop).answered == 0)
            server.start()
            let limit = Deadline.after(.seconds(20))
            while await Self.ask(token, times: 1, on: loop).answered == 0, limit > .now { try await loop.yield() }
            #expect(await Self.ask(token, times: 1000, on: loop).answered == 1000)
            #expect(redis.counters.openings == 1)
        }
    }
}
