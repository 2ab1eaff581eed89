package import EventLoop
package import Postgres

extension TestServers {
    /// A new database made ready by `prepare`, and a pool of four connections to it, on a loop of its own that lives as long as `body`.
    package static func withDatabase<T: Sendable>(
        _ name: String, prepare: @escaping @Sendable (PostgresConnection) async throws -> Void,
        _ body: @escaping @Sendable (isolated Loop, PostgresPool) async throws -> T
    ) async throws -> T {
        let loop = try Loop(name: name)
        defer { loop.stop() }
        let configuration = try PostgresConfiguration(try postgres())
        return try await loop.run { loop in
            let connection = try await PostgresConnection.connect(configuration, on: loop)
            try await prepare(connection)
            connection.close()
            let pool = PostgresPool(configuration, size: 4, on: loop)
            defer { pool.close() }
            return try await body(loop, pool)
        }
    }
}
