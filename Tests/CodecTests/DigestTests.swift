import Testing

@testable import Codec

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownAnswers(text: String, hash: String) {
        #expect(SHA256.hex(Array(text.utf8)) == hash)
        #expect(SHA256.hash(Array(text.utf8)) == Hex.decode(hash))
    }

    @Test func aMillionLettersInPieces() {
        var digest = SHA256()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 999)
        for _ in 0..<1001 { digest.update(piece) }
        digest.update(piece[0..<1])
        #expect(Hex.encode(digest.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func comparison() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
    }

    @Test func randomness() throws {
        #expect(try randomBytes(0) == [])
        let many = try (0..<64).map { _ in try randomBytes(16) }
        #expect(many.allSatisfy { $0.count == 16 })
        #expect(Set(many).count == 64)
    }
}
