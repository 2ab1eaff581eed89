extension RedisConnection {
    /// The value of a key, nil where there is none (https://redis.io/commands/get/).
    package func get(_ key: String) async throws(RedisError) -> [UInt8]? {
        switch try await command(["GET", key].map { Array($0.utf8) }) {
        case .string(let bytes): return bytes
        case .null: return nil
        case let other: throw Self.unexpected(other)
        }
    }

    /// Stores a value for `px` milliseconds, for good where that is nil (https://redis.io/commands/set/).
    package func set(_ key: String, _ value: [UInt8], px: Int? = nil) async throws(RedisError) {
        var words: [[UInt8]] = [Array("SET".utf8), Array(key.utf8), value]
        if let px { words += [Array("PX".utf8), Array(String(px).utf8)] }
        let reply = try await command(words)
        if reply != .string(Array("OK".utf8)) { throw Self.unexpected(reply) }
    }

    /// Removes keys; how many there were.
    @discardableResult
    package func del(_ keys: [String]) async throws(RedisError) -> Int {
        if keys.isEmpty { return 0 }
        switch try await command((["DEL"] + keys).map { Array($0.utf8) }) {
        case .integer(let count): return Int(count)
        case let other: throw Self.unexpected(other)
        }
    }

    package func ping() async throws(RedisError) {
        let reply = try await command([Array("PING".utf8)])
        if reply != .string(Array("PONG".utf8)) { throw Self.unexpected(reply) }
    }

    static func unexpected(_ reply: Reply) -> RedisError {
        if case .error(let message) = reply { return .server(message) }
        return .protocolViolation("a reply of another kind than asked for")
    }
}
