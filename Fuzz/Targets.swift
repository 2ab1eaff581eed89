@testable import HTTP

/// F-2: the target of a request line: escapes, path and query. What is taken has no control character, no dot segment and no
/// malformed text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let target = Array(UnsafeBufferPointer(start: data, count: count))
    let bytes = Array("GET ".utf8) + target + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    var parser = HeadParser(limits: .standard)
    guard case .complete(let length) = bytes.withUnsafeBufferPointer({ parser.parse($0) }), length == bytes.count,
        let request = try? Request(
            parser.takeHead(), buffer: bytes, start: 0, serial: 1, connection: ConnectionFacts(peer: "", seed: 0))
    else { return 0 }
    precondition(Array(request.targetBytes) == target, "another target")
    for segment in request.segments {
        precondition(segment != "." && segment != "..", "a dot segment was taken")
        precondition(segment.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x2F }, "a control character or a slash was taken")
    }
    for pair in request.query { precondition(pair.name.utf8.allSatisfy { $0 != 0 } && pair.value.utf8.allSatisfy { $0 != 0 }, "NUL") }
    _ = Router().match(request)
    return 0
}
