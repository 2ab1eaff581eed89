import Testing

@testable import Codec

@Suite struct GunzipTests {
    static func unpack(_ bytes: [UInt8], limit: Int64, offered: Int = 1000, piece: Int = 4096) throws -> [UInt8] {
        var at = 0
        let reader = try GunzipReader(limit: limit) { out in
            let count = min(out.count, offered, bytes.count - at)
            out.replaceSubrange(0..<count, with: bytes[at..<at + count])
            at += count
            return count
        }
        var buffer = [UInt8](repeating: 0, count: piece)
        var out: [UInt8] = []
        while true {
            let count = try reader.read(into: &buffer)
            if count == 0 { return out }
            out += buffer[..<count]
        }
    }

    private let text = Array("a page of an upstream, a page of an upstream".utf8)

    @Test(arguments: [1, 7, 100_000], [1, 10, 4096, 1 << 20])
    func piecesAndMembersAreOneText(offered: Int, piece: Int) throws {
        let long = [UInt8](repeating: 7, count: 50_000) + (try randomBytes(5000))
        let packed = try gzip(text) + gzip([]) + gzip(long)
        #expect(try Self.unpack(packed, limit: 1 << 20, offered: offered, piece: piece) == text + long)
    }

    @Test func whatComesIsBounded() throws {
        let bomb = try gzip([UInt8](repeating: 0, count: 50_000_000))
        #expect(throws: GzipError.overLimit) { try Self.unpack(bomb, limit: 49_999_999) }
        #expect(try Self.unpack(bomb, limit: 50_000_000).count == 50_000_000)
    }

    @Test func everyTruncationIsAnError() throws {
        let packed = try gzip(text) + gzip(text)
        let first = try gzip(text).count
        for length in 0..<packed.count where length != first {
            #expect(throws: GzipError.endsEarly, "cut at \(length)") { try Self.unpack(Array(packed[..<length]), limit: 1000) }
        }
    }

    @Test func damageAndWhatFollowsAreErrors() throws {
        let packed = try gzip(text)
        for rest in [[1, 2, 3], [0, 0, 0, 0], Array("text".utf8)] as [[UInt8]] {
            #expect(throws: GzipError.corrupt) { try Self.unpack(packed + rest, limit: 1000) }
        }
        for index in 10..<packed.count {
            var damaged = packed
            damaged[index] ^= 0x10
            let read = try? Self.unpack(damaged, limit: 1000)
            #expect(read == nil || read == text, "byte \(index)")
        }
    }
}
