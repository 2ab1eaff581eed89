package import Bytes

/// Values of rows as JSON: one way of writing them, for answers and for what the store keeps.
extension JSONWriter {
    /// A value of a column of this kind: of a JSON column what it holds, not its text as a string.
    package mutating func value(_ value: Value, _ kind: RowSchema.Column.Kind) {
        switch value {
        case .null, .kept: null()
        case .decimal(let value): number(value.description.utf8)
        case .integer(let value): int(value)
        case .text(let value) where kind == .json: raw(value.utf8)
        case .text(let value): string(value)
        }
    }

    /// An object of the columns, then of the members of `rest`, itself the text of an object; null where nothing has a value. A column
    /// without one is null, unless its name stands in `rest`: what did not fit the column lies there.
    package mutating func object(_ members: [ShownMember], rest: Value) {
        let hasNull = members.contains { $0.value == .null }
        if hasNull, rest == .null, members.allSatisfy({ $0.value == .null }) { return null() }
        let others = hasNull ? Self.names(in: rest) : []
        beginObject()
        for member in members where member.value != .null || !others.contains(member.name) {
            key(member.name)
            value(member.value, member.kind)
        }
        if case .text(let object) = rest, let inner = Self.members(of: object) { raw(inner) }
        endObject()
    }

    /// The names of the members of an object's text.
    private static func names(in object: Value) -> Set<String> {
        guard case .text(let text) = object, var reader = try? JSONReader(Array(text.utf8)), (try? reader.beginObject()) != nil else {
            return []
        }
        var names: Set<String> = []
        while let name = try? reader.nextKey() { names.insert(name.description) }
        return names
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
