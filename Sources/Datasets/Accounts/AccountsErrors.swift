internal import Series

/// Failures inside answers with status 200, `{"Status": "fail", "Message": "…"}`: what they mean is told by their words only.
enum AccountsErrors {
    static func defect(status: String, message: String?) -> AnswerDefect {
        let said = message ?? ""
        return AnswerDefect(kind(said), "the upstream says \(shown(status)): \(said.isEmpty ? "nothing more" : shown(said))")
    }

    static func kind(_ message: String) -> FailureClass {
        let text = message.lowercased()
        let words = Set(text.split { !$0.isLetter }.map(String.init))
        func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
        // "Invalid API key" is no bad request, "too many requests for this account" no batch that is too wide, "too many accounts" no
        // spent quota.
        if says("unauthori", "forbidden", "api key", "apikey", "credential", "permission", "access denied") { return .refused }
        if says("too many requests", "throttl", "quota") || words.contains("rate") { return .throttled(retryAfterSeconds: nil) }
        let isTooWide = says("account") && says("too many", "limit", "exceed", "at most", "maximum", "more than")
        if isTooWide || says("uri too", "url too", "too long", "too large") { return .badRequest }
        let isWrong = words.contains("bad")
            || says("invalid", "not found", "malformed", "unknown", "unsupported", "not allowed", "too many")
        if words.contains("limit") && !isWrong { return .throttled(retryAfterSeconds: nil) }
        return isWrong ? .badRequest : .server
    }

    /// Printable and cut, and without the words that look like keys: those of 16 and more characters, and those of 8 and more in which
    /// letters and digits mix. (A short word of letters alone is shown, whatever it is.)
    private static func shown(_ text: String) -> String {
        let words = text.unicodeScalars.split { !(0x21...0x7E).contains($0.value) }.map { String($0) }
        // Cut last: half a key looks like a word.
        return String(words.map { looksLikeKey($0) ? "(left out)" : $0 }.joined(separator: " ").prefix(200))
    }

    private static func looksLikeKey(_ word: String) -> Bool {
        let isMixed = word.contains(where: \.isLetter) && word.contains(where: \.isNumber)
        return word.utf8.count >= (isMixed ? 8 : 16)
    }
}
