internal import Glibc

/// flock(2) on a file. Held by the open file description, so it ends with the process however that ends, two holders in
/// one process exclude each other like two processes, and children (which inherit no descriptor) do not prolong it.
struct DirectoryLock: ~Copyable {
    private let fd: Int32

    init(_ path: String) throws {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if fd < 0 { throw Files.failure(path, "open") }
    }

    deinit { close(fd) }

    func shared() { lock(LOCK_SH) }
    func exclusive() { lock(LOCK_EX) }

    /// Turning shared into exclusive gives up the shared lock first, and for good when this returns false (flock(2)):
    /// of two that leave at the same time, the later one always succeeds.
    func tryExclusive() -> Bool {
        while flock(fd, LOCK_EX | LOCK_NB) != 0 {
            if errno != EINTR { return false }
        }
        return true
    }

    func release() { lock(LOCK_UN) }

    private func lock(_ operation: Int32) {
        while flock(fd, operation) != 0 && errno == EINTR {}
    }
}
