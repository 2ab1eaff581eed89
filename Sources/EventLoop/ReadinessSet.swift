internal import CSystem
internal import Glibc

/// A private epoll set for a C library that has many descriptors of its own (libcurl). An epoll descriptor can itself be
/// polled (epoll(7)), so the loop awaits this one with `Loop.ready` and need not know those behind it. With a bell of its
/// own, for whoever wants the waiting task to look again.
package final class ReadinessSet {
    package struct Event: Sendable {
        package let descriptor: Int32
        package let readable: Bool
        package let writable: Bool
        /// The peer has closed, or the socket failed.
        package let hangup: Bool
    }

    /// What to give to `Loop.ready(_:.read)`.
    package let descriptor: Int32
    private let bell: Int32
    private var events = [csys_event](repeating: csys_event(), count: 256)

    package init() throws(SystemError) {
        let set = try checked(csys_epoll_create(), "epoll_create1")
        let bell = csys_eventfd()
        if bell < 0 {
            close(set)
            throw SystemError(code: -bell, call: "eventfd")
        }
        descriptor = set
        self.bell = bell
        try checked(csys_epoll_watch(set, bell, UInt32(CSYS_READ)), "epoll_ctl")
    }

    deinit {
        close(bell)
        close(descriptor)
    }

    /// Watches from now on, level-triggered. A library may close a descriptor without a word and the kernel gives the
    /// number to another, so this changes what is there or adds it, and a failure is not fatal: false.
    @discardableResult
    package func watch(_ fd: Int32, read: Bool, write: Bool) -> Bool {
        let interest = (read ? UInt32(CSYS_READ) : 0) | (write ? UInt32(CSYS_WRITE) : 0)
        return csys_epoll_watch(descriptor, fd, interest) == 0
    }

    /// Watches no longer. A descriptor that is not there, or closed already, is no error.
    package func forget(_ fd: Int32) { _ = csys_epoll_forget(descriptor, fd) }

    /// Makes the set readable once.
    package func ring() { _ = csys_eventfd_wake(bell) }

    /// What is ready now, without waiting; the bell is silenced and not shown.
    package func look() -> [Event] {
        let count = csys_epoll_wait(descriptor, &events, Int32(events.count), 0)
        guard count > 0 else { return [] }
        var found: [Event] = []
        found.reserveCapacity(Int(count))
        for event in events[..<Int(count)] {
            if event.fd == bell {
                _ = csys_eventfd_drain(bell)
                continue
            }
            found.append(Event(
                descriptor: event.fd, readable: event.events & UInt32(CSYS_READ) != 0,
                writable: event.events & UInt32(CSYS_WRITE) != 0, hangup: event.events & UInt32(CSYS_HANGUP) != 0))
        }
        return found
    }
}
