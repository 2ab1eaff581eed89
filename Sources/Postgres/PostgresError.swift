internal import CPostgres
internal import EventLoop

/// What the server, the way to it, or the deadline said. Conditions are those of the manual's appendix A
/// (https://www.postgresql.org/docs/15/errcodes-appendix.html).
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What callers decide by.
    package enum Kind: String, Sendable, Equatable {
        /// The connection broke or was never made.
        case connectionLost
        /// Our own deadline passed; the connection was closed.
        case timedOut
        /// COMMIT was sent and its answer never came: it may have happened. Ask again by key, do not repeat blindly.
        case commitOutcomeUnknown
        /// COMMIT was answered with a rollback: a statement had failed and its error was swallowed.
        case rolledBack
        case serialization, deadlock, lockTimeout, statementTimeout
        case uniqueViolation, checkViolation, foreignKeyViolation, notNullViolation, exclusionViolation
        case readOnly, tooManyConnections, shuttingDown, outOfResources
        case authentication, missingObject, invalidValue, syntax
        /// The loop is shutting down.
        case closing
        /// The connection was used in a way it does not allow (COPY through `query`, a nested transaction).
        case misuse
        case other
    }

    package var kind: Kind
    /// Five characters, empty where the server said nothing.
    package var sqlstate = ""
    package var severity = ""
    package var message: String
    package var detail = ""
    package var hint = ""
    package var constraint = ""
    package var table = ""
    package var column = ""
    /// Where in the server it happened (a line of COPY, a function).
    package var context = ""
    /// The server answered this to a statement: both sides are still in step.
    var isAnswer = false

    init(_ kind: Kind, _ message: String, sqlstate: String = "") {
        self.kind = kind
        self.message = message
        self.sqlstate = sqlstate
    }

    /// The same work may succeed later without anybody mending anything.
    package var isTransient: Bool {
        switch kind {
        case .connectionLost, .timedOut, .commitOutcomeUnknown, .serialization, .deadlock, .lockTimeout, .statementTimeout, .readOnly,
            .tooManyConnections, .shuttingDown, .outOfResources, .closing:
            true
        default: false
        }
    }

    package var description: String {
        var text = "Postgres \(kind.rawValue)"
        if !sqlstate.isEmpty { text += " \(sqlstate)" }
        text += ": \(message)"
        if !constraint.isEmpty { text += " (constraint \(constraint))" }
        if !context.isEmpty { text += " [\(context)]" }
        return text
    }

    static func kind(ofState state: String) -> Kind {
        switch state {
        case "40001": return .serialization
        case "40P01": return .deadlock
        case "55P03": return .lockTimeout
        case "57014": return .statementTimeout
        case "23505": return .uniqueViolation
        case "23514": return .checkViolation
        case "23503": return .foreignKeyViolation
        case "23502": return .notNullViolation
        case "23P01": return .exclusionViolation
        case "25006": return .readOnly
        case "53300": return .tooManyConnections
        case "57P01", "57P02", "57P03": return .shuttingDown
        case "25P03", "57P05": return .connectionLost
        case "42601": return .syntax
        case "42P01", "42703", "42883", "3D000", "3F000", "42704": return .missingObject
        default: break
        }
        switch state.prefix(2) {
        case "08": return .connectionLost
        case "22": return .invalidValue
        case "28": return .authentication
        case "53": return .outOfResources
        default: return .other
        }
    }

    /// The error that a failed result carries.
    init(result: OpaquePointer, connectionIsBad: Bool) {
        func field(_ letter: Character) -> String {
            PQresultErrorField(result, Int32(letter.asciiValue!)).map { String(cString: $0) } ?? ""
        }
        // Letters of protocol-error-fields.html; libpq's names for them (PG_DIAG_SQLSTATE) are macros of characters.
        let state = field("C")
        var text = field("M")
        if text.isEmpty { text = PQresultErrorMessage(result).map { trimmed($0) } ?? "no message" }
        let kind: Kind = state.isEmpty ? (connectionIsBad ? .connectionLost : .other) : Self.kind(ofState: state)
        self.init(kind, text, sqlstate: state)
        isAnswer = true
        severity = field("V")
        detail = field("D")
        hint = field("H")
        constraint = field("n")
        table = field("t")
        column = field("c")
        context = field("W")
    }

    /// What libpq says of the connection itself. With verbose messages the server's own refusal names its SQLSTATE
    /// ("FATAL:  53300: sorry, ..."), which nothing else gives while connecting.
    init(connection: OpaquePointer) {
        let text = PQerrorMessage(connection).map { trimmed($0) } ?? ""
        if let state = Self.state(in: text) {
            self.init(Self.kind(ofState: state), text, sqlstate: state)
        } else {
            self.init(.connectionLost, text.isEmpty ? "the connection is gone" : text)
        }
    }

    private static func state(in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10 else { return nil }
        for i in 0..<(bytes.count - 9) where bytes[i] == UInt8(ascii: ":") && bytes[i + 1] == 32 && bytes[i + 2] == 32 {
            let state = bytes[(i + 3)..<(i + 8)]
            let isState = state.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            if isState && bytes[i + 8] == UInt8(ascii: ":") { return String(decoding: state, as: UTF8.self) }
        }
        return nil
    }

    init(_ error: WaitError) {
        switch error {
        case .timedOut: self.init(.timedOut, "no answer before the deadline")
        case .closed: self.init(.connectionLost, "closed while waiting")
        case .closing: self.init(.closing, "the loop is shutting down")
        }
    }
}

private func trimmed(_ text: UnsafePointer<CChar>) -> String {
    var bytes = Array(String(cString: text).utf8)
    while let last = bytes.last, last == 10 || last == 32 { bytes.removeLast() }
    for i in bytes.indices where bytes[i] == 10 { bytes[i] = 32 }
    return String(decoding: bytes, as: UTF8.self)
}
