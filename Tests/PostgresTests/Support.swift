import EventLoop
import Postgres
import Synchronization

private let databases = Atomic(0)

/// A database of the test's own on the shared server.
func freshDatabase() async throws -> PostgresConfiguration {
    let name = "test_\(databases.add(1, ordering: .relaxed).newValue)"
    var configuration = TestServer.shared.configuration()
    // Copying the template is the disk's work: on a slow machine it may take longer than any statement of ours.
    configuration.statementTimeout = .zero
    let admin = configuration
    try await onLoop { loop in
        let connection = try await PostgresConnection.connect(admin, on: loop)
        try await connection.script("create database \(name)", until: .after(.seconds(60)))
    }
    return TestServer.shared.configuration(database: name)
}

/// Runs `body` on a loop made for it and ends the loop.
func onLoop<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) async throws -> T {
    let loop = try Loop(name: "test")
    let result: Result<T, any Error>
    do { result = .success(try await loop.run(body)) } catch { result = .failure(error) }
    loop.stop()
    return try result.get()
}

/// Runs `body` with a connection to a database of its own.
func withConnection(
    _ change: @Sendable (inout PostgresConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (PostgresConnection) async throws -> Void
) async throws {
    var configuration = try await freshDatabase()
    change(&configuration)
    let final = configuration
    try await onLoop { loop in try await body(PostgresConnection.connect(final, on: loop)) }
}

/// The error that `body` throws, nil where it throws none or another type.
func failure<E: Error>(_ type: E.Type = PostgresError.self, _ body: () async throws -> Void) async -> E? {
    do { try await body() } catch { return error as? E }
    return nil
}
