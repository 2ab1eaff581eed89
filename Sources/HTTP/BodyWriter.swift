internal import EventLoop

/// What the producer of a streamed answer writes to. Bytes are gathered to 16 kB and then sent; a peer that reads slowly
/// holds the producer up in `write`.
package final class BodyWriter {
    private let output: Output
    private let isChunked: Bool
    private var gathered: [UInt8] = []
    private let server: ServerState
    private static let piece = 16 * 1024

    init(_ output: Output, isChunked: Bool, server: ServerState) {
        self.output = output
        self.isChunked = isChunked
        self.server = server
    }

    /// The server wants to end: an answer without an end of its own (events) should end now.
    package var isEnding: Bool { server.isEnding }

    /// Throws where the peer has gone or reads too slowly; the producer then lets the error through.
    package func write(_ bytes: [UInt8]) async throws {
        gathered.append(contentsOf: bytes)
        if gathered.count >= Self.piece { try await flush() }
    }

    /// Sends what was gathered, now.
    package func flush() async throws {
        if !gathered.isEmpty {
            let piece = gathered
            gathered.removeAll(keepingCapacity: true)
            if isChunked {
                output.append { pending in
                    pending.append(contentsOf: Array(String(piece.count, radix: 16).utf8))
                    pending.appendText("\r\n")
                    pending.append(contentsOf: piece)
                    pending.appendText("\r\n")
                }
            } else {
                output.append { $0.append(contentsOf: piece) }
            }
        }
        try await output.flush()
    }

    func finish() async throws {
        if !gathered.isEmpty { try await flush() }
        if isChunked { output.append { $0.appendText("0\r\n\r\n") } }
    }
}
