/// One file of a ZIP archive, as the directory has it.
package struct ZipEntry: Sendable, Hashable {
    /// With its folders, parted by `/`. Bytes that are no UTF-8 show as replacement characters.
    package let name: String
    /// Bytes of its data in the archive, and unpacked.
    package let packedBytes: Int64
    package let bytes: Int64
    /// Why it is not read, where that is known beforehand; the others of the archive are.
    package internal(set) var refusal: ZipError.Reason?

    /// The name as it stands in the archive.
    let nameBytes: [UInt8]
    let checksum: UInt32
    let isDeflated: Bool
    /// Where its local header begins.
    let header: Int64
    /// Where something else begins: its header and data end before.
    var end: Int64
}

/// Numbers of the archive's records, lowest byte first (APPNOTE.TXT section 4.4).
struct ZipFields {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// The number of `width` bytes at `offset`, which the caller knows to be there.
    func number(_ offset: Int, _ width: Int) -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<width { value |= UInt64(bytes[bytes.startIndex + offset + place]) << UInt64(8 * place) }
        return value
    }

    func u16(_ offset: Int) -> Int { Int(number(offset, 2)) }

    func u32(_ offset: Int) -> UInt32 { UInt32(number(offset, 4)) }

    /// nil where no file is so large.
    func size(_ offset: Int, _ width: Int) -> Int64? { Int64(exactly: number(offset, width)) }
}
