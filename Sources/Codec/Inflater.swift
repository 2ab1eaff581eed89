internal import CZlib

/// One deflate stream (RFC 1951) as zlib unpacks it, bare or with gzip's header and trailer (RFC 1952), whose checksum zlib compares.
final class Inflater {
    enum Form { case gzip, bare }

    struct Step {
        /// Bytes of the input that were used.
        let taken: Int
        /// Bytes that were made of them.
        let made: Int
        /// The stream's last byte was made.
        let isEnd: Bool
    }

    private let stream: UnsafeMutablePointer<z_stream>

    init(_ form: Form) throws(GzipError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A negative window is a stream without header (zlib.h, inflateInit2).
        let window = form == .gzip ? gzipWindow : -15
        guard inflateInit2_(stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw .outOfMemory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Unpacks `input[range]` into `output[from...]` until one of them is used up or the stream ends.
    func step(_ input: [UInt8], _ range: Range<Int>, into output: inout [UInt8], from: Int) throws(GzipError) -> Step {
        let offered = min(range.count, 1 << 30)
        let room = min(output.count - from, 1 << 30)
        let result = input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                // zlib does not write through next_in; its C type only lacks the const.
                stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + range.lowerBound) }
                stream.pointee.avail_in = UInt32(offered)
                stream.pointee.next_out = output.baseAddress.map { $0 + from }
                stream.pointee.avail_out = UInt32(room)
                return inflate(stream, Z_NO_FLUSH)
            }
        }
        switch result {
        case Z_OK, Z_BUF_ERROR, Z_STREAM_END: break
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw .corrupt
        }
        return Step(
            taken: offered - Int(stream.pointee.avail_in), made: room - Int(stream.pointee.avail_out), isEnd: result == Z_STREAM_END)
    }

    /// Ready for another stream of the same form.
    func restart() throws(GzipError) {
        guard inflateReset(stream) == Z_OK else { throw .corrupt }
    }
}

/// The checksum of ZIP and gzip (CRC-32 of ISO 3309), piece by piece.
struct CRC32 {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: [UInt8], count: Int) {
        value = bytes.withUnsafeBufferPointer { UInt32(crc32(UInt(value), $0.baseAddress, UInt32(count))) }
    }
}
