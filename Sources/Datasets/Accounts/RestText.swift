internal import Bytes

/// Writes the fields that have no column of their own as Postgres writes them out of jsonb: members by length of name and then by its
/// bytes, of doubled ones the last, numbers without exponents. So what was held and what comes again are equal texts where nothing changed.
enum RestText {
    /// nil where there are none.
    static func object(_ members: [(name: String, value: ArraySlice<UInt8>)]) -> String? {
        if members.isEmpty { return nil }
        var out: [UInt8] = []
        write(members.compactMap { member in
            (try? Self.value(member.value)).map { (name: member.name, value: $0) }
        }, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Numbers as far as this from 1 are kept as numbers, others as text: a column of a hundred thousand digits is nobody's metric.
    static let places = 300

    private indirect enum Node {
        case object([(name: String, value: Node)])
        case array([Node])
        case string(String)
        case number(ArraySlice<UInt8>)
        case word(ArraySlice<UInt8>)
    }

    private static func value(_ raw: ArraySlice<UInt8>) throws(JSONError) -> Node {
        switch raw.first {
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .word(raw)
        case UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["):
            var reader = try JSONReader(Array(raw))
            return try node(&reader)
        default: return .number(raw)
        }
    }

    private static func node(_ reader: inout JSONReader) throws(JSONError) -> Node {
        switch try reader.peek() {
        case .object:
            var members: [(name: String, value: Node)] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let name = key.description
                members.append((name: name, value: try node(&reader)))
            }
            return .object(members)
        case .array:
            var elements: [Node] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try node(&reader)) }
            return .array(elements)
        case .string: return .string(try reader.string())
        case .number: return .number(try reader.numberText())
        case .bool, .null: return .word(try reader.raw())
        }
    }

    private static func write(_ node: Node, to out: inout [UInt8]) {
        switch node {
        case .object(let members): write(members, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { out += separator }
                write(element, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .string(let text): out += quoted(text)
        case .number(let digits): out += number(digits)
        case .word(let word): out += word
        }
    }

    private static let separator = Array(", ".utf8)

    private static func write(_ members: [(name: String, value: Node)], to out: inout [UInt8]) {
        // The last of a name holds; the sort is by what jsonb compares.
        var places: [[UInt8]: Int] = [:]
        for (place, member) in members.enumerated() { places[Array(member.name.utf8)] = place }
        let order = places.sorted { one, other in
            one.key.count != other.key.count ? one.key.count < other.key.count : one.key.lexicographicallyPrecedes(other.key)
        }
        out.append(UInt8(ascii: "{"))
        for (rank, entry) in order.enumerated() {
            if rank > 0 { out += separator }
            out += quoted(members[entry.value].name)
            out += Array(": ".utf8)
            write(members[entry.value].value, to: &out)
        }
        out.append(UInt8(ascii: "}"))
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var writer = JSONWriter(capacity: text.utf8.count + 2)
        writer.string(text)
        return writer.bytes
    }

    /// All digits of a JSON number, as `numeric` shows them: `1.50e1` is `15.0`, `-0.0` is `0.0`.
    static func number(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let parts = Parts(text)
        let isZero = parts.digits.allSatisfy { $0 == UInt8(ascii: "0") }
        let first = parts.digits.firstIndex { $0 != UInt8(ascii: "0") } ?? 0
        // How many places before the point the first digit stands.
        let reach = parts.whole - first
        guard isZero ? abs(parts.whole) <= places : abs(reach) <= places, parts.digits.count <= 2 * places else {
            return quoted(String(decoding: text, as: UTF8.self))
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
        return out
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
