import EventLoop
import Postgres
import Store
import TestSupport

/// A process as the store sees it: a loop and connections of its own, all on one database.
struct StoreProcess {
    let loop: Loop
    let store: Local<Store>

    init(_ configuration: PostgresConfiguration, migrating: Bool = false) throws {
        let loop = try Loop(name: "process")
        self.loop = loop
        store = try loop.runBlocking { loop in
            if migrating {
                let connection = try await PostgresConnection.connect(configuration, on: loop)
                _ = try await Store.migrate(connection, datasets: [])
                connection.close()
            }
            return loop.keep(Store(pool: PostgresPool(configuration, size: 3, on: loop, waitLimit: .seconds(30))))
        }
    }

    func run<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Store) async throws -> T) async throws -> T {
        let store = store
        return try await loop.run { loop in try await body(loop, loop[store]) }
    }

    func stop() {
        let store = store
        try? loop.runBlocking { loop in loop[store].pool.close() }
        loop.stop()
    }

    /// So many of them, and a budget `u`.
    static func with(_ count: Int, quota: Int, window: Int, _ body: ([StoreProcess]) async throws -> Void) async throws {
        let configuration = try PostgresConfiguration(try TestServers.postgres())
        var processes = [try StoreProcess(configuration, migrating: true)]
        for _ in 1..<count { processes.append(try StoreProcess(configuration)) }
        defer { processes.forEach { $0.stop() } }
        try await processes[0].run { _, store in
            try await store.declareBudget(upstream: "u", quota: quota, windowSeconds: window)
        }
        try await body(processes)
    }
}
