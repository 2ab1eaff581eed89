internal import Glibc
internal import Synchronization

/// Where log lines go. No reader is waited for: what a full pipe, socket or terminal does not take is dropped and counted, since
/// one that stalls must not stall the service. (A file is written as fast as its disk is.) Lines stay whole, whoever writes beside whom.
final class LogSink: Sendable {
    /// How a descriptor is written to without waiting, and without changing flags that it shares with other processes.
    private enum Way {
        /// A file, or a pipe opened anew for us alone.
        case write(Int32)
        case send(Int32)
        /// A terminal, or a pipe that may not be opened anew: asked first, and given what it then surely takes (pipe(7)).
        case polled(Int32)
    }

    private let way: Way
    /// A descriptor that was opened here.
    private let own: Int32?
    /// The rest of a line of which a part was taken.
    private let rest = Mutex<[UInt8]>([])
    private let dropped = Atomic<Int>(0)

    static let standardError = LogSink(2)

    init(_ descriptor: Int32) {
        var facts = stat()
        _ = fstat(descriptor, &facts)
        switch facts.st_mode & S_IFMT {
        case S_IFIFO:
            let again = open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            own = again >= 0 ? again : nil
            way = again >= 0 ? .write(again) : .polled(descriptor)
        case S_IFSOCK: (way, own) = (.send(descriptor), nil)
        case S_IFCHR: (way, own) = (.polled(descriptor), nil)
        default: (way, own) = (.write(descriptor), nil)
        }
    }

    deinit { if let own { close(own) } }

    /// Lines that were not written.
    var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Whole lines, each with its end.
    func write(_ lines: [UInt8]) {
        rest.withLock { rest in
            var taken = 0
            if !rest.isEmpty {
                rest.removeFirst(put(rest, from: 0))
                if !rest.isEmpty { return drop(lines[...]) }
            }
            taken = put(lines, from: 0)
            if taken == lines.count { return }
            if taken > 0, lines[taken - 1] != 10 {
                let end = lines[taken...].firstIndex(of: 10).map { $0 + 1 } ?? lines.count
                rest = Array(lines[taken..<end])
                taken = end
            }
            drop(lines[taken...])
        }
    }

    private func drop(_ lines: ArraySlice<UInt8>) {
        let count = lines.count { $0 == 10 }
        if count > 0 { dropped.add(count, ordering: .relaxed) }
    }

    /// How many bytes were taken at once.
    private func put(_ bytes: [UInt8], from start: Int) -> Int {
        var offset = start
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { all in once(UnsafeRawBufferPointer(rebasing: all[offset...])) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            offset += count
        }
        return offset - start
    }

    private func once(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch way {
        case .write(let descriptor): return Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        case .send(let descriptor):
            return Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        case .polled(let descriptor):
            var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wanted, 1, 0) == 1, wanted.revents & Int16(POLLOUT) != 0 else { return 0 }
            return Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, 4096))
        }
    }
}
