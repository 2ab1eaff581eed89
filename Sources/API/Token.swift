internal import Bytes
internal import Codec

/// What a token lets its bearer do; each includes those before it.
package enum TokenScope: String, Sendable, CaseIterable, Comparable {
    case read, ingest, admin

    package static func < (a: TokenScope, b: TokenScope) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .ingest: 1
        case .admin: 2
        }
    }
}

/// A bearer token as the service knows it: by its digest alone, so that settings, memory and backups let nobody in.
package struct Token: Sendable, Equatable {
    /// For logs, metrics and receipts; several entries may bear one name while a token is being replaced.
    package let name: String
    package let scope: TokenScope
    /// SHA-256 of the token's text.
    package let digest: [UInt8]
    /// Real time, seconds since 1970, from which on it is refused; nil for none.
    package let expiresAt: Int64?

    /// What a made token begins with: what people and scanners of repositories know it by.
    package static let prefix = "gapless_"

    /// Why a text is no entry; never the text itself, since people paste the token where its digest belongs.
    package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// `name:scope:sha256-hex`, and optionally `:expires=` with a date (its first instant in UTC) or an RFC 3339 instant. Only
    /// the first three colons part the pieces, so that an instant may have its own.
    package init(parsing entry: String) throws(Refusal) {
        let pieces = entry.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard pieces.count >= 3 else { throw Refusal(description: "expected name:scope:sha256-hex") }
        guard Self.isName(pieces[0]) else {
            throw Refusal(description: "expected a name of 1 to 64 letters, digits, '.', '_' and '-' that begins with a letter or digit")
        }
        guard let scope = TokenScope(rawValue: pieces[1]) else {
            throw Refusal(description: "expected read, ingest or admin as the scope of \(pieces[0])")
        }
        guard let digest = Hex.decode(pieces[2]), digest.count == SHA256.size else {
            throw Refusal(description: "expected the token's SHA-256 in 64 hex digits as the third piece of \(pieces[0])")
        }
        name = pieces[0]
        self.scope = scope
        self.digest = digest
        expiresAt = pieces.count == 4 ? try Self.expiry(pieces[3], of: pieces[0]) : nil
    }

    private static func expiry(_ piece: String, of name: String) throws(Refusal) -> Int64 {
        if piece.hasPrefix("expires="), let instant = Self.instant(String(piece.dropFirst("expires=".count))) { return instant }
        throw Refusal(description: "expected expires=2027-01-01 or expires=2027-01-01T00:00:00Z as the fourth piece of \(name)")
    }

    /// A date's first instant in UTC, or an instant with its offset; nil for anything else.
    package static func instant(_ text: String) -> Int64? {
        if let date = LocalDate(text) { return Int64(date.daysSince1970) * 86_400 }
        return try? Timestamp.parse(text)
    }

    package static func isName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let isAlphanumeric = { (byte: UInt8) in (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) }
        guard let first = bytes.first, bytes.count <= 64, isAlphanumeric(first) else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0) }
    }

    /// A new token of 256 random bits, and its entry for the settings. The text is nowhere but in what this returns.
    /// `expires`: as in an entry; it must be one that can be read.
    package static func make(name: String, scope: TokenScope, expires: String? = nil) throws -> (text: String, entry: String) {
        let text = prefix + Base64URL.encode(try randomBytes(32))
        let entry = "\(name):\(scope.rawValue):\(SHA256.hex(Array(text.utf8)))" + (expires.map { ":expires=\($0)" } ?? "")
        _ = try Token(parsing: entry)
        return (text, entry)
    }
}

/// The tokens that are good. Where none was ever configured nobody is asked for one; a file that became empty is another
/// thing: then nobody is let in.
package struct TokenBook: Sendable {
    package let tokens: [Token]
    package let isNeeded: Bool

    package static let open = TokenBook(tokens: [], isNeeded: false)

    package init(_ tokens: [Token]) { self.init(tokens: tokens, isNeeded: true) }

    private init(tokens: [Token], isNeeded: Bool) {
        self.tokens = tokens
        self.isNeeded = isNeeded
    }

    /// The token of this text; nil where there is none, or it has expired. Every entry is compared in full, so that the time
    /// says nothing of which was alike.
    func token(_ text: ArraySlice<UInt8>, now: Int64) -> Token? {
        let digest = SHA256.hash(Array(text))
        var found: Token?
        for token in tokens where constantTimeEquals(token.digest, digest) { found = token }
        if let end = found?.expiresAt, end <= now { return nil }
        return found
    }
}
