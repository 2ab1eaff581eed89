internal import CCrypto

/// The system's random source gave nothing: no token may be made then.
package struct RandomFailure: Error, Sendable {}

/// `count` bytes that nobody can guess, from libcrypto's generator (RAND_bytes(3)).
package func randomBytes(_ count: Int) throws(RandomFailure) -> [UInt8] {
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    guard let length = Int32(exactly: count), RAND_bytes(&bytes, length) == 1 else { throw RandomFailure() }
    return bytes
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone (CRYPTO_memcmp(3)). For secrets compare digests, whose
/// lengths are equal.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
