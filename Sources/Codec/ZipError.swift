/// Why a ZIP archive, or one entry of it, is not read.
package struct ZipError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable {
        case notWhole = "no directory at its end: not a ZIP archive, or not all of it"
        case directoryMisplaced = "its directory is not where its end says"
        case directoryDamaged = "its directory is damaged"
        case directoryTooLarge = "its directory is larger than any archive's should be"
        case severalFiles = "it is one part of several"
        case overlapping = "it shares bytes with another"
        case nameTwice = "another has the same name"
        case unsafeName = "the name leads out of the archive"
        case encrypted = "it is encrypted"
        case unknownMethod = "it is packed by another method than deflate"
        case headerDiffers = "its header is not the directory's"
        case damaged = "its data are damaged"
        case endsEarly = "its data end early"
        case checksumDiffers = "its checksum differs"
        case sizeDiffers = "its size is not the directory's"
        case overLimit = "it is larger unpacked than is allowed"
        case outOfMemory = "zlib is out of memory"
    }

    package let reason: Reason
    /// The entry's name; nil where the archive as a whole is meant.
    package let entry: String?

    package init(_ reason: Reason, entry: String? = nil) {
        self.reason = reason
        self.entry = entry
    }

    package var description: String { entry.map { "\($0): \(reason.rawValue)" } ?? reason.rawValue }
}
