internal import Series

/// Errors inside answers with status 200: a severity letter, a category and a sentence, `EQuery:Unknown asset pair`. The names are those
/// that Kraken's documents and its clients tell of; what is not known is taken for trouble that passes.
enum KrakenErrors {
    /// What a list of errors means; nil where there is none. Warnings (`W...`) stand beside a result that holds.
    static func defect(_ errors: [String]) -> AnswerDefect? {
        let grave = errors.filter { !$0.hasPrefix("W") }
        guard let worst = grave.map(kind).max(by: { rank($0) < rank($1) }) else { return nil }
        let said = grave.joined(separator: ", ").unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(200)
        return AnswerDefect(worst, "Kraken says \(String(String.UnicodeScalarView(said)))")
    }

    static func kind(_ error: String) -> FailureClass {
        let text = error.lowercased()
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("rate limit", "too many requests", "throttled", "lockout") { return .throttled(retryAfterSeconds: nil) }
        if says("permission denied", "invalid key", "invalid signature", "invalid nonce") { return .refused }
        if text.hasPrefix("eservice:") || says("unavailable", "busy", "internal error", "timeout", "deadline") { return .server }
        if text.hasPrefix("equery:") || says("invalid arguments", "unknown method") { return .badRequest }
        return .server
    }

    /// Whether a defect that was read from such a list says that there is no such pair.
    static func isUnknownPair(_ defect: AnswerDefect) -> Bool { defect.reason.contains("EQuery:Unknown asset pair") }

    /// Of several, the one that says most about what to do: a rest before all.
    private static func rank(_ kind: FailureClass) -> Int {
        switch kind {
        case .throttled: 3
        case .refused: 2
        case .badRequest: 1
        default: 0
        }
    }
}
