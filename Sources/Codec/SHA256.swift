internal import CCrypto

/// SHA-256 (FIPS 180-4) through libcrypto: whole, or in pieces.
///
///     var digest = SHA256()
///     while let piece = read() { digest.update(piece) }
///     let hash = digest.finish()
package struct SHA256: ~Copyable {
    /// Bytes of a hash.
    package static let size = 32

    private let context: OpaquePointer

    package init() {
        // Both fail only where memory is out or libcrypto was built without SHA-256: nothing can go on then.
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("EVP_MD_CTX_new found no memory for a digest") }
        let begun = EVP_DigestInit_ex(context, EVP_sha256(), nil)
        precondition(begun == 1, "EVP_DigestInit_ex found no SHA-256 in libcrypto")
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        let done = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(done == 1, "EVP_DigestUpdate")
    }

    package mutating func update(_ bytes: [UInt8]) { update(bytes[...]) }

    /// The 32 bytes of the hash of everything that was given.
    package consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.size) { buffer, count in
            let done = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(done == 1, "EVP_DigestFinal_ex")
            count = SHA256.size
        }
    }

    /// The 32 bytes of the hash of `bytes`.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }

    /// The hash in lower-case hex, 64 characters.
    package static func hex(_ bytes: [UInt8]) -> String { Hex.encode(hash(bytes)) }
}
