import Testing

@testable import Codec

@Suite struct GzipTests {
    @Test(arguments: [0, 1, 100, 65_535, 65_536, 65_537, 1_000_000])
    func roundTrip(count: Int) throws {
        for bytes in [[UInt8](repeating: 7, count: count), try randomBytes(count)] {
            for level in [1, 6, 9] {
                let packed = try gzip(bytes, level: level)
                #expect(packed.starts(with: [0x1F, 0x8B]))
                #expect(try gunzip(packed, limit: count) == bytes)
                #expect(try gzip(bytes, level: level) == packed)
            }
        }
    }

    @Test func theOutputIsBounded() throws {
        let bomb = try gzip([UInt8](repeating: 0, count: 50_000_000))
        #expect(bomb.count < 100_000)
        #expect(throws: GzipError.overLimit) { try gunzip(bomb, limit: 1_000_000) }
        #expect(throws: GzipError.overLimit) { try gunzip(bomb, limit: 49_999_999) }
        #expect(throws: GzipError.overLimit) { try gunzip(try gzip([1]), limit: 0) }
        #expect(try gunzip(bomb, limit: 50_000_000).count == 50_000_000)
    }

    @Test func piecesAreOneText() throws {
        for pieces in [0, 1, 3, 1000] {
            let writer = try GzipWriter()
            var text: [UInt8] = []
            var packed: [UInt8] = []
            for number in 0..<pieces {
                let piece = Array(String(repeating: "row \(number * 7919 % 997),", count: number % 50).utf8)
                text += piece
                packed += writer.add(piece)
            }
            packed += writer.finish()
            #expect(try gunzip(packed, limit: 1 << 24) == text)
        }
    }

    @Test func membersOnEndAreOneText() throws {
        let packed = try gzip(Array("ab".utf8)) + gzip(Array("cd".utf8)) + gzip([])
        #expect(try gunzip(packed, limit: 4) == Array("abcd".utf8))
        #expect(throws: GzipError.overLimit) { try gunzip(packed, limit: 3) }
    }

    @Test func everyTruncationIsAnError() throws {
        let packed = try gzip(Array("a page of an upstream, a page of an upstream".utf8))
        for length in 0..<packed.count {
            #expect(throws: GzipError.endsEarly, "cut at \(length)") { try gunzip(Array(packed[..<length]), limit: 1000) }
        }
    }

    @Test func damageIsSeen() throws {
        let text = Array("a page of an upstream, a page of an upstream".utf8)
        let packed = try gzip(text)
        #expect(throws: GzipError.corrupt) { try gunzip(Array("not gzip at all".utf8), limit: 1000) }
        #expect(throws: GzipError.corrupt) { try gunzip(packed + [1, 2, 3], limit: 1000) }
        // Past the header the checksum sees what the code does not; only the spare bits behind the last code mean nothing.
        for index in 10..<packed.count {
            var damaged = packed
            damaged[index] ^= 0x10
            let read = try? gunzip(damaged, limit: 1000)
            #expect(read == nil || read == text, "byte \(index)")
        }
    }
}
