internal import EventLoop
internal import Glibc

/// The few file operations that servers need, without Foundation. Errors carry the path, which a bare errno lacks.
enum Files {
    struct Facts {
        let owner: uid_t
        let group: gid_t
        let mode: mode_t
        let bytes: Int

        var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
        var isSocket: Bool { mode & S_IFMT == S_IFSOCK }
    }

    /// Does not follow a symbolic link at the end of the path.
    static func facts(_ path: String) -> Facts? {
        var info = stat()
        guard lstat(path, &info) == 0 else { return nil }
        return Facts(owner: info.st_uid, group: info.st_gid, mode: info.st_mode, bytes: Int(info.st_size))
    }

    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    /// Whole file, at most `limit` bytes, nil where it cannot be read. For /proc and small files.
    static func text(_ path: String, limit: Int = 65_536) -> String? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var filled = 0
        while filled < limit {
            let count = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress! + filled, limit - filled) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw failure(path, "open") }
        defer { close(fd) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress!, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(path, "write") }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes the directory and those above it.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        if let facts = facts(path), facts.isDirectory { return }
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure(path, "mkdir")
        }
        try makeDirectory(String(path[..<slash]))
        if mkdir(path, mode) != 0 && errno != EEXIST { throw failure(path, "mkdir") }
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count) }
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Absolute, links resolved: two spellings of one directory must lead to one server.
    static func real(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw failure(path, "realpath") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Removes a directory with all in it; does not follow links, says nothing about what was not there.
    static func remove(_ path: String) {
        if let facts = facts(path), facts.isDirectory {
            for name in names(in: path) { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    static func failure(_ path: String, _ call: String) -> ServerError {
        ServerError("\(path): \(SystemError.last(call))")
    }
}
