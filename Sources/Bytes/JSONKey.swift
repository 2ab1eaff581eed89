internal import Glibc

/// A member's name as it stands in the text. Compare it to literals in a `switch`; no `String` is made for that.
///
///     switch key {
///     case "node": node = try reader.string()
///     default: try reader.skip()
///     }
package struct JSONKey: Sendable, CustomStringConvertible {
    let source: [UInt8]
    let start: Int
    let end: Int

    /// The name's bytes, escapes resolved.
    package var bytes: ArraySlice<UInt8> { source[start..<end] }
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    package static func ~= (name: StaticString, key: JSONKey) -> Bool { key == name }

    package static func == (key: JSONKey, name: StaticString) -> Bool {
        let length = key.end - key.start
        guard name.utf8CodeUnitCount == length else { return false }
        if length == 0 { return true }
        return key.source.withUnsafeBytes { memcmp($0.baseAddress! + key.start, name.utf8Start, length) == 0 }
    }
}
