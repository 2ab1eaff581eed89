internal import CPostgres
package import EventLoop

/// A message of NOTIFY (sql-notify.html). Only a hint that something may have changed: it is lost with the connection.
package struct Notification: Sendable, Equatable {
    package let channel: String
    package let payload: String
}

extension PostgresConnection {
    package func listen(_ channel: Identifier) async throws {
        try await script("LISTEN \(channel.quoted)")
    }

    package func notify(_ channel: Identifier, payload: String = "") async throws {
        try await query("select pg_notify(\(channel.name), \(payload))")
    }

    /// The next notification, nil where none came before the deadline; the connection stays good then.
    package func notification(until deadline: Deadline) async throws -> Notification? {
        try await exchange(until: deadline) { (handle, deadline) in
            while true {
                if PQconsumeInput(handle) == 0 { throw PostgresError(connection: handle) }
                if let message = PQnotifies(handle) {
                    defer { PQfreemem(message) }
                    return Notification(
                        channel: String(cString: message.pointee.relname), payload: String(cString: message.pointee.extra))
                }
                do throws(WaitError) {
                    try await self.loop.ready(PQsocket(handle), .read, until: deadline)
                } catch {
                    if error == .timedOut { return nil }
                    throw PostgresError(error)
                }
            }
        }
    }
}
