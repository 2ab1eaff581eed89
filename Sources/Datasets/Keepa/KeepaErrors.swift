internal import Series

/// Failures inside answers with status 200: `error{type, message, details}` (keepacom/api_backend, structs/RequestError.java). They are
/// told by their type; messages are not shown, for one may repeat the key.
enum KeepaErrors {
    static func defect(_ type: String) -> AnswerDefect {
        let isWord = !type.isEmpty && type.utf8.count <= 40
            && type.utf8.allSatisfy { $0 == UInt8(ascii: "_") || ($0 | 0x20) &- UInt8(ascii: "a") < 26 }
        return AnswerDefect(kind(type), "the upstream says \(isWord ? type : "that it failed")")
    }

    static func kind(_ type: String) -> FailureClass {
        let text = type.lowercased().filter { $0 != "_" }
        func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }
        if says("token", "toomany", "throttl") { return .throttled(retryAfterSeconds: nil) }
        if says("payment", "key", "unauthori", "access") { return .refused }
        if says("invalid", "rejected", "parameter", "notfound", "malformed", "methodnotallowed") { return .badRequest }
        return .server
    }
}
