internal import Bytes

/// Writes the fields that have no column of their own as one JSON object that the store's `jsonb` can hold and gives back as the same
/// value: numbers without exponents, which it would write out, and of doubled names the last, which alone it would keep. In which order and
/// with which spaces it gives them back is the store's business, which compares them in one spelling.
enum RestText {
    /// nil where there are none.
    static func object(_ members: [(name: String, value: ArraySlice<UInt8>)]) -> String? {
        if members.isEmpty { return nil }
        let values = members.compactMap { member in
            (try? Self.value(member.value)).map { (member.name, $0) }
        }
        var writer = JSONWriter(capacity: 64 * values.count)
        writer.value(.object(lasting(values)))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Numbers as far as this from 1 are kept as numbers, others as text: a column of a hundred thousand digits is nobody's metric.
    static let places = 300

    private static func value(_ raw: ArraySlice<UInt8>) throws(JSONError) -> JSONValue {
        var reader = try JSONReader(Array(raw))
        return try value(&reader)
    }

    private static func value(_ reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch try reader.peek() {
        case .object:
            var members: [(String, JSONValue)] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let name = key.description
                members.append((name, try value(&reader)))
            }
            return .object(lasting(members))
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try value(&reader)) }
            return .array(elements)
        case .string: return .string(try reader.string())
        case .number: return number(try reader.numberText())
        case .bool: return .bool(try reader.bool())
        case .null:
            try reader.null()
            return .null
        }
    }

    /// Of each name the last. By their bytes: two names that differ only in normalisation are two.
    private static func lasting(_ members: [(String, JSONValue)]) -> [(String, JSONValue)] {
        var places: [[UInt8]: Int] = [:]
        for (place, member) in members.enumerated() { places[Array(member.0.utf8)] = place }
        return places.values.sorted().map { members[$0] }
    }

    /// All digits of a JSON number, as `numeric` shows them: `1.50e1` is `15.0`, `-0.0` is `0.0`. What is too far from 1 becomes text.
    static func number(_ text: ArraySlice<UInt8>) -> JSONValue {
        let parts = Parts(text)
        let isZero = parts.digits.allSatisfy { $0 == UInt8(ascii: "0") }
        let first = parts.digits.firstIndex { $0 != UInt8(ascii: "0") } ?? 0
        // How many places before the point the first digit stands.
        let reach = parts.whole - first
        guard isZero ? abs(parts.whole) <= places : abs(reach) <= places, parts.digits.count <= 2 * places else {
            return .string(String(decoding: text, as: UTF8.self))
        }
        var out: [UInt8] = []
        if parts.isNegative, !isZero { out.append(UInt8(ascii: "-")) }
        let zeros = { (count: Int) in [UInt8](repeating: UInt8(ascii: "0"), count: max(0, count)) }
        let whole = Array(parts.digits.prefix(max(0, parts.whole))) + zeros(parts.whole - parts.digits.count)
        let shown = whole.drop { $0 == UInt8(ascii: "0") }
        out += shown.isEmpty ? zeros(1) : Array(shown)
        let fraction = zeros(-parts.whole) + parts.digits.dropFirst(max(0, parts.whole))
        if !fraction.isEmpty {
            out.append(UInt8(ascii: "."))
            out += fraction
        }
        return .number(String(decoding: out, as: UTF8.self))
    }

    /// `0.digits * 10^whole`.
    private struct Parts {
        var isNegative = false
        var digits: [UInt8] = []
        var whole = 0

        init(_ text: ArraySlice<UInt8>) {
            var places: Int?
            var rest = text
            if rest.first == UInt8(ascii: "-") {
                isNegative = true
                rest.removeFirst()
            }
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: ".") {
                    places = digits.count
                } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
                    break
                } else {
                    digits.append(byte)
                }
            }
            // What follows is the exponent; past a few hundred it only has to stay out of reach.
            if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            let exponent = rest.isEmpty ? 0 : NumberText.int(rest).map { max(-1_000_000, min(1_000_000, $0)) }
                ?? (rest.first == UInt8(ascii: "-") ? -1_000_000 : 1_000_000)
            whole = (places ?? digits.count) + Int(exponent)
        }
    }
}
