internal import CCrypto

/// HMAC with SHA-256 (RFC 2104, FIPS 198-1) through libcrypto.
package enum HMACSHA256 {
    /// The 32 bytes of the code of a message under a key of any length.
    package static func code(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        // An empty array may have no address, and to HMAC no key at all would mean "the key of the call before" (HMAC(3)).
        let bytes = key.isEmpty ? [0] : key
        return [UInt8](unsafeUninitializedCapacity: SHA256.size) { buffer, count in
            var size: UInt32 = 0
            let done = HMAC(EVP_sha256(), bytes, Int32(key.count), message, message.count, buffer.baseAddress, &size)
            precondition(done != nil && size == SHA256.size, "HMAC")
            count = SHA256.size
        }
    }
}
