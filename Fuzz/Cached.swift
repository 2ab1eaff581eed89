@testable import Answers
@testable import Codec

/// F-7: values of the cache. The checksum is made right, so that what lies behind it is reached; what is decoded is encoded again to
/// the same bytes. The second half makes a value of the input and reads it back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    precondition(StoredAnswer(decoding: bytes, key: "k") == nil || count > 64, "a value without its sum")
    let magic = Array("gapless answer \(StoredAnswer.schema)\n".utf8)
    let signed = (bytes.starts(with: magic) ? bytes : magic + bytes)
    let whole = signed + SHA256.hash(signed).prefix(16)
    if let answer = StoredAnswer(decoding: whole, key: "k") {
        precondition(answer.encoded(key: "k") == whole, "two forms of one value")
        precondition(StoredAnswer(decoding: whole, key: "l") == nil, "another key's value")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let made = StoredAnswer(
        body: bytes, contentType: text, etag: text, headers: [StoredAnswer.Header(name: text, value: text)],
        nextCursor: text.isEmpty ? nil : text, version: Int64(count), storedAt: 1, validUntil: 2)
    precondition(StoredAnswer(decoding: made.encoded(key: text), key: text) == made, "what was kept reads otherwise")
    return 0
}
