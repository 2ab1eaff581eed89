@testable import Codec

/// Writes ZIP archives, sound and unsound, byte by byte: shares nothing with the reader.
struct ZipMaker {
    struct File {
        var name: String
        var text: [UInt8] = []
        var isDeflated = true
        var flags = 0
        var method: Int?
        var checksum: UInt32?
        var statedSize: Int?
        /// What stands in the local header.
        var localName: String?
        var localExtra = 0
        /// Sizes, offset in a ZIP64 field.
        var isWide = false
        /// Where the directory says that the header is.
        var header: Int?
        /// Zeros for its data, stored, that are not held.
        var gap = 0
    }

    /// Size of what stands before the first file, virtually: offsets are counted from there.
    var origin = 0
    var isWide = false
    var comment: [UInt8] = []

    func bytes(_ files: [File]) throws -> [UInt8] { try parts(files).flatMap(\.bytes) }

    /// What stands where; between is nothing but zeros.
    func parts(_ files: [File]) throws -> [(offset: Int, bytes: [UInt8])] {
        var parts: [(offset: Int, bytes: [UInt8])] = []
        var origin = origin
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let packed = file.isDeflated ? try deflated(file.text) : file.text
            let header = file.header ?? origin + out.count
            let method = file.method ?? (file.isDeflated ? 8 : 0)
            let checksum = file.checksum ?? Self.checksum(file.text)
            let local = Array((file.localName ?? file.name).utf8)
            out += number(0x0403_4B50, 4) + number(20, 2) + number(file.flags, 2) + number(method, 2) + number(0, 4)
            // Sizes stand behind the data: zero here.
            out += number(0, 12) + number(local.count, 2) + number(file.localExtra, 2) + local
            out += [UInt8](repeating: 9, count: file.localExtra)
            out += packed
            if file.flags & 8 != 0 {
                out += number(0x0807_4B50, 4) + number(Int(checksum), 4) + number(packed.count, 4) + number(file.text.count, 4)
            }
            let size = file.statedSize ?? file.text.count + file.gap
            if file.gap > 0 {
                parts.append((origin, out))
                origin += out.count + file.gap
                out = []
            }
            let extra = file.isWide ? number(0x7855, 2) + number(1, 2) + [0] + number(1, 2) + number(24, 2)
                + number(size, 8) + number(packed.count, 8) + number(header, 8) : []
            directory += number(0x0201_4B50, 4) + number(45, 2) + number(45, 2) + number(file.flags, 2) + number(method, 2) + number(0, 4)
            directory += number(Int(checksum), 4) + number(file.isWide ? 0xFFFF_FFFF : packed.count + file.gap, 4)
            directory += number(file.isWide ? 0xFFFF_FFFF : size, 4) + number(file.name.utf8.count, 2) + number(extra.count, 2)
            directory += number(0, 10) + number(file.isWide ? 0xFFFF_FFFF : header, 4) + Array(file.name.utf8) + extra
        }
        let start = origin + out.count
        out += directory
        if isWide {
            let record = origin + out.count
            out += number(0x0606_4B50, 4) + number(44, 8) + number(45, 2) + number(45, 2) + number(0, 8)
            out += number(files.count, 8) + number(files.count, 8) + number(directory.count, 8) + number(start, 8)
            out += number(0x0706_4B50, 4) + number(0, 4) + number(record, 8) + number(1, 4)
        }
        let count = isWide ? 0xFFFF : files.count
        out += number(0x0605_4B50, 4) + number(0, 4) + number(count, 2) + number(count, 2) + number(directory.count, 4)
        out += number(isWide ? 0xFFFF_FFFF : start, 4) + number(comment.count, 2) + comment
        return parts + [(origin, out)]
    }

    /// The lowest bytes of a number.
    private func number(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: $0 < 8 ? value >> (8 * $0) : 0) }
    }

    /// A gzip member without its header of ten bytes and its trailer of eight.
    private func deflated(_ text: [UInt8]) throws -> [UInt8] { Array(try gzip(text).dropFirst(10).dropLast(8)) }

    /// CRC-32 bit by bit, by its polynomial.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
