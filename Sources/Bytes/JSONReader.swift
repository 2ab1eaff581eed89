package enum JSONKind: Sendable, Hashable {
    case object, array, string, number, bool, null
}

/// A pull reader of one JSON text (RFC 8259, strict: no byte order mark, no invalid UTF-8, no NUL, no lone surrogate, nothing after the
/// value, at most 64 containers deep). It makes nothing that is not asked for.
///
///     var reader = try JSONReader(page)
///     try reader.beginObject()
///     while let key = try reader.nextKey() {
///         switch key {
///         case "data":
///             try reader.beginArray()
///             while try reader.nextElement() { rows.append(try row(&reader)) }
///         default: try reader.skip()
///         }
///     }
///     try reader.end()
///
/// A container that was begun is read until `nextKey` gives nil or `nextElement` false. A value that the caller leaves unread is checked
/// and skipped by the next step. Duplicate keys are the caller's to judge. After an error the reader is of no further use.
package struct JSONReader: Sendable {
    package let bytes: [UInt8]
    /// Where the reader stands, in bytes from the start.
    package private(set) var offset = 0
    private var depth = 0
    /// Bit d is set where the container at depth d + 1 is an object.
    private var objects: UInt64 = 0
    /// Nothing of the innermost container was read yet.
    private var fresh = false
    /// A value stands at `offset`, perhaps after white space.
    private var due = true

    package init(_ bytes: [UInt8]) throws(JSONError) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { throw JSONError(.byteOrderMark, at: 0) }
        self.bytes = bytes
    }

    // MARK: Containers

    package mutating func beginObject() throws(JSONError) { try begin(UInt8(ascii: "{"), isObject: true, otherwise: .notObject) }

    package mutating func beginArray() throws(JSONError) { try begin(UInt8(ascii: "["), isObject: false, otherwise: .notArray) }

    /// The next member's name, its value being due; nil at the object's end, which is then behind us.
    package mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try next(inObject: true) else { return nil }
        let start = offset + 1
        let name = try JSONScan.name(bytes.span, from: offset)
        offset = try JSONScan.colon(bytes.span, after: name.end)
        due = true
        guard name.escaped else { return JSONKey(source: bytes, start: start, end: name.end) }
        let resolved = JSONText.resolve(bytes.span, in: start..<name.end)
        return JSONKey(source: resolved, start: 0, end: resolved.count)
    }

    /// Whether the array has another element, which is then due; false at the array's end, which is then behind us.
    package mutating func nextElement() throws(JSONError) -> Bool {
        guard try next(inObject: false) else { return false }
        due = true
        return true
    }

    /// Checks that nothing but white space follows the value.
    package mutating func end() throws(JSONError) {
        if due { try skip() }
        guard depth == 0 else { throw JSONError(.noValue, at: offset) }
        offset = JSONScan.space(bytes.span, from: offset)
        if offset < bytes.count { throw JSONError(.trailing, at: offset) }
    }

    // MARK: Values

    /// What kind of value is due, judged by its first byte.
    package mutating func peek() throws(JSONError) -> JSONKind {
        switch try first() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw JSONError(.unexpected, at: offset)
        }
    }

    package mutating func string() throws(JSONError) -> String {
        let (range, escaped) = try stringRange()
        if escaped { return String(decoding: JSONText.resolve(bytes.span, in: range), as: UTF8.self) }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// A string's bytes: a slice of the text itself where it holds no escape, else a resolved copy.
    package mutating func stringBytes() throws(JSONError) -> ArraySlice<UInt8> {
        let (range, escaped) = try stringRange()
        return escaped ? JSONText.resolve(bytes.span, in: range)[...] : bytes[range]
    }

    /// A number's digits as they stand in the text, of JSON's syntax.
    package mutating func numberText() throws(JSONError) -> ArraySlice<UInt8> { bytes[try numberRange()] }

    /// An integer of 64 bits; a fraction or an exponent is refused, even where its value is whole.
    package mutating func int() throws(JSONError) -> Int64 {
        let range = try numberRange()
        guard let value = NumberText.int(bytes.span, in: range) else { throw JSONError(.notInteger, at: range.lowerBound) }
        return value
    }

    /// The nearest double; what would be infinite is refused.
    package mutating func double() throws(JSONError) -> Double {
        let range = try numberRange()
        guard let value = NumberText.double(bytes.span, in: range) else { throw JSONError(.notFinite, at: range.lowerBound) }
        return value
    }

    package mutating func bool() throws(JSONError) -> Bool {
        switch try first() {
        case UInt8(ascii: "t"): offset = try JSONScan.literal(bytes.span, from: offset, "true")
            due = false
            return true
        case UInt8(ascii: "f"): offset = try JSONScan.literal(bytes.span, from: offset, "false")
            due = false
            return false
        default: throw JSONError(.notBool, at: offset)
        }
    }

    package mutating func null() throws(JSONError) {
        guard try first() == UInt8(ascii: "n") else { throw JSONError(.notNull, at: offset) }
        offset = try JSONScan.literal(bytes.span, from: offset, "null")
        due = false
    }

    /// Reads a null if one is due, and says so; any other value stays due.
    package mutating func nullIfPresent() throws(JSONError) -> Bool {
        guard try first() == UInt8(ascii: "n") else { return false }
        try null()
        return true
    }

    package mutating func skip() throws(JSONError) { _ = try rawRange() }

    /// A whole value as it stands in the text, checked: for parking a record, or for reading it again.
    package mutating func raw() throws(JSONError) -> ArraySlice<UInt8> { bytes[try rawRange()] }

    /// Reads the object that is due in one pass: `found`, as long as `names`, says where the values of these members stand, of doubled
    /// ones the last. All else is checked and skipped.
    package mutating func members(_ names: JSONNames, into found: inout [JSONMember]) throws(JSONError) {
        guard try first() == UInt8(ascii: "{") else { throw JSONError(.notObject, at: offset) }
        guard depth < JSONScan.depthLimit else { throw JSONError(.tooDeep, at: offset) }
        offset = try names.scan(bytes.span, from: offset, depth: depth + 1, into: &found)
        due = false
    }

    // MARK: Steps

    /// The first byte of the value that is due; `offset` stands on it.
    private mutating func first() throws(JSONError) -> UInt8 {
        guard due else { throw JSONError(.noValue, at: offset) }
        offset = JSONScan.space(bytes.span, from: offset)
        guard offset < bytes.count else { throw JSONError(.endsEarly, at: offset) }
        return bytes[offset]
    }

    private mutating func begin(_ open: UInt8, isObject: Bool, otherwise: JSONError.Reason) throws(JSONError) {
        guard try first() == open else { throw JSONError(otherwise, at: offset) }
        guard depth < JSONScan.depthLimit else { throw JSONError(.tooDeep, at: offset) }
        let bit = UInt64(1) << UInt64(depth)
        objects = isObject ? objects | bit : objects & ~bit
        depth += 1
        offset += 1
        fresh = true
        due = false
    }

    /// Steps to the next member or element; false where the container ends here.
    private mutating func next(inObject: Bool) throws(JSONError) -> Bool {
        if due { try skip() }
        guard depth > 0, (objects >> UInt64(depth - 1)) & 1 == (inObject ? 1 : 0) else { throw JSONError(.noValue, at: offset) }
        offset = JSONScan.space(bytes.span, from: offset)
        guard offset < bytes.count else { throw JSONError(.endsEarly, at: offset) }
        let byte = bytes[offset]
        if byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
            offset += 1
            depth -= 1
            fresh = false
            return false
        }
        if fresh {
            fresh = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw JSONError(.unexpected, at: offset) }
        offset = JSONScan.space(bytes.span, from: offset + 1)
        return true
    }

    private mutating func stringRange() throws(JSONError) -> (range: Range<Int>, escaped: Bool) {
        guard try first() == UInt8(ascii: "\"") else { throw JSONError(.notString, at: offset) }
        let start = offset + 1
        let (end, escaped) = try JSONScan.string(bytes.span, from: start)
        offset = end + 1
        due = false
        return (start..<end, escaped)
    }

    private mutating func numberRange() throws(JSONError) -> Range<Int> {
        let byte = try first()
        guard byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10 else { throw JSONError(.notNumber, at: offset) }
        let start = offset
        offset = try JSONScan.number(bytes.span, from: start)
        due = false
        return start..<offset
    }

    private mutating func rawRange() throws(JSONError) -> Range<Int> {
        _ = try first()
        let start = offset
        offset = try JSONScan.value(bytes.span, from: start, depth: depth)
        due = false
        return start..<offset
    }
}
