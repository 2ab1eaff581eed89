internal import Bytes
internal import Glibc

/// The Date field (RFC 9110, section 6.6.1), made once a second.
final class DateLine {
    private var second: Int = .min
    private var line: [UInt8] = []

    func append(to bytes: inout [UInt8]) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        if now.tv_sec != second {
            second = now.tv_sec
            line = Self.line(now.tv_sec)
        }
        bytes.append(contentsOf: line)
    }

    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT`, with its end.
    static func line(_ second: Int) -> [UInt8] {
        var line: [UInt8] = []
        line.appendText("Date: ")
        HTTPDate.append(Int64(second), to: &line)
        line.appendText("\r\n")
        return line
    }
}
