internal import Bytes
internal import Series

/// The database gives JSON back in a spelling of its own: keys in its order, with spaces, numbers without exponents. Values that are
/// compared here are in one spelling, whoever wrote them.
extension RowSchema {
    /// Values with their JSON in one spelling: keys by their bytes, no spaces.
    func canonical(_ values: [Value]) -> [Value] {
        guard columns.contains(where: { $0.kind == .json }) else { return values }
        return zip(columns, values).map { column, value in
            guard column.kind == .json, case .text(let text) = value, let json = try? JSONValue(parsing: Array(text.utf8)) else {
                return value
            }
            var writer = JSONWriter(capacity: text.utf8.count)
            writer.value(json.canonical)
            return .text(String(decoding: writer.bytes, as: UTF8.self))
        }
    }
}

extension JSONValue {
    fileprivate var canonical: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { ($0.0, $0.1.canonical) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) })
        case .array(let elements): .array(elements.map(\.canonical))
        // Digits stay as they are, but an exponent is what nobody gets back.
        case .number(let text) where text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }:
            .number(Decimal(text)?.description ?? text)
        case .number, .string, .bool, .null: self
        }
    }
}
