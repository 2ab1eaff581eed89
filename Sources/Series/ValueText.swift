package import Bytes

/// Values of rows as JSON: one way of writing them, for answers and for what the store keeps.
extension JSONWriter {
    /// A value of a column of this kind: of a JSON column what it holds, not its text as a string.
    package mutating func value(_ value: Value, _ kind: RowSchema.Column.Kind) {
        switch value {
        case .null: null()
        case .decimal(let value): number(value.description.utf8)
        case .integer(let value): int(value)
        case .text(let value) where kind == .json: raw(value.utf8)
        case .text(let value): string(value)
        }
    }

    /// An object of the columns that have a value, then of the members of `rest`, itself the text of an object; null where there is none of
    /// either.
    package mutating func object(_ members: [ShownMember], rest: Value) {
        let given = members.filter { $0.value != .null }
        if given.isEmpty, rest == .null { return null() }
        beginObject()
        for member in given {
            key(member.name)
            value(member.value, member.kind)
        }
        if case .text(let object) = rest, let inner = Self.members(of: object) { raw(inner) }
        endObject()
    }

    /// What stands between the braces of an object's text; nil where that is nothing.
    private static func members(of object: String) -> Substring.UTF8View? {
        let text = object.utf8
        guard let open = text.firstIndex(of: UInt8(ascii: "{")), let close = text.lastIndex(of: UInt8(ascii: "}")) else { return nil }
        let inner = text[text.index(after: open)..<close]
        return inner.allSatisfy { $0 == UInt8(ascii: " ") } ? nil : inner
    }
}

/// A column's value under the name that clients see it by.
package struct ShownMember: Sendable {
    package let name: String
    package let value: Value
    package let kind: RowSchema.Column.Kind

    package init(_ name: String, _ value: Value, _ kind: RowSchema.Column.Kind) {
        self.name = name
        self.value = value
        self.kind = kind
    }
}
