/// Appends CSV (RFC 4180): commas, CRLF, quotes where a cell needs them. Text that a spreadsheet would take for a formula gets an
/// apostrophe in front (OWASP, "CSV injection"); numbers are written as they are.
package struct CSVWriter: Sendable {
    package private(set) var bytes: [UInt8]
    private var cells = 0
    private var rowStart = 0

    package init(capacity: Int = 1024) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    package mutating func text(_ text: String) {
        var text = text
        separate()
        text.withUTF8 { CSVWriter.append($0, to: &bytes) }
    }

    /// A cell from bytes that are known to be UTF-8.
    package mutating func text(_ text: ArraySlice<UInt8>) {
        separate()
        text.withUnsafeBufferPointer { CSVWriter.append($0, to: &bytes) }
    }

    package mutating func int(_ value: Int64) {
        separate()
        NumberText.append(value, to: &bytes)
    }

    /// A number whose digits are given; it must hold nothing but digits, signs, a point and an exponent.
    package mutating func number(_ digits: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: digits)
    }

    package mutating func timestamp(_ seconds: Int64, offset: Int = 0) {
        separate()
        Timestamp.append(seconds, offset: offset, to: &bytes)
    }

    package mutating func empty() { separate() }

    package mutating func endRow() {
        // A row of one empty cell would be a blank line, which readers drop.
        if cells == 1, bytes.count == rowStart { bytes.append(contentsOf: "\"\"".utf8) }
        bytes.append(contentsOf: "\r\n".utf8)
        cells = 0
        rowStart = bytes.count
    }

    private mutating func separate() {
        if cells > 0 { bytes.append(UInt8(ascii: ",")) }
        cells += 1
    }

    private static func append(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        let quoted = text.contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: ",") || $0 == 0x0A || $0 == 0x0D }
        if quoted { out.append(UInt8(ascii: "\"")) }
        switch text.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D: out.append(UInt8(ascii: "'"))
        default: break
        }
        for byte in text {
            if byte == UInt8(ascii: "\"") { out.append(byte) }
            out.append(byte)
        }
        if quoted { out.append(UInt8(ascii: "\"")) }
    }
}
