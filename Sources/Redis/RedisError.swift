internal import EventLoop

/// Why a command has no reply. After each but `server`, the connection is closed.
package enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The server was away a moment ago and is not asked again yet.
    case unavailable
    case timedOut
    /// Refused, reset, or ended by the server; with what the system said.
    case connectionLost(String)
    /// Bytes that are no reply, or one past a limit.
    case protocolViolation(String)
    /// The server answered with an error.
    case server(String)
    /// The loop is shutting down.
    case closing

    package var description: String {
        switch self {
        case .unavailable: "Redis is away"
        case .timedOut: "Redis did not answer in time"
        case .connectionLost(let reason): "Redis: \(reason)"
        case .protocolViolation(let reason): "Redis sent no valid reply: \(reason)"
        case .server(let message): "Redis answered \(message)"
        case .closing: "the loop is shutting down"
        }
    }

    init(_ error: any Error) {
        switch error {
        case let error as RedisError: self = error
        case WaitError.timedOut: self = .timedOut
        case WaitError.closed: self = .connectionLost("closed while waiting")
        case WaitError.closing: self = .closing
        default: self = .connectionLost("\(error)")
        }
    }
}
