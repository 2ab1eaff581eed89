/// Why a CSV text was refused, and where: line and column count from 1, the column in bytes of its line.
package struct CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable {
        case byteOrderMark = "a byte order mark"
        case nul = "a NUL"
        case invalidUTF8 = "invalid UTF-8"
        case strayQuote = "a quote inside an unquoted field"
        case afterQuote = "text after a closing quote"
        case openQuote = "a quoted field that never ends"
        case loneReturn = "a carriage return without a line feed"
        case emptyLine = "an empty line"
        case uneven = "another number of fields than the first row"
        case fieldTooLong = "a field that is too long"
        case tooManyFields = "too many fields"
    }

    package let line: Int
    package let column: Int
    package let reason: Reason

    package init(_ reason: Reason, line: Int, column: Int) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    package var description: String { "\(reason.rawValue) at line \(line), column \(column)" }
}

/// A pull reader of CSV (RFC 4180, strict: every row as wide as the first, quotes only around whole fields, UTF-8). Lines end in CRLF or
/// LF; the last may end in neither. Fields are slices of the text unless they hold a doubled quote.
///
///     var reader = try CSVReader(bytes)
///     while try reader.nextRow() { time = NumberText.int(reader.field(0)) }
///
/// A large file comes in pieces: with `isLast: false`, `nextRow` gives false at a row that the piece does not hold whole; the next
/// reader is then made of the bytes from `offset` on and what follows, with `continuing` this one.
package struct CSVReader: Sendable {
    package struct Limits: Sendable {
        /// Bytes of a field, as written.
        package var field = 65_536
        package var fields = 256

        package init() {}
    }

    package let bytes: [UInt8]
    /// The offset of the first byte that is not read yet: always the start of a row.
    package private(set) var offset = 0
    /// The line that `offset` is on, from 1.
    package private(set) var line = 1
    /// Fields in the row that was read last.
    package var count: Int { fields.count }

    private let limits: Limits
    private let isLast: Bool
    private var width: Int?
    private var fields: [Field] = []

    private struct Field {
        var start: Int
        var end: Int
        var doubled: Bool
    }

    package init(
        _ bytes: [UInt8], limits: Limits = Limits(), isLast: Bool = true, continuing previous: CSVReader? = nil
    ) throws(CSVError) {
        if previous == nil, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw CSVError(.byteOrderMark, line: 1, column: 1) }
        self.bytes = bytes
        self.limits = limits
        self.isLast = isLast
        line = previous?.line ?? 1
        width = previous?.width
    }

    /// The bytes of field `index` of this row, from 0; doubled quotes are resolved.
    package func field(_ index: Int) -> ArraySlice<UInt8> {
        let field = fields[index]
        guard field.doubled else { return bytes[field.start..<field.end] }
        var out: [UInt8] = []
        var at = field.start
        while at < field.end {
            out.append(bytes[at])
            at += bytes[at] == UInt8(ascii: "\"") ? 2 : 1
        }
        return out[...]
    }

    package func text(_ index: Int) -> String { String(decoding: field(index), as: UTF8.self) }

    /// Reads the next row; false where the text, or this piece of it, holds no further one. After an error the reader is of no further use.
    package mutating func nextRow() throws(CSVError) -> Bool {
        fields.removeAll(keepingCapacity: true)
        guard offset < bytes.count else { return false }
        var row = CSVRowScan(start: offset, line: line, limit: limits.field)
        while true {
            guard fields.count < limits.fields else { throw row.error(.tooManyFields, at: row.index) }
            let outcome = try row.field(bytes.span, isLast: isLast)
            if outcome == .cut {
                fields.removeAll(keepingCapacity: true)
                return false
            }
            fields.append(Field(start: row.fieldStart, end: row.fieldEnd, doubled: row.doubled))
            if outcome == .endOfRow { break }
        }
        if fields.count == 1, row.isBlank { throw CSVError(.emptyLine, line: line, column: 1) }
        guard fields.count == width ?? fields.count else { throw CSVError(.uneven, line: line, column: 1) }
        width = fields.count
        offset = row.index
        line = row.line
        return true
    }
}
