/// The end of a ZIP archive, which says where its directory is (APPNOTE.TXT sections 4.3.14 to 4.3.16).
struct ZipEnd {
    /// Where the directory stands.
    let directory: Range<Int64>
    let count: Int64
    /// Offsets, and the count, are what is left of them in 32 and 16 bits.
    let isOffsetWrapped: Bool
    let isCountWrapped: Bool

    private static let length = 22
    private static let longestComment = 65_535

    init(size: Int64, read: ZipDirectory.PositionalRead) throws {
        let start = max(0, size - Int64(Self.length + Self.longestComment))
        let tail = try ZipDirectory.bytes(start..<max(start, size), read)
        guard let place = Self.place(in: tail) else { throw ZipError(.notWhole) }
        let end = ZipFields(tail[place..<place + Self.length])
        let offset = start + Int64(place)
        if let wide = try Self.wide(before: offset, read) {
            self = wide
            return
        }
        guard end.u16(4) == 0, end.u16(6) == 0, end.u16(8) == end.u16(10) else { throw ZipError(.severalFiles) }
        let bytes = Int64(end.u32(12))
        let stated = Int64(end.u32(16))
        let from = offset - bytes
        guard from >= stated, (from - stated) % (1 << 32) == 0 else { throw ZipError(.directoryMisplaced) }
        directory = from..<offset
        count = Int64(end.u16(10))
        isOffsetWrapped = from != stated
        isCountWrapped = true
    }

    private init(directory: Range<Int64>, count: Int64) {
        self.directory = directory
        self.count = count
        isOffsetWrapped = false
        isCountWrapped = false
    }

    /// The last record whose comment ends with the file.
    private static func place(in tail: [UInt8]) -> Int? {
        var place = tail.count - length
        while place >= 0 {
            let record = ZipFields(tail[place...])
            if record.u32(0) == 0x0605_4B50, place + length + record.u16(20) == tail.count { return place }
            place -= 1
        }
        return nil
    }

    /// The ZIP64 record, where a locator of one stands before the end.
    private static func wide(before offset: Int64, _ read: ZipDirectory.PositionalRead) throws -> ZipEnd? {
        guard offset >= 20 else { return nil }
        let locator = ZipFields(try ZipDirectory.bytes(offset - 20..<offset, read)[...])
        guard locator.u32(0) == 0x0706_4B50 else { return nil }
        guard locator.u32(4) == 0, locator.u32(16) <= 1 else { throw ZipError(.severalFiles) }
        guard let place = locator.size(8, 8), place <= offset - 20 - 56 else { throw ZipError(.directoryMisplaced) }
        let record = ZipFields(try ZipDirectory.bytes(place..<place + 56, read)[...])
        guard record.u32(0) == 0x0606_4B50, let count = record.size(32, 8), let bytes = record.size(40, 8),
            let from = record.size(48, 8), from <= place, bytes <= place - from
        else { throw ZipError(.directoryMisplaced) }
        guard record.u32(16) == 0, record.u32(20) == 0 else { throw ZipError(.severalFiles) }
        return ZipEnd(directory: from..<from + bytes, count: count)
    }
}
