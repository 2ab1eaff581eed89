@testable import Answers
@testable import Codec

/// F-6: cursors and URL-safe base 64: one text for one value, nothing else is taken.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    if let decoded = Base64URL.decode(text) { precondition(Base64URL.encode(decoded) == text, "two texts for one value") }
    precondition(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "what was encoded decodes otherwise")
    for seal in [[UInt8](), [1, 2, 3, 4]] {
        for numbers in 0..<4 {
            if let cursor = try? Cursor(text, seal: seal, numbers: numbers) {
                precondition(cursor.place.count == numbers && cursor.text(seal: seal) == text, "another cursor")
            }
            // The input as a cursor's inside, so that the door does not keep everything out.
            let inside = Base64URL.encode([1] + seal + bytes)
            if let cursor = try? Cursor(inside, seal: seal, numbers: numbers) {
                precondition(cursor.text(seal: seal) == inside, "another cursor")
            }
        }
    }
    return 0
}
