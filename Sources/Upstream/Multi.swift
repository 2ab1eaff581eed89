internal import CCurl
internal import EventLoop

/// libcurl's multi handle, its sockets in a private set. The callbacks only note what curl asks; `turn()` is the one
/// function that drives curl, since curl must not be called from its own callbacks (curl_multi_socket_action(3)).
final class Multi {
    private let handle: UnsafeMutableRawPointer
    private let sockets: ReadinessSet
    /// When curl wants to be called though no socket is ready.
    private(set) var deadline = Deadline.never

    init(keptConnections: Int) throws(SystemError) {
        guard isLibraryReady, let handle = curl_multi_init() else { throw SystemError(code: 12, call: "curl_multi_init") }
        self.handle = handle
        do throws(SystemError) {
            sockets = try ReadinessSet()
        } catch {
            curl_multi_cleanup(handle)
            throw error
        }
        let me = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, keptConnections)
        ccurl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, me)
        ccurl_multi_on_socket(handle) { _, socket, what, me, _ in
            Unmanaged<Multi>.fromOpaque(me!).takeUnretainedValue().wants(socket, what)
            return 0
        }
        ccurl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, me)
        ccurl_multi_on_timer(handle) { _, milliseconds, me in
            let multi = Unmanaged<Multi>.fromOpaque(me!).takeUnretainedValue()
            multi.deadline = milliseconds < 0 ? .never : .after(.milliseconds(milliseconds))
            return 0
        }
    }

    deinit { curl_multi_cleanup(handle) }

    /// What to await before each `turn()`.
    var descriptor: Int32 { sockets.descriptor }

    private func wants(_ socket: Int32, _ what: Int32) {
        switch what {
        case CURL_POLL_IN: sockets.watch(socket, read: true, write: false)
        case CURL_POLL_OUT: sockets.watch(socket, read: false, write: true)
        case CURL_POLL_INOUT: sockets.watch(socket, read: true, write: true)
        default: sockets.forget(socket)
        }
    }

    func add(_ transfer: Transfer) throws(FetchError) {
        guard curl_multi_add_handle(handle, transfer.handle) == CURLM_OK else {
            throw FetchError(.invalidRequest, transfer.place, "curl did not take the transfer")
        }
        // curl's timer now says "soon"; whoever drives may be asleep until a later moment.
        sockets.ring()
    }

    func remove(_ transfer: Transfer) { curl_multi_remove_handle(handle, transfer.handle) }

    /// Makes whoever drives look again.
    func ring() { sockets.ring() }

    /// Gives curl what is ready and the time, then tells each finished transfer.
    func turn() {
        var running: Int32 = 0
        for event in sockets.look() {
            var mask: Int32 = 0
            if event.readable { mask |= CURL_CSELECT_IN }
            if event.writable { mask |= CURL_CSELECT_OUT }
            if event.hangup { mask |= CURL_CSELECT_IN }
            // A socket that curl has closed meanwhile is ignored by curl.
            curl_multi_socket_action(handle, event.descriptor, mask, &running)
        }
        if deadline <= .now {
            deadline = .never
            curl_multi_socket_action(handle, -1 /* CURL_SOCKET_TIMEOUT */, 0, &running)
        }
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            var owner: UnsafeMutableRawPointer?
            ccurl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &owner)
            let code = ccurl_message_result(message)
            if let owner { Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue().finish(code) }
        }
    }
}

/// Once for the process; safe from any thread since libcurl 7.84 (curl_global_init(3)).
private let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
