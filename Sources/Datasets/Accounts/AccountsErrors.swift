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
        // "Invalid API key" is no bad request, "too many accounts" no spent quota.
        if says("unauthori", "forbidden", "api key", "apikey", "credential", "permission", "access denied") { return .refused }
        let isTooWide = says("account") && says("too many", "limit", "exceed", "at most", "maximum", "more than")
        if isTooWide || says("uri too", "url too", "too long", "too large") { return .badRequest }
        if says("too many requests", "throttl", "quota") || words.contains("rate") { return .throttled(retryAfterSeconds: nil) }
        let isWrong = words.contains("bad")
            || says("invalid", "not found", "malformed", "unknown", "unsupported", "not allowed", "too many")
        if words.contains("limit") && !isWrong { return .throttled(retryAfterSeconds: nil) }
        return isWrong ? .badRequest : .server
    }

    /// Printable, cut, and without anything that could be a key.
    private static func shown(_ text: String) -> String {
        let plain = String(String.UnicodeScalarView(text.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(200)))
        return plain.split(separator: " ").map { $0.utf8.count >= 16 && $0.contains(where: \.isNumber) ? "(left out)" : String($0) }
            .joined(separator: " ")
    }
}
