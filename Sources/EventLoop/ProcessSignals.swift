internal import CSystem

/// The process's stop signals: SIGINT, SIGTERM and SIGHUP are waited for, on the main thread, instead of interrupting.
package enum ProcessSignals {
    /// Before any thread is started: threads inherit the blocked signals. SIGPIPE is ignored; a write says EPIPE.
    package static func prepare() throws(SystemError) {
        try checked(csys_ignore_sigpipe(), "signal")
        try checked(csys_block_signals(), "pthread_sigmask")
    }

    /// The next signal's number, or nil after `milliseconds` without one. Blocks the calling thread.
    package static func wait(milliseconds: Int64? = nil) -> Int32? {
        let signal = csys_wait_signal(milliseconds ?? -1)
        return signal < 0 ? nil : signal
    }
}
