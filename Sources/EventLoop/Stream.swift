internal import Glibc

/// A connected socket on a loop. Not `Sendable`; owned by one task at a time for each direction.
///
/// Registered once with the loop (edge-triggered), so that a request costs one `recv`, one `send` and the loop's
/// `epoll_wait`, and nothing to arm.
package final class Stream {
    package let loop: Loop
    package let descriptor: Int32
    private let state: Descriptor
    private var isOpen = true
    /// The last read was short, so the next would block: wait first. Not believed once the peer hung up (epoll(7)).
    private var drained = false

    /// Takes over an open, non-blocking socket.
    package init(_ descriptor: Int32, on loop: Loop) throws(SystemError) {
        self.loop = loop
        self.descriptor = descriptor
        do {
            try loop.thread.adopt(descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        state = loop.thread.descriptor(descriptor)
    }

    deinit { close() }

    /// Connects, within the deadline. Throws `SystemError` (ECONNREFUSED and its like) or `WaitError`.
    package static func connect(to address: Address, on loop: Loop, until deadline: Deadline) async throws -> Stream {
        let fd = socket(address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if fd < 0 { throw SystemError.last("socket") }
        if address.isTCP { setNoDelay(fd) }
        var failure: Int32 = 0
        do {
            while true {
                failure = 0
                try address.withSockaddr { (pointer, length) in if Glibc.connect(fd, pointer, length) < 0 { failure = errno } }
                // A socket file whose listener has as many waiting as it may: nothing tells when there is room (unix(7)).
                guard failure == EAGAIN, !address.isTCP, deadline > .now else { break }
                try await loop.sleep(for: .milliseconds(5))
            }
        } catch {
            Glibc.close(fd)
            throw error
        }
        if failure != 0 && failure != EINPROGRESS {
            Glibc.close(fd)
            throw SystemError(code: failure, call: "connect \(address)")
        }
        let stream = try Stream(fd, on: loop)
        if failure == EINPROGRESS {
            try await stream.awaitReady(.write, until: deadline)
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size)
            if code != 0 { throw SystemError(code: code, call: "connect \(address)") }
        }
        return stream
    }

    /// Reads what is there, at least one byte unless the peer has ended (0), into `buffer`.
    package func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) async throws -> Int {
        while true {
            if drained && !state.hangup {
                drained = false
                try await awaitReady(.read, until: deadline)
            }
            // Somebody may have closed since the wait was over, and the number may be another socket's by now.
            if !isOpen { throw WaitError.closed }
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 {
                drained = count > 0 && count < buffer.count
                return count
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try await awaitReady(.read, until: deadline)
            default: throw SystemError.last("recv")
            }
        }
    }

    /// Reads what is there without waiting: nil where that would block, 0 where the peer has ended.
    package func readNow(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        try checkOpen("recv")
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw SystemError.last("recv")
            }
        }
    }

    /// Reads up to `count` bytes (at least one; empty where the peer has ended).
    package func read(upTo count: Int, until deadline: Deadline) async throws -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { buffer.deallocate() }
        let got = try await read(into: buffer, until: deadline)
        return Array(buffer[..<got])
    }

    /// Writes all of `bytes`; each stretch without progress is bounded by `stall`.
    package func write(_ bytes: [UInt8], stall: Duration = .seconds(60)) async throws {
        var offset = 0
        while offset < bytes.count {
            if let sent = try sendNow(bytes, from: offset) {
                offset += sent
            } else {
                try await awaitReady(.write, until: .after(stall))
            }
        }
    }

    /// Sends what the socket takes at once: nil where it takes nothing.
    package func sendNow(_ bytes: [UInt8], from offset: Int) throws(SystemError) -> Int? {
        try checkOpen("send")
        while true {
            let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL)) }
            if sent >= 0 { return sent }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw SystemError.last("send")
            }
        }
    }

    /// Sends two buffers in one call (sendmsg(2)) without joining them: how many bytes were taken, nil where none.
    package func sendNow(_ head: [UInt8], _ body: [UInt8]) throws(SystemError) -> Int? {
        try checkOpen("sendmsg")
        while true {
            let sent = head.withUnsafeBytes { first in
                body.withUnsafeBytes { second in
                    var parts = (
                        iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
                        iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
                    )
                    return withUnsafeMutablePointer(to: &parts) { pair in
                        pair.withMemoryRebound(to: iovec.self, capacity: 2) { vector in
                            var message = msghdr()
                            message.msg_iov = vector
                            message.msg_iovlen = 2
                            return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
                        }
                    }
                }
            }
            if sent >= 0 { return sent }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw SystemError.last("sendmsg")
            }
        }
    }

    /// A closed stream's number may belong to another socket, of another loop even: it must not be touched.
    private func checkOpen(_ call: String) throws(SystemError) {
        if !isOpen { throw SystemError(code: EBADF, call: call) }
    }

    package func awaitReady(_ interest: Interest, until deadline: Deadline) async throws(WaitError) {
        if !isOpen { throw .closed }
        try await loop.thread.ready(descriptor, interest, until: deadline)
        // Closed after the wake-up and before this task ran: the number may be somebody else's socket by now.
        if !isOpen { throw .closed }
    }

    /// Ends our half: the peer reads to the end of what was sent (shutdown(2)).
    package func endWriting() {
        if isOpen { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Closes; a task that waits here gets `.closed`. A second call does nothing.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        loop.thread.closeAdopted(descriptor)
    }

    /// Closes with a reset instead of an orderly end: what was not sent is thrown away (SO_LINGER 0, socket(7)).
    package func abort() {
        guard isOpen else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    /// The peer's numeric address, "unix" for a socket file.
    package var peer: String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        return code == 0 ? numericHost(storage) : "unknown"
    }
}

func setNoDelay(_ fd: Int32) {
    var on: Int32 = 1
    setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
}

/// The address in text, without the port.
func numericHost(_ storage: sockaddr_storage) -> String {
    var text = [UInt8](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    var storage = storage
    switch Int32(storage.ss_family) {
    case AF_INET:
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                var ip = address.pointee.sin_addr
                return render(&text) { inet_ntop(AF_INET, &ip, $0, $1) }
            }
        }
    case AF_INET6:
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                var ip = address.pointee.sin6_addr
                return render(&text) { inet_ntop(AF_INET6, &ip, $0, $1) }
            }
        }
    default:
        return "unix"
    }
}

private func render(_ text: inout [UInt8], _ body: (UnsafeMutablePointer<CChar>, socklen_t) -> UnsafePointer<CChar>?) -> String {
    text.withUnsafeMutableBytes { bytes in
        let pointer = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
        return body(pointer, socklen_t(bytes.count)).map { String(cString: $0) } ?? "unknown"
    }
}
