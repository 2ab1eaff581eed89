internal import Codec

/// A ZIP file (PKWARE's APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16), entry by entry: stored or deflated, without the extensions for
/// more than 4 GB or 65,535 entries. Equal entries make equal files: all are of 1980-01-01.
final class ZipWriter {
    private let sink: FileSink
    private let isStored: Bool
    private var length = 0
    private var directory: [UInt8] = []
    private var count = 0

    init(_ path: String, isStored: Bool) throws(Sandbox.ArchiveFailure) {
        sink = try FileSink(path)
        self.isStored = isStored
    }

    func add(_ name: String, _ bytes: [UInt8]) throws {
        // gzip (RFC 1952) is ten bytes, deflate, the CRC and the length: its packing and its sum are just those that a ZIP file takes.
        let packed = try gzip(bytes)
        let data = isStored ? bytes : Array(packed[10..<packed.count - 8])
        precondition(length + data.count < 1 << 32 && bytes.count < 1 << 32 && count < 65_535, "a ZIP file of the small kind")
        var fields: [UInt8] = []
        // The version needed, flags (names are UTF-8), the method, time and date.
        for value in [isStored ? 10 : 20, 0x800, isStored ? 0 : 8, 0, 0x21] { fields.add(value, 2) }
        fields += packed[(packed.count - 8)..<(packed.count - 4)]
        fields.add(data.count, 4)
        fields.add(bytes.count, 4)
        fields.add(name.utf8.count, 2)
        fields.add(0, 2)
        var local: [UInt8] = []
        local.add(0x0403_4B50, 4)
        local += fields
        local += name.utf8
        directory.add(0x0201_4B50, 4)
        directory.add(0x031E, 2)
        directory += fields
        // No remark, the first disk, no text, rights of a file, and where it begins.
        for (value, width) in [(0, 2), (0, 2), (0, 2), (0o100644 << 16, 4), (length, 4)] { directory.add(value, width) }
        directory += name.utf8
        try sink.add(local)
        try sink.add(data)
        length += local.count + data.count
        count += 1
    }

    func finish() throws(Sandbox.ArchiveFailure) {
        var end = directory
        end.add(0x0605_4B50, 4)
        for (value, width) in [(0, 2), (0, 2), (count, 2), (count, 2), (directory.count, 4), (length, 4), (0, 2)] { end.add(value, width) }
        try sink.add(end)
    }
}

extension [UInt8] {
    /// The least byte first.
    fileprivate mutating func add(_ value: Int, _ width: Int) {
        for index in 0..<width { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
