/// Rows in the binary form of COPY (sql-copy.html, binary format), for `copyIn`: fields are appended one after the other, in the order of
/// the statement's columns.
package struct CopyRows {
    let fields: Int16
    var bytes: [UInt8]

    package init(fields: Int) {
        self.fields = Int16(fields)
        bytes = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    }

    /// Bytes that are ready.
    package var count: Int { bytes.count }

    package mutating func beginRow() { append(fields, to: &bytes) }

    package mutating func null() { append(Int32(-1), to: &bytes) }

    package mutating func int4(_ value: Int32) {
        append(Int32(4), to: &bytes)
        append(value, to: &bytes)
    }

    package mutating func int8(_ value: Int64) {
        append(Int32(8), to: &bytes)
        append(value, to: &bytes)
    }

    /// timestamptz, from seconds since 1970.
    package mutating func instant(_ seconds: Int64) { int8(microseconds(ofInstant: seconds)) }

    /// `mantissa / 10^scale`, scale 0...16383.
    package mutating func numeric(mantissa: Int64, scale: Int) {
        appendSized(to: &bytes) { appendNumeric(mantissa: mantissa, scale: scale, to: &$0) }
    }

    /// A zero byte within is refused by the server (22021).
    /// jsonb: a version byte and the text (jsonb_recv).
    package mutating func json(_ value: String) {
        appendSized(to: &bytes) {
            $0.append(1)
            $0.append(contentsOf: value.utf8)
        }
    }

    package mutating func text(_ value: String) { appendSized(to: &bytes) { $0.append(contentsOf: value.utf8) } }

    /// No row follows the last.
    package mutating func end() { append(Int16(-1), to: &bytes) }

    /// What is ready, which is then the taker's.
    package mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        bytes.reserveCapacity(taken.count)
        return taken
    }
}
