/// A JSON value in memory, for request bodies and small stored documents. Members keep the order in which they were written, and equality
/// minds it; numbers keep their digits.
package enum JSONValue: Sendable {
    case object([(String, JSONValue)])
    case array([JSONValue])
    case string(String)
    /// Of JSON's number syntax.
    case number(String)
    case bool(Bool)
    case null

    /// Parses a whole text. A key that appears twice in one object is refused, and so are more than `limit` values in all.
    package init(parsing bytes: [UInt8], limit: Int = 100_000) throws(JSONError) {
        var reader = try JSONReader(bytes)
        self = try JSONValue(reading: &reader, limit: limit)
        try reader.end()
    }

    /// Reads the value that is due.
    package init(reading reader: inout JSONReader, limit: Int = 100_000) throws(JSONError) {
        var left = limit
        self = try JSONValue.read(&reader, left: &left)
    }

    package init(_ value: Int64) { self = .number(String(value)) }

    private static func read(_ reader: inout JSONReader, left: inout Int) throws(JSONError) -> JSONValue {
        guard left > 0 else { throw JSONError(.tooMany, at: reader.offset) }
        left -= 1
        switch try reader.peek() {
        case .object: return try object(&reader, left: &left)
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try read(&reader, left: &left)) }
            return .array(elements)
        case .string: return .string(try reader.string())
        case .number: return .number(String(decoding: try reader.numberText(), as: UTF8.self))
        case .bool: return .bool(try reader.bool())
        case .null:
            try reader.null()
            return .null
        }
    }

    private static func object(_ reader: inout JSONReader, left: inout Int) throws(JSONError) -> JSONValue {
        var members: [(String, JSONValue)] = []
        // Bytes, not characters: two keys that differ only in normalisation are two keys.
        var seen: Set<[UInt8]> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard seen.insert(Array(key.bytes)).inserted else { throw JSONError(.duplicateKey, at: reader.offset) }
            members.append((key.description, try read(&reader, left: &left)))
        }
        return .object(members)
    }

    // MARK: Looking inside

    /// A member's value; nil where this is no object or has no such member.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    package var object: [(String, JSONValue)]? { if case .object(let members) = self { members } else { nil } }
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var numberText: String? { if case .number(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var isNull: Bool { if case .null = self { true } else { false } }
    package var int: Int64? { numberText.flatMap { NumberText.int(Array($0.utf8)[...]) } }
    /// A whole number however it is written: `2`, `2.0`, `2e0` are one value (JSON Schema 2020-12, section 4.2.3). Those not written
    /// as digits alone are taken up to 2^53, where doubles are exact.
    package var wholeNumber: Int64? { int ?? double.flatMap { $0.magnitude <= 0x1p53 ? Int64(exactly: $0) : nil } }
    package var double: Double? { numberText.flatMap { NumberText.double(Array($0.utf8)[...]) } }

    // MARK: Writing

    /// Compact JSON, members in their order.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }

    package func write(to writer: inout JSONWriter) {
        switch self {
        case .object(let members):
            writer.beginObject()
            for (name, value) in members {
                writer.key(name)
                value.write(to: &writer)
            }
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .string(let text): writer.string(text)
        case .number(let text): writer.number(text.utf8)
        case .bool(let value): writer.bool(value)
        case .null: writer.null()
        }
    }
}

extension JSONValue: Equatable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.object(let a), .object(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
        case (.array(let a), .array(let b)): a == b
        case (.string(let a), .string(let b)), (.number(let a), .number(let b)): a == b
        case (.bool(let a), .bool(let b)): a == b
        case (.null, .null): true
        default: false
        }
    }
}
