/// Where an upstream lives: scheme, host, port and an optional path in front of every path. From settings, never from an
/// answer, so that nothing an upstream says can send a credential elsewhere.
package struct Base: Sendable, Hashable, CustomStringConvertible {
    /// "https", or "http" where the setting itself says so.
    package let scheme: String
    /// Host and port as written, such as `api.example.com` or `127.0.0.1:8080`.
    package let authority: String
    /// Empty, or with a slash in front and none behind.
    package let prefix: String

    /// nil where the text is not `http[s]://host[:port][/path]`: user information, a query or a fragment are refused.
    package init?(_ text: String) {
        guard let split = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<split.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { return nil }
        let rest = text[split.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        var prefix = rest[slash...]
        while prefix.hasSuffix("/") { prefix.removeLast() }
        let isPathByte = { (byte: UInt8) in byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#") }
        guard Self.isAuthority(authority), prefix.utf8.allSatisfy(isPathByte) else { return nil }
        self.scheme = scheme
        self.authority = String(authority)
        self.prefix = String(prefix)
    }

    package var description: String { "\(scheme)://\(authority)\(prefix)" }

    /// The host without the port, for messages and curl's host rules.
    package var host: String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
        return String(authority.prefix { $0 != ":" })
    }

    private static func isAuthority(_ text: Substring) -> Bool {
        !text.isEmpty && text.first != ":" && text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
    }
}
