internal import API
internal import EventLoop
internal import Glibc

/// `GAPLESS_TOKENS`: entries separated by commas, or `@file` with one entry a line, blank lines and `#` comments between.
struct TokenSetting: Sendable {
    /// Read again on SIGHUP; nil where the entries stand in the setting itself.
    let file: String?
    let book: TokenBook

    static let name = "GAPLESS_TOKENS"
    static let none = TokenSetting(file: nil, book: .open)

    private init(file: String?, book: TokenBook) {
        self.file = file
        self.book = book
    }

    init(parsing text: String) throws(SettingError) {
        if text.hasPrefix("@") {
            let path = String(text.dropFirst())
            self.init(file: path, book: try Self.read(path))
        } else {
            let entries = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimming() }
            self.init(file: nil, book: try Self.book(entries.enumerated().map { ("entry \($0 + 1)", $1) }))
        }
    }

    /// The file as it is now. One without entries is refused: it may be half written, and who wants nobody served stops the
    /// service.
    static func read(_ path: String) throws(SettingError) -> TokenBook {
        let text = try readSettingsFile(path, named: name)
        var entries: [(place: String, text: String)] = []
        for (number, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimming()
            if !line.isEmpty && !line.hasPrefix("#") { entries.append(("\(path), line \(number + 1)", line)) }
        }
        if entries.isEmpty { throw SettingError(variable: name, expected: "\(path) has no entry") }
        return try book(entries)
    }

    private static func book(_ entries: [(place: String, text: String)]) throws(SettingError) -> TokenBook {
        var tokens: [Token] = []
        for entry in entries {
            let token: Token
            do throws(Token.Refusal) { token = try Token(parsing: entry.text) } catch {
                throw SettingError(variable: name, expected: "\(entry.place): \(error)")
            }
            // Which of two scopes would be meant?
            if let same = tokens.first(where: { $0.digest == token.digest }) {
                throw SettingError(variable: name, expected: "\(entry.place): \(token.name) is the same token as \(same.name)")
            }
            tokens.append(token)
        }
        return TokenBook(tokens)
    }
}

/// A file of settings as text, a megabyte at most; `variable` names it in refusals.
func readSettingsFile(_ path: String, named variable: String) throws(SettingError) -> String {
    String(decoding: try readSettingsBytes(path, named: variable), as: UTF8.self)
}

/// The same, as it stands there: for forms whose reader says where a byte is wrong.
func readSettingsBytes(_ path: String, named variable: String) throws(SettingError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw SettingError(variable: variable, expected: "\(path): \(SystemError.last("open"))") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= 1 << 20 {
        let count = piece.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        if count < 0 { throw SettingError(variable: variable, expected: "\(path): \(SystemError.last("read"))") }
        // What spreadsheets put before UTF-8 is no part of the text (RFC 3629, section 6).
        if count == 0 { return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes }
        bytes.append(contentsOf: piece[..<count])
    }
    throw SettingError(variable: variable, expected: "\(path): longer than a megabyte")
}
