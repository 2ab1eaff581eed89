/// One value on its way to the server, in the form it is sent in.
package struct Bind: Sendable, Equatable {
    let type: OID
    /// nil is NULL.
    let bytes: [UInt8]?
    /// Text forms end with a zero byte, as libpq wants them.
    let isBinary: Bool

    init(_ type: OID, binary bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
        isBinary = true
    }

    init(_ type: OID, text: String?) {
        self.type = type
        // A zero byte would cut the value short without a word: put in something that no such type reads.
        bytes = text.map { $0.utf8.map { $0 == 0 ? UInt8(ascii: "?") : $0 } + [0] }
        isBinary = false
    }

    /// timestamptz from seconds since 1970, UTC.
    package static func instant(_ seconds: Int64?) -> Bind {
        Bind(.timestamptz, binary: seconds.map { wireBytes(microseconds(ofInstant: $0)) })
    }

    /// timestamptz[].
    package static func instants(_ seconds: [Int64?]) -> Bind {
        arrayBind(seconds.map { $0.map { wireBytes(microseconds(ofInstant: $0)) } }, element: .timestamptz, array: .timestamptzArray)
    }

    /// date from days since 1970-01-01.
    package static func date(_ days: Int?) -> Bind {
        Bind(.date, binary: days.map { wireBytes(Int32(clamping: $0 - daysTo2000)) })
    }

    /// numeric from decimal text (`-12.50`); other text is refused by the server (22P02).
    package static func numeric(_ text: String?) -> Bind { Bind(.numeric, text: text) }

    /// numeric[] from decimal texts.
    package static func numerics(_ texts: [String?]) -> Bind {
        // Quoted, so that an element cannot become two; a quote or backslash is no numeric anyhow.
        let elements = texts.map { text -> String in
            guard let text else { return "NULL" }
            let bytes = text.utf8.map { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") ? UInt8(ascii: "?") : $0 }
            return "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
        return Bind(.numericArray, text: "{\(elements.joined(separator: ","))}")
    }

    /// jsonb from JSON text.
    package static func json(_ text: String?) -> Bind {
        Bind(.jsonb, binary: text.map { [1] + Array($0.utf8) })
    }

    /// jsonb[] from JSON texts.
    package static func jsons(_ texts: [String?]) -> Bind {
        arrayBind(texts.map { $0.map { [1] + Array($0.utf8) } }, element: .jsonb, array: .jsonbArray)
    }

    /// int8multirange from half-open ranges; the server sorts and joins them.
    package static func ranges(_ ranges: [Range<Int>]) -> Bind {
        let parts = ranges.map { "[\($0.lowerBound),\($0.upperBound))" }
        return Bind(.int8multirange, text: "{\(parts.joined(separator: ","))}")
    }
}

/// What may stand in a statement's interpolation.
package protocol Bindable {
    var bind: Bind { get }
    static func bind(array: [Self]) -> Bind
    static var null: Bind { get }
    static func bind(arrayWithNulls array: [Self?]) -> Bind
}

/// A type with a fixed binary form.
package protocol BinaryBindable: Bindable {
    static var oid: OID { get }
    static var arrayOID: OID { get }
    var wire: [UInt8] { get }
}

extension BinaryBindable {
    package var bind: Bind { Bind(Self.oid, binary: wire) }
    package static var null: Bind { Bind(oid, binary: nil) }
    package static func bind(array: [Self]) -> Bind { arrayBind(array.map(\.wire), element: oid, array: arrayOID) }
    package static func bind(arrayWithNulls array: [Self?]) -> Bind { arrayBind(array.map { $0?.wire }, element: oid, array: arrayOID) }
}

extension Int: BinaryBindable {
    package static var oid: OID { .int8 }
    package static var arrayOID: OID { .int8Array }
    package var wire: [UInt8] { wireBytes(Int64(self)) }
}

extension Int64: BinaryBindable {
    package static var oid: OID { .int8 }
    package static var arrayOID: OID { .int8Array }
    package var wire: [UInt8] { wireBytes(self) }
}

extension Int32: BinaryBindable {
    package static var oid: OID { .int4 }
    package static var arrayOID: OID { .int4Array }
    package var wire: [UInt8] { wireBytes(self) }
}

extension Double: BinaryBindable {
    package static var oid: OID { .float8 }
    package static var arrayOID: OID { .float8Array }
    package var wire: [UInt8] { wireBytes(bitPattern) }
}

extension Bool: BinaryBindable {
    package static var oid: OID { .bool }
    package static var arrayOID: OID { .boolArray }
    package var wire: [UInt8] { [self ? 1 : 0] }
}

extension String: BinaryBindable {
    package static var oid: OID { .text }
    package static var arrayOID: OID { .textArray }
    /// Sent as it is: a zero byte within is refused by the server (22021), not cut off.
    package var wire: [UInt8] { Array(utf8) }
}

/// One byte is nothing that SQL has; an array of them is bytea.
extension UInt8: Bindable {
    package var bind: Bind { Bind(.int4, binary: wireBytes(Int32(self))) }
    package static var null: Bind { Bind(.int4, binary: nil) }
    package static func bind(array: [UInt8]) -> Bind { Bind(.bytea, binary: array) }
    package static func bind(arrayWithNulls array: [UInt8?]) -> Bind {
        arrayBind(array.map { $0.map { wireBytes(Int32($0)) } }, element: .int4, array: .int4Array)
    }
}

extension Array: Bindable where Element: Bindable {
    package var bind: Bind { Element.bind(array: self) }
    package static var null: Bind {
        let empty = Element.bind(array: [])
        return Bind(empty.type, binary: nil)
    }
    /// Only arrays of byte strings (bytea[]); arrays of arrays are not sent.
    package static func bind(array: [[Element]]) -> Bind { bind(arrayWithNulls: array.map { $0 }) }
    package static func bind(arrayWithNulls array: [[Element]?]) -> Bind {
        precondition(Element.self == UInt8.self, "an array of arrays is sent for bytea[] only")
        return arrayBind(array.map { $0?.bind.bytes }, element: .bytea, array: .byteaArray)
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    package var bind: Bind { self?.bind ?? Wrapped.null }
    package static var null: Bind { Wrapped.null }
    package static func bind(array: [Wrapped?]) -> Bind { Wrapped.bind(arrayWithNulls: array) }
    package static func bind(arrayWithNulls array: [Wrapped??]) -> Bind { Wrapped.bind(arrayWithNulls: array.map { $0 ?? nil }) }
}

/// A one-dimensional array in binary (array_send in the server's arrayfuncs.c): dimensions, has-nulls, element type, length,
/// first index, then each element with its length, -1 for NULL.
private func arrayBind(_ elements: [[UInt8]?], element: OID, array: OID) -> Bind {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(20 + elements.reduce(0) { $0 + 4 + ($1?.count ?? 0) })
    append(Int32(elements.isEmpty ? 0 : 1), to: &bytes)
    append(Int32(elements.contains { $0 == nil } ? 1 : 0), to: &bytes)
    append(Int32(bitPattern: element.rawValue), to: &bytes)
    if !elements.isEmpty {
        append(Int32(elements.count), to: &bytes)
        append(Int32(1), to: &bytes)
        for value in elements {
            append(Int32(value?.count ?? -1), to: &bytes)
            if let value { bytes += value }
        }
    }
    return Bind(array, binary: bytes)
}

private func append(_ value: Int32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
}

private func wireBytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// Postgres counts from 2000-01-01.
let daysTo2000 = 10_957
let secondsTo2000: Int64 = 946_684_800

/// Saturates just outside of what Postgres's timestamps hold (the year 294276), so that the server refuses it (22008)
/// instead of a trap here.
private func microseconds(ofInstant seconds: Int64) -> Int64 {
    let edge: Int64 = 9_223_372_000_000
    let (since2000, overflow) = seconds.subtractingReportingOverflow(secondsTo2000)
    return (overflow ? -edge : min(max(since2000, -edge), edge)) * 1_000_000
}
