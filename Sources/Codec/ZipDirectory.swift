/// What is in a ZIP archive, by its central directory, which alone rules: PKWARE's APPNOTE.TXT, sections 4.3.12 to 4.3.16, ZIP64
/// included.
///
/// macOS's Archive Utility wrote archives of 4 GiB and more without ZIP64 for years: offsets, and the count of entries, are what is left
/// of them in 32 and 16 bits (github.com/thejoshwolfe/yauzl, issue 69). They are read: the directory lies right before its end record, and
/// each header behind the one before it.
package struct ZipDirectory: Sendable {
    /// Fills the front of the array with what stands at an offset; how many bytes that were, fewer than there is room for only at the end.
    package typealias PositionalRead = (Int64, inout [UInt8]) throws -> Int

    /// Files, in the directory's order; folders are left out.
    package let entries: [ZipEntry]

    /// - Parameters:
    ///   - size: bytes of the archive.
    ///   - largest: bytes that the directory may have; it is held while it is read.
    /// Throws `ZipError`, and what `read` throws.
    package init(size: Int64, largest: Int = 64 << 20, read: PositionalRead) throws {
        let end = try ZipEnd(size: size, read: read)
        guard end.directory.count <= largest else { throw ZipError(.directoryTooLarge) }
        let bytes = try Self.bytes(end.directory, read)
        var walk = Walk(end: end)
        var at = 0
        while at < bytes.count { at = try walk.entry(bytes, at) }
        guard end.isCountWrapped ? walk.count % 65_536 == end.count : Int64(walk.count) == end.count else {
            throw ZipError(.directoryDamaged)
        }
        entries = try Self.parted(walk.entries, before: end.directory.lowerBound)
    }

    /// Exactly these bytes.
    static func bytes(_ range: Range<Int64>, _ read: PositionalRead) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        if bytes.isEmpty { return bytes }
        guard try read(range.lowerBound, &bytes) >= bytes.count else { throw ZipError(.notWhole) }
        return bytes
    }

    /// With the end of each; throws where two share bytes, which is how small archives unpack to endless ones.
    private static func parted(_ entries: [ZipEntry], before directory: Int64) throws(ZipError) -> [ZipEntry] {
        var entries = entries
        var end = directory
        for place in entries.indices.sorted(by: { entries[$0].header > entries[$1].header }) {
            let entry = entries[place]
            // Header and name at the least; how long the rest of it is stands there.
            guard entry.packedBytes <= end - entry.header - 30 - Int64(entry.nameBytes.count) else {
                throw ZipError(.overlapping, entry: entry.name)
            }
            entries[place].end = end
            end = entry.header
        }
        return entries.filter { $0.nameBytes.last != UInt8(ascii: "/") }
    }

    /// The walk through the directory's records.
    private struct Walk {
        let end: ZipEnd
        var entries: [ZipEntry] = []
        var count = 0
        private var names: Set<[UInt8]> = []
        /// Behind the entry before, by what its record says.
        private var behind: Int64 = 0

        init(end: ZipEnd) { self.end = end }

        /// Takes the record at `at`; where the next one begins.
        mutating func entry(_ bytes: [UInt8], _ at: Int) throws(ZipError) -> Int {
            guard bytes.count - at >= 46 else { throw ZipError(.directoryDamaged) }
            let fields = ZipFields(bytes[at..<at + 46])
            let nameEnd = at + 46 + fields.u16(28)
            let next = nameEnd + fields.u16(30) + fields.u16(32)
            guard fields.u32(0) == 0x0201_4B50, next <= bytes.count else { throw ZipError(.directoryDamaged) }
            let nameBytes = Array(bytes[at + 46..<nameEnd])
            let name = String(decoding: nameBytes, as: UTF8.self)
            guard let sizes = ZipSizes(fields, extra: bytes[nameEnd..<nameEnd + fields.u16(30)]) else {
                throw ZipError(.directoryDamaged, entry: name)
            }
            guard sizes.disk == 0 else { throw ZipError(.severalFiles, entry: name) }
            var header = sizes.header
            if end.isOffsetWrapped { while header < behind { header += 1 << 32 } }
            guard header <= end.directory.lowerBound - 30 else { throw ZipError(.directoryDamaged, entry: name) }
            let least = header + 30 + Int64(nameBytes.count)
            guard sizes.packed <= end.directory.lowerBound - least else { throw ZipError(.overlapping, entry: name) }
            behind = least + sizes.packed
            count += 1
            let refusal = names.insert(nameBytes).inserted ? Self.refusal(fields, sizes, nameBytes) : .nameTwice
            entries.append(ZipEntry(
                name: name, packedBytes: sizes.packed, bytes: sizes.bytes, refusal: refusal, nameBytes: nameBytes,
                checksum: fields.u32(16), isDeflated: fields.u16(10) == 8, header: header, end: end.directory.lowerBound))
            return next
        }

        private static func refusal(_ fields: ZipFields, _ sizes: ZipSizes, _ name: [UInt8]) -> ZipError.Reason? {
            if isUnsafe(name) { return .unsafeName }
            // Bits 0, 6 and 13: encrypted, strongly so, and a directory that hides what it says (section 4.4.4).
            if fields.u16(8) & 0x2041 != 0 { return .encrypted }
            switch fields.u16(10) {
            case 0: return sizes.packed == sizes.bytes ? nil : .sizeDiffers
            case 8: return nil
            default: return .unknownMethod
            }
        }

        /// No file is written under such a name here; but who packs one means no good, and names are shown.
        private static func isUnsafe(_ name: [UInt8]) -> Bool {
            name.isEmpty || name[0] == UInt8(ascii: "/") || name.contains { $0 < 0x20 || $0 == UInt8(ascii: "\\") || $0 == 0x7F }
                || name.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
        }
    }
}

/// Sizes and place of an entry, from its record or, where they do not fit there, from its ZIP64 field (section 4.5.3).
private struct ZipSizes {
    var packed: Int64
    var bytes: Int64
    var header: Int64
    var disk: Int64

    init?(_ fields: ZipFields, extra: ArraySlice<UInt8>) {
        packed = Int64(fields.u32(20))
        bytes = Int64(fields.u32(24))
        disk = Int64(fields.u16(34))
        header = Int64(fields.u32(42))
        var rest = extra
        while rest.count >= 4 {
            let head = ZipFields(rest)
            let length = head.u16(2)
            guard rest.count >= 4 + length else { return nil }
            let field = rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
            if head.u16(0) == 1 {
                guard take(field) else { return nil }
                break
            }
        }
    }

    /// Only those are there that did not fit, in this order.
    private mutating func take(_ field: ArraySlice<UInt8>) -> Bool {
        var rest = field
        func next(_ width: Int) -> Int64? {
            guard rest.count >= width else { return nil }
            defer { rest = rest.dropFirst(width) }
            return ZipFields(rest).size(0, width)
        }
        if bytes == 0xFFFF_FFFF {
            guard let size = next(8) else { return false }
            bytes = size
        }
        if packed == 0xFFFF_FFFF {
            guard let size = next(8) else { return false }
            packed = size
        }
        if header == 0xFFFF_FFFF {
            guard let offset = next(8) else { return false }
            header = offset
        }
        if disk == 0xFFFF {
            guard let number = next(4) else { return false }
            disk = number
        }
        return true
    }
}
