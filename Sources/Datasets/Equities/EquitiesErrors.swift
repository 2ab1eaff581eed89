internal import Series

/// Failures inside answers with status 200: what they mean is told by a word, `NOT_AUTHORIZED`, or by a sentence. Sentences are not shown:
/// one may repeat the key.
enum EquitiesErrors {
    static func defect(_ status: String, _ message: String) -> AnswerDefect {
        let isWord = !status.isEmpty && status.utf8.count <= 32
            && status.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 &- UInt8(ascii: "A") < 26 }
        return AnswerDefect(kind(status, message), "the upstream says \(isWord ? status : "that it failed")")
    }

    static func kind(_ status: String, _ message: String) -> FailureClass {
        let text = "\(status) \(message)".lowercased()
        func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
        if says("exceeded", "too many requests", "rate limit") { return .throttled(retryAfterSeconds: nil) }
        if says("api key", "apikey") { return .refused }
        if says("not_authorized", "not authorized", "not_entitled", "not entitled", "upgrade your plan", "forbidden") { return .forbidden }
        if says("not_found", "not found", "bad_request", "invalid", "could not parse") { return .badRequest }
        return .server
    }
}
