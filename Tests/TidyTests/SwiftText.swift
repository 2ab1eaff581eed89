import Foundation

/// Just enough reading of Swift for house rules: what is code and what is comment or text, and where bodies end.
enum SwiftText {
    /// The source with comments and string literals (interpolations too) replaced by blanks; newlines stay, so line
    /// numbers do.
    static func code(of text: String) -> String {
        let source = Array(text.utf8)
        var result = source
        var at = 0

        func starts(_ word: String) -> Bool {
            let bytes = word.utf8
            return at + bytes.count <= source.count && source[at..<(at + bytes.count)].elementsEqual(bytes)
        }
        func blank(to end: Int) {
            for index in at..<min(end, source.count) where source[index] != newline { result[index] = space }
            at = min(end, source.count)
        }
        while at < source.count {
            if starts("//") {
                blank(to: source[at...].firstIndex(of: newline) ?? source.count)
            } else if starts("/*") {
                blank(to: endOfComment(source, at))
            } else if source[at] == quote || source[at] == hash {
                let end = endOfString(source, at)
                if end > at { blank(to: end) } else { at += 1 }
            } else {
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The index after a comment that begins at `start`; Swift's comments nest.
    private static func endOfComment(_ source: [UInt8], _ start: Int) -> Int {
        var depth = 0
        var at = start
        while at + 1 < source.count {
            if source[at] == slash && source[at + 1] == star { (depth, at) = (depth + 1, at + 2); continue }
            if source[at] == star && source[at + 1] == slash {
                (depth, at) = (depth - 1, at + 2)
                if depth == 0 { return at }
                continue
            }
            at += 1
        }
        return source.count
    }

    /// The index after a string literal (plain, raw or of several lines) that begins at `start`; `start` if none does.
    private static func endOfString(_ source: [UInt8], _ start: Int) -> Int {
        var at = start
        var hashes = 0
        while at < source.count && source[at] == hash { (hashes, at) = (hashes + 1, at + 1) }
        guard at < source.count, source[at] == quote else { return start }
        let quotes = at + 2 < source.count && source[at + 1] == quote && source[at + 2] == quote ? 3 : 1
        let close = [UInt8](repeating: quote, count: quotes) + [UInt8](repeating: hash, count: hashes)
        let escape = [backslash] + [UInt8](repeating: hash, count: hashes)
        at += quotes
        while at < source.count {
            if source[at...].starts(with: escape) {
                at += escape.count
                // An interpolation may hold quotes of its own: it ends where its parentheses do.
                if at < source.count && source[at] == open { at = endOfParentheses(source, at) } else { at += 1 }
                continue
            }
            if source[at...].starts(with: close) { return at + close.count }
            if quotes == 1 && source[at] == newline { return at }
            at += 1
        }
        return source.count
    }

    private static func endOfParentheses(_ source: [UInt8], _ start: Int) -> Int {
        var depth = 0
        var at = start
        while at < source.count {
            if source[at] == quote {
                at = max(endOfString(source, at), at + 1)
                continue
            }
            if source[at] == open { depth += 1 }
            if source[at] == shut { depth -= 1 }
            at += 1
            if depth == 0 { return at }
        }
        return source.count
    }

    /// Of code: the index after the brace that closes the one at `start`.
    static func endOfBraces(_ code: [UInt8], _ start: Int) -> Int {
        var depth = 0
        for at in start..<code.count {
            if code[at] == brace { depth += 1 }
            if code[at] == unbrace { depth -= 1 }
            if depth == 0 { return at + 1 }
        }
        return code.count
    }

    static let newline = UInt8(ascii: "\n"), space = UInt8(ascii: " "), quote = UInt8(ascii: "\""), hash = UInt8(ascii: "#")
    static let slash = UInt8(ascii: "/"), star = UInt8(ascii: "*"), backslash = UInt8(ascii: "\\")
    static let open = UInt8(ascii: "("), shut = UInt8(ascii: ")"), brace = UInt8(ascii: "{"), unbrace = UInt8(ascii: "}")
    static let bracket = UInt8(ascii: "["), unbracket = UInt8(ascii: "]")
}

/// A pattern applied to a whole file; matches are told by line and by byte.
struct Pattern: Sendable {
    let regex: String

    init(_ regex: String) { self.regex = regex }

    struct Match { let line: Int, start: Int, end: Int, text: String }

    func matches(in text: String) -> [Match] {
        guard let compiled = try? NSRegularExpression(pattern: regex, options: [.anchorsMatchLines]) else {
            return [Match(line: 0, start: 0, end: 0, text: "the pattern \(regex) is no regular expression")]
        }
        let whole = text as NSString
        return compiled.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            let before = whole.substring(to: match.range.location)
            let found = whole.substring(with: match.range)
            return Match(
                line: before.utf8.count { $0 == SwiftText.newline } + 1, start: before.utf8.count,
                end: before.utf8.count + found.utf8.count, text: found)
        }
    }
}
