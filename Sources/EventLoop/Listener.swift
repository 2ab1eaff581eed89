internal import CSystem
internal import Glibc

/// A listening socket on a loop. Several loops may listen on one TCP port (SO_REUSEPORT, socket(7)): the kernel spreads
/// the connections over them.
package final class Listener {
    package let loop: Loop
    /// Where it listens, with the port that the kernel chose.
    package let address: Address
    private let descriptor: Int32
    private var isOpen = true
    /// Bytes that the kernel takes for one connection beyond what it could send at once (tcp(7), TCP_NOTSENT_LOWAT).
    private static let unsentMost: Int32 = 128 * 1024

    package init(_ address: Address, on loop: Loop, backlog: Int32 = 1024) throws(SystemError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family, type, 0)
        if fd < 0 { throw SystemError.last("socket") }
        do throws(SystemError) {
            var on: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            if address.isTCP {
                setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, size)
                setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, size)
                // What is accepted inherits these. Without the second, one call copies as many megabytes into a socket as the kernel
                // finds room for: for a reader that never reads, while every other connection of the loop waits.
                setNoDelay(fd)
                var unsent = Self.unsentMost
                setsockopt(fd, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &unsent, size)
            }
            try address.withSockaddr { (pointer, length) throws(SystemError) in
                if bind(fd, pointer, length) < 0 { throw SystemError.last("bind \(address)") }
            }
            if listen(fd, backlog) < 0 { throw SystemError.last("listen \(address)") }
            self.address = Self.bound(fd, address)
            self.loop = loop
            self.descriptor = fd
            try loop.thread.adopt(fd)
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    deinit { close() }

    /// Throws EADDRINUSE where somebody listens there already. Sharing a port is meant for the loops of one process: without
    /// this look, a second process of the same user would silently take half of the first one's connections.
    package static func checkFree(_ address: Address) throws(SystemError) {
        let fd = socket(address.family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if fd < 0 { throw SystemError.last("socket") }
        defer { Glibc.close(fd) }
        var on: Int32 = 1
        // Past connections in TIME_WAIT are no obstacle; a listener is, since this socket does not ask to share.
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        try address.withSockaddr { (pointer, length) throws(SystemError) in
            if bind(fd, pointer, length) < 0 { throw SystemError.last("bind \(address)") }
        }
    }

    /// The next connection, non-blocking. Throws `SystemError` (look at `isOutOfDescriptors`) or `WaitError`.
    package func accept() async throws -> Int32 {
        while true {
            let fd = csys_accept(descriptor)
            if fd >= 0 { return fd }
            switch -fd {
            case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENETUNREACH, EHOSTUNREACH: continue
            case EAGAIN:
                if !isOpen { throw WaitError.closed }
                try await loop.thread.ready(descriptor, .read, until: .never)
                // Closed after the wake-up: the number may be somebody else's by now.
                if !isOpen { throw WaitError.closed }
            default: throw SystemError(code: -fd, call: "accept4")
            }
        }
    }

    /// A connection that lies here already, without waiting: nil where there is none.
    package func acceptNow() throws(SystemError) -> Int32? {
        while isOpen {
            let fd = csys_accept(descriptor)
            if fd >= 0 { return fd }
            switch -fd {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return nil
            default: throw SystemError(code: -fd, call: "accept4")
            }
        }
        return nil
    }

    /// Refuses new connections from now on.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        loop.thread.closeAdopted(descriptor)
    }

    private static func bound(_ fd: Int32, _ asked: Address) -> Address {
        guard case .tcp(let host, 0) = asked else { return asked }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let port: UInt16 = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(fd, $0, &length) }
            // The port lies at the same place for both families (ip(7), ipv6(7)).
            return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
        return .tcp(host: host, port: port)
    }
}
