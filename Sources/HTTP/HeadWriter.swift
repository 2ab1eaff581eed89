internal import EventLoop

/// Writes the head of an answer.
enum HeadWriter {
    /// What every answer says: no guessing of types.
    static func appendFixed(to bytes: inout [UInt8]) { bytes.appendText("X-Content-Type-Options: nosniff\r\n") }

    static func appendLength(_ count: Int, to bytes: inout [UInt8]) {
        bytes.appendText("Content-Length: ")
        bytes.appendDecimal(count)
        bytes.appendText("\r\n")
    }

    /// Status line and fields up to the framing, which is the caller's.
    static func appendStart(_ response: Response, to bytes: inout [UInt8]) {
        Status.appendLine(response.status, to: &bytes)
        bytes.append(contentsOf: response.fields.bytes)
        appendFixed(to: &bytes)
    }

    /// Date, request id, connection, empty line.
    static func appendEnd(_ request: Request, date: DateLine, closes: Bool, to bytes: inout [UInt8]) {
        date.append(to: &bytes)
        bytes.appendText("X-Request-Id: ")
        request.appendID(to: &bytes)
        if closes {
            bytes.appendText("\r\nConnection: close\r\n\r\n")
        } else if request.head.minor == 0 {
            bytes.appendText("\r\nConnection: keep-alive\r\n\r\n")
        } else {
            bytes.appendText("\r\n\r\n")
        }
    }

    /// The same where there is no request: such an answer is the connection's last, and has an id of its own.
    static func appendEnd(_ connection: ConnectionFacts, serial: UInt64, date: DateLine, to bytes: inout [UInt8]) {
        date.append(to: &bytes)
        bytes.appendText("X-Request-Id: ")
        connection.appendID(serial, to: &bytes)
        bytes.appendText("\r\nConnection: close\r\n\r\n")
    }
}
