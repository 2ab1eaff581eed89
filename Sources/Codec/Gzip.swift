internal import CZlib

package enum GzipError: String, Error, Sendable, Hashable {
    case corrupt = "not gzip, or damaged"
    case endsEarly = "the gzip data end early"
    case overLimit = "the unpacked data exceed the limit"
    case outOfMemory = "zlib is out of memory"
}

/// gzip (RFC 1952) of whole byte arrays. The header holds no time and no name, so that equal input gives equal output.
/// `level`: 1 (fast) to 9 (small), 6 by default.
package func gzip(_ bytes: [UInt8], level: Int = 6) throws(GzipError) -> [UInt8] {
    var stream = z_stream()
    let clamped = Int32(max(1, min(9, level)))
    guard
        deflateInit2_(
            &stream, clamped, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw .outOfMemory }
    defer { deflateEnd(&stream) }
    return try run(&stream, over: bytes, capacity: Int(deflateBound(&stream, UInt(bytes.count))), limit: .max) { deflate($0, $1) }
}

/// Unpacks gzip data, one member or several on end, of at most `limit` bytes unpacked; no more than that is ever held.
package func gunzip(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw .outOfMemory }
    defer { inflateEnd(&stream) }
    return try run(&stream, over: bytes, capacity: min(limit, bytes.count * 4 + 64), limit: limit) { inflate($0, $1) }
}

/// The largest window, plus 16 for a gzip header and trailer (zlib.h, deflateInit2 and inflateInit2).
let gzipWindow: Int32 = 15 + 16

/// The largest array that one call is shown: zlib counts in 32 bits.
private let stride = 1 << 30

/// Drives `step` until it has eaten all of `bytes` and ended its stream, through a buffer of 64 kB.
private func run(
    _ stream: inout z_stream, over bytes: [UInt8], capacity: Int, limit: Int, _ step: (UnsafeMutablePointer<z_stream>, Int32) -> Int32
) throws(GzipError) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(min(capacity, 1 << 26))
    var piece = [UInt8](repeating: 0, count: 65_536)
    var eaten = 0
    while true {
        let offered = min(bytes.count - eaten, stride)
        let flush = eaten + offered == bytes.count ? Z_FINISH : Z_NO_FLUSH
        let (result, made) = bytes.withUnsafeBufferPointer { input in
            piece.withUnsafeMutableBufferPointer { output in
                // zlib does not write through next_in; its C type only lacks the const.
                stream.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + eaten) }
                stream.avail_in = UInt32(offered)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                let result = step(&stream, flush)
                return (result, output.count - Int(stream.avail_out))
            }
        }
        let took = offered - Int(stream.avail_in)
        eaten += took
        guard out.count + made <= limit else { throw .overLimit }
        out.append(contentsOf: piece[..<made])
        switch result {
        case Z_STREAM_END:
            if eaten == bytes.count { return out }
            // Another member follows (RFC 1952 section 2.2); only unpacking comes here, since packing ends with its input.
            guard inflateReset(&stream) == Z_OK else { throw .corrupt }
        case Z_OK, Z_BUF_ERROR:
            if took == 0, made == 0 { throw .endsEarly }
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw .corrupt
        }
    }
}
