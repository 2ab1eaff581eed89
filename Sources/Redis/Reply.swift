/// What the server answered (RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/).
package enum Reply: Sendable, Equatable {
    /// A bulk string or a status line.
    case string([UInt8])
    case integer(Int64)
    case null
    case array([Reply])
    case error(String)
}
