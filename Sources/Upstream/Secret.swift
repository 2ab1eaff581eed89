/// A key or token. Whatever prints it, on whatever path (interpolation, `dump`, a debugger's description), prints `***`;
/// only this target can read the text, to put it into a request.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let text: String

    package init(_ text: String) { self.text = text }

    package var isEmpty: Bool { text.isEmpty }

    /// Lends the bytes to what signs with them, and to nothing else.
    package func signing(_ sign: ([UInt8]) -> [UInt8]) -> [UInt8] { sign(Array(text.utf8)) }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

/// A secret and where the upstream wants it.
package enum Credential: Sendable, Hashable {
    /// `?name=secret`
    case query(name: String, Secret)
    /// `name: prefix secret`, such as `Authorization: Bearer ...` with the prefix "Bearer ".
    case header(name: String, prefix: String = "", Secret)
}
