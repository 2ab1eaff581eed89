/// One request, read in full. Lives on its connection's loop; header fields stay bytes until somebody asks for text.
package final class Request {
    package let method: Method
    /// The route that was found; nil where none was.
    package internal(set) var route: Route?
    /// The body, decoded; empty while the router's `admit` looks at the head.
    package internal(set) var body: [UInt8] = []
    /// Who asks, once the router's `admit` has found that out: a name for logs, never a secret.
    package var client: String?
    let connection: ConnectionFacts
    let head: Head
    let serial: UInt64
    /// The connection's buffer, with the head's first byte at `start`.
    private let buffer: [UInt8]
    private let start: Int
    /// The path with its escapes undone, where it has any.
    private var plainPath: [UInt8]?
    var parameters = Parameters()

    init(_ head: consuming Head, buffer: [UInt8], start: Int, serial: UInt64, connection: ConnectionFacts) throws(Refusal) {
        self.head = head
        let head = self.head
        self.method = head.method
        self.buffer = buffer
        self.start = start
        self.serial = serial
        self.connection = connection
        if head.pathIsEscaped {
            let path = Escapes.undo(buffer[range(head.path)])
            if String(validating: path, as: UTF8.self) == nil { throw Refusal(400, "The path is not UTF-8.") }
            plainPath = path
        }
        if head.queryIsEscaped, let query = head.query, String(validating: Escapes.undo(buffer[range(query)]), as: UTF8.self) == nil {
            throw Refusal(400, "The query is not UTF-8.")
        }
    }

    /// Of its own copy of its head, where it has one.
    var bytesHeld: Int { buffer.count }

    private func range(_ inHead: Range<Int>) -> Range<Int> { start + inHead.lowerBound..<start + inHead.upperBound }

    private func text(_ inHead: Range<Int>) -> String { String(decoding: buffer[range(inHead)], as: UTF8.self) }

    // MARK: Target

    /// The method as it was sent.
    package var methodName: String { text(head.methodName) }

    /// The target as it was sent.
    package var target: String { text(head.target) }

    /// The same without a copy; keep it no longer than the request.
    package var targetBytes: ArraySlice<UInt8> { buffer[range(head.target)] }

    /// The path as it was sent, "/" where an absolute target has none.
    package var path: String { head.path.isEmpty && !head.isStar ? "/" : text(head.path) }

    /// The path's segments, escapes undone: `/v1/a%20b` is `["v1", "a b"]`, `/` is `[""]`.
    package var segments: [String] {
        withPath { path in
            let pieces = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            return pieces.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The query's pairs in their order, escapes undone. A plus sign is a plus sign (RFC 3986), so that `+02:00` may be
    /// typed; a name without "=" has an empty value.
    package var query: [QueryPair] {
        guard let range = head.query else { return [] }
        return Escapes.pairs(buffer[self.range(range)])
    }

    /// The value of a `{name}` in the route's pattern.
    package func parameter(_ name: String) -> String? {
        guard let route, let index = route.names.firstIndex(of: name), index < parameters.count else { return nil }
        let place = parameters[index]
        return withPath { String(decoding: $0[place], as: UTF8.self) }
    }

    /// The path's bytes, escapes undone.
    func withPath<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        if let plainPath { return plainPath.withUnsafeBufferPointer(body) }
        if head.path.isEmpty && !head.isStar { return [UInt8(ascii: "/")].withUnsafeBufferPointer(body) }
        let place = range(head.path)
        return buffer.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[place])) }
    }

    // MARK: Fields

    /// A field's value; those of several fields of one name are joined by ", " (RFC 9110, section 5.3).
    package func header(_ name: String) -> String? {
        var joined: String?
        eachField(name) { value in
            let text = String(decoding: buffer[value], as: UTF8.self)
            joined = joined.map { $0 + ", " + text } ?? text
        }
        return joined
    }

    /// The bytes of the first field of this name, without copying them.
    package func headerBytes(_ name: String) -> ArraySlice<UInt8>? {
        var found: ArraySlice<UInt8>?
        eachField(name) { value in if found == nil { found = buffer[value] } }
        return found
    }

    /// The bytes of every field of this name, in their order.
    package func headerFields(_ name: String) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        eachField(name) { value in found.append(buffer[value]) }
        return found
    }

    /// All fields in their order, names as they were sent.
    package var headers: [(name: String, value: String)] { head.fields.map { (text($0.name), text($0.value)) } }

    private func eachField(_ name: String, _ body: (Range<Int>) -> Void) {
        var name = name
        name.withUTF8 { wanted in
            buffer.withUnsafeBufferPointer { bytes in
                for field in head.fields where Int(field.nameCount) == wanted.count {
                    let place = range(field.name).lowerBound
                    var i = 0
                    while i < wanted.count, Grammar.lower(bytes[place + i]) == Grammar.lower(wanted[i]) { i += 1 }
                    if i == wanted.count { body(range(field.value)) }
                }
            }
        }
    }

    /// Host field or authority of the target, as it was sent.
    package var host: String { text(head.host) }

    /// The same without a copy; keep it no longer than the request.
    package var hostBytes: ArraySlice<UInt8> { buffer[range(head.host)] }

    // MARK: Connection

    /// The peer's numeric address, "unix" for a socket file.
    package var peer: String { connection.peer }

    /// The client's X-Request-Id where it is 1 to 64 letters, digits and hyphens, else one of ours.
    package var id: String { String(decoding: idBytes, as: UTF8.self) }

    var idBytes: [UInt8] {
        var bytes: [UInt8] = []
        appendID(to: &bytes)
        return bytes
    }

    func appendID(to bytes: inout [UInt8]) {
        if let given = head.requestID {
            bytes.append(contentsOf: buffer[range(given)])
        } else {
            connection.appendID(serial, to: &bytes)
        }
    }
}

/// A name and a value of a query.
package struct QueryPair: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Where the path's parameters lie; four without an allocation, and more than a route of ours has.
struct Parameters {
    private var places: (Range<Int>, Range<Int>, Range<Int>, Range<Int>) = (0..<0, 0..<0, 0..<0, 0..<0)
    var count = 0
    static let most = 4

    subscript(index: Int) -> Range<Int> {
        switch index {
        case 0: places.0
        case 1: places.1
        case 2: places.2
        default: places.3
        }
    }

    mutating func append(_ place: Range<Int>) {
        switch count {
        case 0: places.0 = place
        case 1: places.1 = place
        case 2: places.2 = place
        default: places.3 = place
        }
        count += 1
    }
}

/// What all requests of a connection have in common.
final class ConnectionFacts {
    let peer: String
    /// Random, once a server, so that ids of two processes differ.
    private let seed: UInt64

    init(peer: String, seed: UInt64) {
        self.peer = peer
        self.seed = seed
    }

    func appendID(_ serial: UInt64, to bytes: inout [UInt8]) {
        // Odd multiplier: a bijection, so no two serials of a server give one id.
        var value = (seed &+ serial) &* 0x9E37_79B9_7F4A_7C15
        for _ in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> 60)
            bytes.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
            value <<= 4
        }
    }
}
