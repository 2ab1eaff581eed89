/// A statement: text with numbered places, and the values for them. Written as a string with interpolations, each of which
/// becomes a bind, so that no value can become text:
///
///     try await connection.query("select id from series where name = \(name) and since >= \(.instant(start))")
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    /// Text before, between and after the binds: always one more than there are binds.
    private var segments: [String]
    private(set) var binds: [Bind]

    package init(stringLiteral value: String) {
        segments = [value]
        binds = []
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        segments = interpolation.sql.segments
        binds = interpolation.sql.binds
    }

    /// The text with `$1`, `$2`, ... in place of the values.
    package var text: String {
        var text = segments[0]
        for i in binds.indices { text += "$\(i + 1)\(segments[i + 1])" }
        return text
    }

    package mutating func append(_ other: SQL) {
        segments[segments.count - 1] += other.segments[0]
        segments += other.segments.dropFirst()
        binds += other.binds
    }

    fileprivate mutating func append(text: String) { segments[segments.count - 1] += text }

    fileprivate mutating func append(bind: Bind) {
        binds.append(bind)
        segments.append("")
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql = SQL(stringLiteral: "")

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { sql.append(text: literal) }

        package mutating func appendInterpolation(_ value: some Bindable) { sql.append(bind: value.bind) }

        /// nil is NULL.
        package mutating func appendInterpolation<T: Bindable>(_ value: T?) { sql.append(bind: value.bind) }

        package mutating func appendInterpolation(_ bind: Bind) { sql.append(bind: bind) }

        /// Text of the program itself.
        package mutating func appendInterpolation(raw text: StaticString) { sql.append(text: text.description) }

        /// A name, quoted.
        package mutating func appendInterpolation(_ name: Identifier) { sql.append(text: name.quoted) }

        /// A list of names, quoted, with commas.
        package mutating func appendInterpolation(_ names: [Identifier]) {
            sql.append(text: names.map(\.quoted).joined(separator: ", "))
        }

        /// A part of a statement, with its own binds.
        package mutating func appendInterpolation(_ part: SQL) { sql.append(part) }
    }
}

extension [SQL] {
    /// The parts with `separator` between them.
    package func joined(separator: StaticString) -> SQL {
        var whole: SQL = ""
        for (i, part) in enumerated() {
            if i > 0 { whole.append("\(raw: separator)") }
            whole.append(part)
        }
        return whole
    }
}

/// The name of a table or a column: `[a-z_][a-z_0-9]*`, at most 63 bytes, so that quoting it needs no escaping.
package struct Identifier: Sendable, Hashable, CustomStringConvertible {
    package let name: String

    /// nil where `name` is anything else.
    package init?(_ name: String) {
        let bytes = name.utf8
        guard let first = bytes.first, bytes.count <= 63, !(48...57).contains(first),
            bytes.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") })
        else { return nil }
        self.name = name
    }

    package var description: String { name }
    var quoted: String { "\"\(name)\"" }
}
