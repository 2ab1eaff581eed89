import EventLoop
@testable import Ingest
import Postgres
import Series
import Store
import Testing
import TestSupport

/// One process's share of a quota, on a store that is slow or told of many things at once.
@Suite struct AllowanceTests {
    private static func with(
        quota: Int = 100, _ body: @escaping @Sendable (isolated Loop, Store, Allowance) async throws -> Void
    ) async throws {
        let configuration = try PostgresConfiguration(try TestServers.postgres())
        let loop = try Loop(name: "allowance test")
        defer { loop.stop() }
        try await loop.run { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            _ = try await Store.migrate(connection, datasets: [])
            connection.close()
            let pool = PostgresPool(configuration, size: 3, on: loop)
            defer { pool.close() }
            let store = Store(pool: pool)
            try await store.declareBudget(upstream: "u", quota: quota, windowSeconds: 3600)
            let traffic = Traffic(atOnceMax: 4)
            let allowance = Allowance(
                upstream: "u", rate: RequestRate(count: quota, seconds: 3600), traffic: traffic, timeoutSeconds: 60, doublingMax: 600,
                store: store, clock: ServiceClock(Store.StoredClock(realAt: 0, shownAt: 0, speed: 1)), loop: loop, observe: { _ in })
            let token = loop.keep(allowance)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run() } }
                defer {
                    traffic.stop()
                    allowance.stop()
                }
                try await body(loop, store, allowance)
            }
        }
    }

    @Test func aRefusalOutlivesAProbeThatWentWellBeforeIt() async throws {
        try await Self.with { loop, store, allowance in
            let early = try await allowance.take(1, .history)
            // Another process was refused, and its rest is over.
            try await store.pool.query("update budgets set is_throttled = true")
            var probe = try await allowance.take(1, .history)
            while !probe.isProbe {
                allowance.ended(probe, isWell: true, seconds: nil)
                probe = try await allowance.take(1, .history)
            }
            allowance.ended(probe, isWell: true, seconds: nil)
            allowance.refused(early, seconds: 600, sentAt: .now)
            let limit = Deadline.after(.seconds(60))
            while try await store.pool.query("select from budgets where quiet_until is not null").isEmpty, .now < limit {
                try await loop.sleep(for: .milliseconds(20))
            }
            let row = try await store.pool.query("select is_throttled, quiet_until > now(), probe_until is null from budgets").only()
            #expect(try row.bool(0) && row.bool(1) && row.bool(2), "all rest, and then one goes first")
        }
    }

    /// A grant lives for a quarter of a second; the store takes longer than that to make one.
    @Test func aSlowStoreSlowsRequestsAndDoesNotStopThem() async throws {
        try await Self.with { _, store, allowance in
            try await store.pool.query("""
                create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.4); return new; end $$
                """)
            try await store.pool.query("create trigger slow before insert on budget_spends for each row execute function slow()")
            for _ in 0..<2 {
                let permit = try await allowance.take(1, .history)
                // The stamp is no earlier than the last moment at which it may be sent.
                let spentAt = permit.spentAt
                let left = Double(permit.goodUntil.nanoseconds) - Double(Deadline.now.nanoseconds)
                #expect(spentAt >= ServiceClock.realNow + left / 1e9 - 0.001)
                allowance.ended(permit, isWell: true, seconds: 1)
            }
        }
    }
}
