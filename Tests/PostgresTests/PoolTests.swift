import EventLoop
import Postgres
import Testing

@Suite struct PoolTests {
    /// What the tasks of a test note, on their loop.
    private final class Notes {
        var seen: [Int] = []
        var most = 0
    }

    /// Runs `body` with a pool on a database of its own.
    private func withPool(
        size: Int, waitLimit: Duration = .seconds(20), _ body: @escaping @Sendable (PostgresPool, isolated Loop) async throws -> Void
    ) async throws {
        let configuration = try await freshDatabase()
        try await onLoop { loop in
            let pool = PostgresPool(configuration, size: size, on: loop, waitLimit: waitLimit)
            try await body(pool, loop)
            pool.close()
        }
    }

    @Test func connectionsAreLentInTheOrderOfAsking() async throws {
        try await withPool(size: 1) { (pool, loop) in
            let local = loop.keep(pool)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                try? await pool.lease { _ in
                    for i in 0..<20 {
                        group.addTask {
                            await loop.enter { loop in
                                try? await loop[local].lease { connection in
                                    loop[notes].seen.append(i)
                                    try await connection.query("select 1")
                                }
                            }
                        }
                    }
                    while pool.waitingCount < 20 { try await loop.yield() }
                }
            }
            #expect(loop[notes].seen == Array(0..<20))
            #expect(pool.idleCount == 1 && pool.leasedCount == 0 && pool.connectsTried == 1)
        }
    }

    @Test func manyTasksShareFewConnections() async throws {
        try await withPool(size: 3) { (pool, loop) in
            let local = loop.keep(pool)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for i in 0..<200 {
                    group.addTask {
                        await loop.enter { loop in
                            try? await loop[local].lease { connection in
                                // None comes back before all three are lent: else two quick ones may do all the work.
                                while loop[notes].most < 3 {
                                    loop[notes].most = max(loop[notes].most, loop[local].leasedCount)
                                    try await loop.yield()
                                }
                                loop[notes].seen.append(try await connection.query("select \(i)").only().int(0))
                            }
                        }
                    }
                }
            }
            #expect(loop[notes].seen.sorted() == Array(0..<200))
            #expect(pool.connectsTried == 3 && pool.idleCount == 3 && pool.leasedCount == 0 && pool.waitingCount == 0)
        }
    }

    @Test func theWaitIsBounded() async throws {
        try await withPool(size: 1) { (pool, _) in
            try await pool.lease { _ in
                let error = await failure(PoolTimeout.self) { try await pool.query("select 1", until: .after(.milliseconds(30))) }
                #expect(error?.size == 1)
            }
            #expect(pool.waitingCount == 0)
            #expect(try await pool.query("select 1").only().int(0) == 1)
        }
    }

    @Test func aKilledSessionIsReplaced() async throws {
        try await withPool(size: 1) { (pool, loop) in
            // While in use: the caller hears of it, the next one does not.
            let error = await failure { try await pool.query("select pg_terminate_backend(pg_backend_pid())") }
            #expect(error?.kind == .shuttingDown && error?.isTransient == true)
            #expect(pool.leasedCount == 0 && pool.idleCount == 0)
            let process = try await pool.query("select pg_backend_pid()").only().int(0)
            // While idle: nobody hears of it.
            let other = try await PostgresConnection.connect(pool.configuration, on: loop)
            try await other.query("select pg_terminate_backend(\(Int32(process)), 20000)")
            #expect(try await pool.query("select pg_backend_pid()").only().int(0) != process)
            #expect(pool.connectsTried == 3)
        }
    }

    @Test func whatIsLeftInATransactionIsClosed() async throws {
        try await withPool(size: 1) { (pool, _) in
            try await pool.lease { _ = try await $0.script("begin") }
            #expect(pool.idleCount == 0)
            #expect(try await pool.query("select 1").only().int(0) == 1)
        }
    }

    @Test func fewerSessionsThanAskedForAreShared() async throws {
        try await withPool(size: 6) { (pool, loop) in
            try await pool.query("create role limited login connection limit 2")
            var configuration = PostgresConfiguration(host: pool.configuration.host, database: pool.configuration.database, user: "limited")
            configuration.applicationName = "limited"
            let small = PostgresPool(configuration, size: 6, on: loop, waitLimit: .seconds(20))
            let local = loop.keep(small)
            let notes = loop.keep(Notes())
            await withDiscardingTaskGroup { group in
                for i in 0..<50 {
                    group.addTask {
                        await loop.enter { loop in
                            do {
                                try await loop[local].query("select pg_sleep(0.002)")
                                loop[notes].seen.append(i)
                            } catch { Issue.record("\(error)") }
                        }
                    }
                }
            }
            #expect(loop[notes].seen.count == 50)
            #expect(small.idleCount <= 2 && small.leasedCount == 0)
            small.close()
        }
    }

    @Test func aServerThatIsGoneFailsFastAndComesBack() async throws {
        let server = TestServer()
        try await onLoop { loop in
            let patient = PostgresPool(
                server.configuration(), size: 2, on: loop, backoff: Backoff(first: .seconds(7200), cap: .seconds(7200)))
            let eager = PostgresPool(
                server.configuration(), size: 2, on: loop, backoff: Backoff(first: .milliseconds(1), cap: .milliseconds(5)))
            #expect(await patient.check(until: .after(.seconds(20))))
            #expect(await eager.check(until: .after(.seconds(20))))
            server.stop()
            for _ in 0..<50 {
                let error = await failure { try await patient.query("select 1") }
                #expect(error?.isTransient == true)
            }
            // The dead session was noticed without a try; then one try, and nobody tries again before its time.
            #expect(patient.connectsTried == 2)
            guard case .down = patient.health else { Issue.record("\(patient.health)"); return }
            #expect(await !eager.check(until: .after(.seconds(20))))
            server.start()
            let limit = Deadline.after(.seconds(30))
            while await !eager.check(until: .after(.seconds(20))), limit > .now { try await loop.yield() }
            #expect(eager.health == .up)
            #expect(try await eager.transaction { try await $0.query("select 2").only().int(0) } == 2)
            // Restarted between two queries: what may be repeated is, without anybody hearing of it.
            server.stop()
            server.start()
            #expect(try await eager.read("select 3").only().int(0) == 3)
            patient.close()
            eager.close()
        }
        server.stop()
    }

    @Test func aClosedPoolRefuses() async throws {
        try await withPool(size: 1) { (pool, _) in
            try await pool.lease { connection in
                pool.close()
                try await connection.query("select 1")
            }
            #expect(pool.idleCount == 0)
            #expect(await failure { try await pool.query("select 1") }?.kind == .closing)
        }
    }
}
