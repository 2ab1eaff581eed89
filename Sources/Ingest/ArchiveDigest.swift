internal import Codec
package import Series

/// What one pass over a source tells without reading its rows: enough to know its content again, and to plan by.
package struct ArchiveDigest: Sendable, Equatable {
    /// SHA-256 of the text, lower-case hex: the same however it is packed.
    package let sha256: String
    package let bytes: Int64
    /// What seems to be in it; how much of that is right is found out when it is read.
    package let glance: ArchiveGlance

    /// Passes over a source once, in bounded memory. Throws where it cannot be read to its end, or is no longer what was found.
    package init(of source: ArchiveSource, format: ArchiveFormat) throws(ArchiveError) {
        let text = try ArchiveText(source)
        var hash = SHA256()
        var glance = format.glance(source.series)
        var piece = [UInt8](repeating: 0, count: ArchiveText.piece)
        var bytes: Int64 = 0
        while true {
            let count = try text.read(into: &piece)
            if count == 0 { break }
            bytes += Int64(count)
            hash.update(piece[..<count])
            glance.read(piece.span.extracting(0..<count))
        }
        glance.finish()
        sha256 = Hex.encode(hash.finish())
        self.bytes = bytes
        self.glance = glance
    }
}
