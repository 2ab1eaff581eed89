internal import Glibc

extension Sandbox {
    /// A file of the archive that was written.
    package struct ArchiveFile: Sendable, Hashable {
        /// From the archive's folder on; within a ZIP file, that file's, `!` and the entry's.
        package let path: String
        package let pair: String
        package let interval: Int
        /// The slots that it speaks of: seconds since 1970.
        package let range: Range<Int64>
        /// Whole lines, without a header and the spoiled ones.
        package let rows: Int
        /// Slots whose line is there and cannot be read.
        package let spoiled: [Int64]
    }

    /// A file or folder that cannot be written.
    package struct ArchiveFailure: Error, Sendable, CustomStringConvertible {
        package let path: String
        package let code: Int32

        package var description: String { "\(path) cannot be written: \(String(cString: strerror(code)))" }
    }
}

/// A file that grows at its end.
final class FileSink {
    private let path: String
    private let descriptor: Int32

    /// Makes the folders on the way.
    init(_ path: String) throws(Sandbox.ArchiveFailure) {
        self.path = path
        for end in path.indices where path[end] == "/" && end > path.startIndex {
            let folder = String(path[..<end])
            if mkdir(folder, 0o755) != 0, errno != EEXIST { throw Sandbox.ArchiveFailure(path: folder, code: errno) }
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw Sandbox.ArchiveFailure(path: path, code: errno) }
    }

    deinit { close(descriptor) }

    func add(_ bytes: [UInt8]) throws(Sandbox.ArchiveFailure) {
        var from = 0
        while from < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + from, bytes.count - from) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw Sandbox.ArchiveFailure(path: path, code: errno) }
            from += count
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws(Sandbox.ArchiveFailure) { try FileSink(path).add(bytes) }
}
