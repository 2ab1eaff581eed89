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
    mutating func null(_ name: String)
    /// One JSON object: members that have a value, then those of `rest`, itself the text of an object.
    mutating func object(_ name: String, _ members: [(String, Value)], rest: Value)
}

extension RowSink {
    mutating func value(_ name: String, _ value: Value) {
        switch value {
        case .null: null(name)
        case .decimal(let value): decimal(name, value)
        case .integer(let value): int(name, value)
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

    mutating func null(_ name: String) {
        json.key(name)
        json.null()
    }

    mutating func object(_ name: String, _ members: [(String, Value)], rest: Value) {
        json.key(name)
        json.object(members, rest: rest)
    }
}

/// The columns stand in the header row; a cell without a value is empty.
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
    mutating func null(_ name: String) { csv.empty() }

    mutating func object(_ name: String, _ members: [(String, Value)], rest: Value) {
        var json = JSONWriter()
        json.object(members, rest: rest)
        csv.text(String(decoding: json.bytes, as: UTF8.self))
    }
}

extension JSONWriter {
    /// An object of the members that have a value, and of those of `rest`, itself the text of one; null where there is none of either.
    fileprivate mutating func object(_ members: [(String, Value)], rest: Value) {
        let given = members.filter { $0.1 != .null }
        if given.isEmpty, rest == .null { return null() }
        beginObject()
        for (name, value) in given {
            key(name)
            switch value {
            case .null: null()
            case .decimal(let value): number(value.description.utf8)
            case .integer(let value): int(value)
            case .text(let value): string(value)
            }
        }
        if case .text(let object) = rest, let inner = Self.members(of: object) { raw(inner) }
        endObject()
    }

    /// What stands between the braces of an object's text; nil where that is nothing.
    private static func members(of object: String) -> Substring.UTF8View? {
        let text = object.utf8
        guard let open = text.firstIndex(of: UInt8(ascii: "{")), let close = text.lastIndex(of: UInt8(ascii: "}")) else { return nil }
        let inner = text[text.index(after: open)..<close]
        return inner.allSatisfy { $0 == UInt8(ascii: " ") } ? nil : inner
    }
}
