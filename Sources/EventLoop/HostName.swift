internal import Glibc
internal import Synchronization

/// A host by name, and its numeric address. Looking a name up blocks, so a loop never does it; but an address that is looked
/// up once and for all is wrong as soon as the host is made again elsewhere, as containers are. So the address of the last
/// look-up is at hand at any time, and whoever fails to connect asks for another look, which a short-lived thread takes.
package final class HostName: Sendable {
    private struct State {
        var address: String
        var isLooking = false
        var nextLook = Deadline(nanoseconds: 0)
    }

    package let name: String
    /// An address that was given as one is the same for ever.
    private let isNumeric: Bool
    private let look: @Sendable (String) -> String?
    private let state: Mutex<State>

    /// Looks the name up, which blocks: for start-up only. Nil where it has no address.
    package convenience init?(_ name: String) { self.init(name, look: Self.resolve) }

    init?(_ name: String, look: @escaping @Sendable (String) -> String?) {
        guard let address = look(name) else { return nil }
        self.name = name
        self.look = look
        isNumeric = address == name
        state = Mutex(State(address: address))
    }

    /// The numeric address that was found last.
    package var address: String { state.withLock { $0.address } }

    /// After a failure to connect: looks again, once a second at most. Returns at once; the old address stays while there is no
    /// other.
    package func lookAgain() {
        if isNumeric { return }
        let isMine = state.withLock { state in
            if state.isLooking || state.nextLook > .now { return false }
            state.isLooking = true
            state.nextLook = .after(.seconds(1))
            return true
        }
        if !isMine { return }
        let me = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { raw in
            Unmanaged<HostName>.fromOpaque(raw!).takeRetainedValue().refresh()
            return nil
        }, me.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            me.release()
            state.withLock { $0.isLooking = false }
        }
    }

    private func refresh() {
        let found = look(name)
        state.withLock { state in
            state.isLooking = false
            if let found { state.address = found }
        }
    }

    /// getaddrinfo(3); numeric addresses come back as they are.
    private static func resolve(_ name: String) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &found) == 0, let first = found else { return nil }
        defer { freeaddrinfo(first) }
        var text = [CChar](repeating: 0, count: 64)
        let code = getnameinfo(first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        return code == 0 ? text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } : nil
    }
}
