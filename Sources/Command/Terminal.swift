internal import Glibc

/// What is known of the terminal behind a descriptor, asked anew each time: it may be resized at any moment.
enum Terminal {
    static let output: Int32 = 1
    static let errors: Int32 = 2

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns; nil where the descriptor is no terminal. 80 where the terminal does not say (a serial line).
    static func columns(of descriptor: Int32) -> Int? {
        guard isTerminal(descriptor) else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Whether a line can be drawn over: a terminal that is not called dumb (terminfo(5)).
    static func redraws(_ descriptor: Int32) -> Bool { isTerminal(descriptor) && variable("TERM") != "dumb" }

    /// Whether escape sequences may be sent at all: not where NO_COLOR is set and not empty (no-color.org).
    static func takesEscapes(_ descriptor: Int32) -> Bool { redraws(descriptor) && (variable("NO_COLOR") ?? "").isEmpty }

    /// All of it, however often the kernel takes a part; gives up where nobody reads any more.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            offset += count
        }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
