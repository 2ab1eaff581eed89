/// A lock that ends by itself (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/, the part on a single
/// instance). It saves work and guards nothing: Redis may lose it.
extension RedisConnection {
    /// Puts a value under a key that has none, for `px` milliseconds. False where there is one.
    package func setIfAbsent(_ key: String, _ value: [UInt8], px: Int) async throws(RedisError) -> Bool {
        let words = [Array("SET".utf8), Array(key.utf8), value, Array("NX".utf8), Array("PX".utf8), Array(String(px).utf8)]
        switch try await command(words) {
        case .string(Array("OK".utf8)): return true
        case .null: return false
        case let other: throw Self.unexpected(other)
        }
    }

    /// Removes a key where it still has this value (https://redis.io/commands/eval/). Whether it had.
    @discardableResult
    package func del(_ key: String, ifEqual value: [UInt8]) async throws(RedisError) -> Bool {
        let script = "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0"
        switch try await command([Array("EVAL".utf8), Array(script.utf8), Array("1".utf8), Array(key.utf8), value]) {
        case .integer(let count): return count == 1
        case let other: throw Self.unexpected(other)
        }
    }
}
