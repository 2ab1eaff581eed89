internal import CPostgres
package import EventLoop

extension PostgresConnection {
    /// Runs `body` between BEGIN and COMMIT; whatever it throws rolls back and is thrown on. An error while COMMIT is
    /// under way without an answer is `.commitOutcomeUnknown`.
    package func transaction<T>(
        until deadline: Deadline? = nil, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        if isOpen && isInTransaction { throw PostgresError(.misuse, "a transaction inside a transaction") }
        try await script("BEGIN", until: deadline)
        let value: T
        do {
            value = try await body(self)
        } catch {
            await rollBack(until: deadline)
            throw error
        }
        try await commit(until: deadline)
        return value
    }

    private func commit(until deadline: Deadline?) async throws {
        // A body that let its connection be closed has nothing to commit: that outcome is known.
        guard isOpen else { throw PostgresError(.connectionLost, "the connection was lost inside the transaction") }
        let tag: String
        do {
            tag = try await script("COMMIT", until: deadline).tag
        } catch var error as PostgresError where !isOpen {
            error.kind = .commitOutcomeUnknown
            throw error
        }
        // COMMIT of a failed transaction is not an error to the server: it says ROLLBACK.
        if tag != "COMMIT" { throw PostgresError(.rolledBack, "COMMIT was answered with \(tag)") }
    }

    private func rollBack(until deadline: Deadline?) async {
        guard isOpen else { return }
        do { try await script("ROLLBACK", until: deadline) } catch { close() }
    }
}
