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
        arrayBind(seconds, element: .timestamptz, array: .timestamptzArray, bytes: 8) { append(microseconds(ofInstant: $0), to: &$1) }
    }

    /// date from days since 1970-01-01.
    package static func date(_ days: Int?) -> Bind {
        Bind(.date, binary: days.map { wireBytes(Int32(clamping: $0 - daysTo2000)) })
    }

    /// numeric from decimal text (`-12.50`); other text is refused by the server (22P02).
    package static func numeric(_ text: String?) -> Bind { Bind(.numeric, text: text) }

    /// numeric[] from `mantissa / 10^scale`, scale 0...16383.
    package static func numerics(_ values: [(mantissa: Int64, scale: Int)?]) -> Bind {
        arrayBind(values, element: .numeric, array: .numericArray, bytes: 16) {
            appendNumeric(mantissa: $0.mantissa, scale: $0.scale, to: &$1)
        }
    }

    /// jsonb from JSON text.
    package static func json(_ text: String?) -> Bind {
        Bind(.jsonb, binary: text.map { [1] + Array($0.utf8) })
    }

    /// jsonb[] from JSON texts.
    package static func jsons(_ texts: [String?]) -> Bind {
        arrayBind(texts, element: .jsonb, array: .jsonbArray, bytes: 64) {
            $1.append(1)
            $1.append(contentsOf: $0.utf8)
        }
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
    func write(to bytes: inout [UInt8])
}

extension BinaryBindable {
    package var bind: Bind {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return Bind(Self.oid, binary: bytes)
    }
    package static var null: Bind { Bind(oid, binary: nil) }
    package static func bind(array: [Self]) -> Bind { bind(arrayWithNulls: array) }
    package static func bind(arrayWithNulls array: [Self?]) -> Bind {
        arrayBind(array, element: oid, array: arrayOID, bytes: MemoryLayout<Self>.size) { $0.write(to: &$1) }
    }
}

extension Int: BinaryBindable {
    package static var oid: OID { .int8 }
    package static var arrayOID: OID { .int8Array }
    package func write(to bytes: inout [UInt8]) { append(Int64(self), to: &bytes) }
}

extension Int64: BinaryBindable {
    package static var oid: OID { .int8 }
    package static var arrayOID: OID { .int8Array }
    package func write(to bytes: inout [UInt8]) { append(self, to: &bytes) }
}

extension Int32: BinaryBindable {
    package static var oid: OID { .int4 }
    package static var arrayOID: OID { .int4Array }
    package func write(to bytes: inout [UInt8]) { append(self, to: &bytes) }
}

extension Double: BinaryBindable {
    package static var oid: OID { .float8 }
    package static var arrayOID: OID { .float8Array }
    package func write(to bytes: inout [UInt8]) { append(bitPattern, to: &bytes) }
}

extension Bool: BinaryBindable {
    package static var oid: OID { .bool }
    package static var arrayOID: OID { .boolArray }
    package func write(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

extension String: BinaryBindable {
    package static var oid: OID { .text }
    package static var arrayOID: OID { .textArray }
    /// Sent as it is: a zero byte within is refused by the server (22021), not cut off.
    package func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

/// One byte is nothing that SQL has; an array of them is bytea.
extension UInt8: Bindable {
    package var bind: Bind { Bind(.int4, binary: wireBytes(Int32(self))) }
    package static var null: Bind { Bind(.int4, binary: nil) }
    package static func bind(array: [UInt8]) -> Bind { Bind(.bytea, binary: array) }
    package static func bind(arrayWithNulls array: [UInt8?]) -> Bind {
        arrayBind(array, element: .int4, array: .int4Array, bytes: 4) { append(Int32($0), to: &$1) }
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
        return arrayBind(array, element: .bytea, array: .byteaArray, bytes: 64) { $1 += $0.bind.bytes ?? [] }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    package var bind: Bind { self?.bind ?? Wrapped.null }
    package static var null: Bind { Wrapped.null }
    package static func bind(array: [Wrapped?]) -> Bind { Wrapped.bind(arrayWithNulls: array) }
    package static func bind(arrayWithNulls array: [Wrapped??]) -> Bind { Wrapped.bind(arrayWithNulls: array.map { $0 ?? nil }) }
}

/// A one-dimensional array in binary (array_send in the server's arrayfuncs.c): dimensions, has-nulls, element type, length,
/// first index, then each element with its length, -1 for NULL. `bytes`: what an element takes, about.
private func arrayBind<T>(
    _ elements: [T?], element: OID, array: OID, bytes: Int, write: (T, inout [UInt8]) -> Void
) -> Bind {
    var wire: [UInt8] = []
    wire.reserveCapacity(20 + elements.count * (4 + bytes))
    append(Int32(elements.isEmpty ? 0 : 1), to: &wire)
    append(Int32(elements.contains { $0 == nil } ? 1 : 0), to: &wire)
    append(Int32(bitPattern: element.rawValue), to: &wire)
    if !elements.isEmpty {
        append(Int32(elements.count), to: &wire)
        append(Int32(1), to: &wire)
        for value in elements {
            if let value { appendSized(to: &wire) { write(value, &$0) } } else { append(Int32(-1), to: &wire) }
        }
    }
    return Bind(array, binary: wire)
}

private func wireBytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

/// Postgres counts from 2000-01-01.
let daysTo2000 = 10_957
let secondsTo2000: Int64 = 946_684_800

/// Saturates just outside of what Postgres's timestamps hold (the year 294276), so that the server refuses it (22008)
/// instead of a trap here.
func microseconds(ofInstant seconds: Int64) -> Int64 {
    let edge: Int64 = 9_223_372_000_000
    let (since2000, overflow) = seconds.subtractingReportingOverflow(secondsTo2000)
    return (overflow ? -edge : min(max(since2000, -edge), edge)) * 1_000_000
}
