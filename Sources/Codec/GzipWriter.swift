internal import CZlib

/// gzip (RFC 1952) made piece by piece, for bodies that are sent while they are made. Holds zlib's window (some 256 kB) and
/// nothing of what was given to it.
package final class GzipWriter {
    private let stream: UnsafeMutablePointer<z_stream>
    private var piece = [UInt8](repeating: 0, count: 16 * 1024)

    /// `level`: 1 (fast) to 9 (small).
    package init(level: Int = 6) throws(GzipError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let clamped = Int32(max(1, min(9, level)))
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, clamped, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            stream.deallocate()
            throw .outOfMemory
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Packs these bytes; what can be sent of it by now, which may be nothing.
    package func add(_ bytes: [UInt8]) -> [UInt8] { pack(bytes, Z_NO_FLUSH) }

    /// The rest. Nothing may be added afterwards.
    package func finish() -> [UInt8] { pack([], Z_FINISH) }

    private func pack(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBufferPointer { input in
            // zlib does not write through next_in; its C type only lacks the const.
            stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            stream.pointee.avail_in = UInt32(input.count)
            var isFull = true
            while isFull {
                let made = piece.withUnsafeMutableBufferPointer { output in
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(output.count)
                    // Deflating cannot fail but by a misuse of the stream (zlib.h, deflate).
                    _ = deflate(stream, flush)
                    return output.count - Int(stream.pointee.avail_out)
                }
                out.append(contentsOf: piece[..<made])
                isFull = made == piece.count
            }
        }
        return out
    }
}
