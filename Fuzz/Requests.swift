@testable import HTTP

/// F-1: requests, heads and bodies in pieces. The first byte says where the rest is cut in two: what comes of that must be what comes
/// of the whole.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 2, count: count - 2))
    let cut = (Int(data[0]) << 8 | Int(data[1])) % (bytes.count + 1)
    var limits = Limits.standard
    limits.body = 4096
    limits.head = 2048
    limits.requestLine = 512
    let whole = RawFeed.outcome(of: bytes, limits: limits)
    precondition(whole == RawFeed.outcome(of: bytes, cuts: [cut], limits: limits), "the cut changes what was said")
    return 0
}
