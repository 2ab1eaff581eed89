internal import EventLoop
internal import Glibc

/// A regular file, open for reading only; nothing here writes, renames or touches one.
final class ReadOnlyFile {
    /// What tells whether a file is what it was: its place, its size, and when it was last written.
    struct Mark: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        let bytes: Int64
        /// Nanoseconds since 1970.
        let modified: Int64

        init(_ facts: stat) {
            device = UInt64(facts.st_dev)
            inode = UInt64(facts.st_ino)
            bytes = Int64(facts.st_size)
            modified = Int64(facts.st_mtim.tv_sec) * 1_000_000_000 + Int64(facts.st_mtim.tv_nsec)
        }
    }

    let path: String
    private let descriptor: Int32

    /// Opens a path; `path` is what errors call it. Links are followed in the folders of it, never at its end.
    init(_ place: String, path: String) throws(ArchiveError) {
        self.path = path
        // Without O_NONBLOCK the opening of a pipe would wait for a writer.
        let opened = open(place, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard opened >= 0 else { throw ArchiveError(path: path, cause: .system(.last("open"))) }
        descriptor = opened
        // The kernel reads ahead twice as far; it is a hint, so what it answers says nothing.
        _ = posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    func mark() throws(ArchiveError) -> Mark {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw failure("fstat") }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw ArchiveError(path: path, cause: .damaged("no regular file")) }
        return Mark(facts)
    }

    /// Fills the front of the array with what stands at `offset`; fewer bytes than there is room for only at the file's end.
    func read(at offset: Int64, into bytes: inout [UInt8]) throws(ArchiveError) -> Int {
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset) + off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("pread") }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private func failure(_ call: String) -> ArchiveError { ArchiveError(path: path, cause: .system(.last(call))) }
}
