/// Who asks for a change, and in which request: what the note of it says.
package struct Asker: Sendable, ExpressibleByStringLiteral {
    package let name: String
    /// As the log has it.
    package let requestID: String?
    /// 32 hex digits.
    package let traceID: String?

    package init(_ name: String, requestID: String? = nil, traceID: String? = nil) {
        self.name = name
        self.requestID = requestID
        self.traceID = traceID
    }

    /// Asked for by no request.
    package init(stringLiteral name: String) { self.init(name) }
}

extension AuditNote {
    init(_ what: What, of target: String, by asker: Asker, dataset: String? = nil) {
        self.init(what, of: target, by: asker.name, dataset: dataset, requestID: asker.requestID, traceID: asker.traceID)
    }
}
