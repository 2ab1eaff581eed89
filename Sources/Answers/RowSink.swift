internal import Bytes
internal import Series

/// Where shown rows go, field by field.
protocol RowSink {
    mutating func beginRow()
    mutating func endRow()
    mutating func instant(_ name: String, _ seconds: Int64, offset: Int)
    mutating func int(_ name: String, _ value: Int64)
    mutating func decimal(_ name: String, _ value: Decimal)
    mutating func date(_ name: String, _ value: LocalDate)
    mutating func text(_ name: String, _ value: String)
    mutating func flag(_ name: String, _ value: Bool)
    mutating func null(_ name: String)
    /// Text that is JSON.
    mutating func json(_ name: String, _ text: String)
    /// These members, then those of `rest`, itself the text of an object.
    mutating func object(_ name: String, _ members: [ShownMember], rest: Value)
}

extension RowSink {
    /// A value of a column of this kind.
    mutating func value(_ name: String, _ value: Value, _ kind: RowSchema.Column.Kind) {
        switch value {
        case .null, .kept: null(name)
        case .decimal(let value): decimal(name, value)
        case .integer(let value): int(name, value)
        case .text(let value) where kind == .json: json(name, value)
        case .text(let value): text(name, value)
        }
    }
}

struct JSONRows: RowSink {
    var json: JSONWriter
    private var scratch: [UInt8] = []
    /// Each row is a line of its own (ndjson), not an element of an array.
    private let isLines: Bool

    init(_ json: consuming JSONWriter, isLines: Bool = false) {
        self.json = json
        self.isLines = isLines
    }

    mutating func beginRow() { json.beginObject() }

    mutating func endRow() {
        json.endObject()
        if isLines { json.endLine() }
    }

    mutating func instant(_ name: String, _ seconds: Int64, offset: Int) {
        json.key(name)
        json.timestamp(seconds, offset: offset)
    }

    mutating func int(_ name: String, _ value: Int64) {
        json.key(name)
        json.int(value)
    }

    mutating func decimal(_ name: String, _ value: Decimal) {
        json.key(name)
        scratch.removeAll(keepingCapacity: true)
        value.append(to: &scratch)
        json.number(scratch)
    }

    mutating func date(_ name: String, _ value: LocalDate) {
        json.key(name)
        scratch.removeAll(keepingCapacity: true)
        value.append(to: &scratch)
        json.string(scratch[...])
    }

    mutating func text(_ name: String, _ value: String) { json.member(name, value) }

    mutating func flag(_ name: String, _ value: Bool) {
        json.key(name)
        json.bool(value)
    }

    mutating func null(_ name: String) {
        json.key(name)
        json.null()
    }

    mutating func json(_ name: String, _ text: String) {
        json.key(name)
        json.raw(text.utf8)
    }

    mutating func object(_ name: String, _ members: [ShownMember], rest: Value) {
        json.key(name)
        json.object(members, rest: rest)
    }
}

extension ShownField {
    /// The names of its columns where rows are cells: a spreadsheet can do nothing with an object in one cell.
    var cells: [String] {
        guard case .object(let columns, _) = content else { return [name] }
        return CSVRows.cells(of: columns.map(\.name))
    }
}

/// The columns stand in the header row; a cell without a value is empty. An object is a cell for each of its members, and one with the JSON
/// text of the rest.
struct CSVRows: RowSink {
    var csv: CSVWriter
    private var scratch: [UInt8] = []

    init(_ csv: consuming CSVWriter) { self.csv = csv }

    mutating func beginRow() {}
    mutating func endRow() { csv.endRow() }
    mutating func instant(_ name: String, _ seconds: Int64, offset: Int) { csv.timestamp(seconds, offset: offset) }
    mutating func int(_ name: String, _ value: Int64) { csv.int(value) }

    mutating func decimal(_ name: String, _ value: Decimal) {
        scratch.removeAll(keepingCapacity: true)
        value.append(to: &scratch)
        csv.number(scratch)
    }

    mutating func date(_ name: String, _ value: LocalDate) {
        scratch.removeAll(keepingCapacity: true)
        value.append(to: &scratch)
        csv.number(scratch)
    }

    mutating func text(_ name: String, _ value: String) { csv.text(value) }
    mutating func flag(_ name: String, _ value: Bool) { csv.text(value ? "true" : "false") }
    mutating func null(_ name: String) { csv.empty() }

    mutating func json(_ name: String, _ text: String) { csv.text(text) }

    mutating func object(_ name: String, _ members: [ShownMember], rest: Value) {
        for member in members { value(member.name, member.value, member.kind) }
        value("rest", rest, .json)
    }

    /// What `object` fills.
    static func cells(of members: [String]) -> [String] { members + ["rest"] }
}
