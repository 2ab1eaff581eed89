internal import CPostgres

/// One row of `Rows`, read by typed getters. Each throws `RowError` for NULL and for another type; those that end in
/// `OrNil` give nil for NULL.
package struct Row {
    let rows: Rows
    let index: Int32

    package func isNull(_ column: Column) throws(RowError) -> Bool {
        PQgetisnull(rows.result, index, try rows.place(column)) == 1
    }

    /// int8, int4, int2 or oid.
    package func int64(_ c: Column) throws(RowError) -> Int64 { try value(c, wholes, "int8", decodeWhole) }
    package func int64OrNil(_ c: Column) throws(RowError) -> Int64? { try valueOrNil(c, wholes, "int8", decodeWhole) }
    package func int(_ c: Column) throws(RowError) -> Int { Int(try int64(c)) }
    package func intOrNil(_ c: Column) throws(RowError) -> Int? { try int64OrNil(c).map { Int($0) } }

    package func bool(_ c: Column) throws(RowError) -> Bool { try value(c, [.bool], "bool") { $0.first == 1 } }
    package func boolOrNil(_ c: Column) throws(RowError) -> Bool? { try valueOrNil(c, [.bool], "bool") { $0.first == 1 } }

    package func double(_ c: Column) throws(RowError) -> Double { try value(c, floats, "float8", decodeDouble) }
    package func doubleOrNil(_ c: Column) throws(RowError) -> Double? { try valueOrNil(c, floats, "float8", decodeDouble) }

    /// text, varchar, char, name, json; jsonb as its text.
    package func string(_ c: Column) throws(RowError) -> String { try textOrNil(c).orNull(name(c)) }
    package func stringOrNil(_ c: Column) throws(RowError) -> String? { try textOrNil(c) }
    /// json or jsonb as text.
    package func json(_ c: Column) throws(RowError) -> String { try textOrNil(c).orNull(name(c)) }
    package func jsonOrNil(_ c: Column) throws(RowError) -> String? { try textOrNil(c) }

    /// bytea; also text and JSON as their UTF-8 bytes, without a String between.
    package func bytes(_ c: Column) throws(RowError) -> [UInt8] { try bytesOrNil(c).orNull(name(c)) }
    package func bytesOrNil(_ c: Column) throws(RowError) -> [UInt8]? {
        let isJSONB = OID(rawValue: PQftype(rows.result, try rows.place(c))) == .jsonb
        return try valueOrNil(c, texts + [.bytea], "bytea") { Array(isJSONB ? UnsafeRawBufferPointer(rebasing: $0.dropFirst()) : $0) }
    }

    /// timestamptz as seconds since 1970; a fraction is cut towards the past. Infinity is `.unrepresentable`.
    package func instant(_ c: Column) throws(RowError) -> Int64 { try value(c, [.timestamptz], "timestamptz", decodeInstant) }
    package func instantOrNil(_ c: Column) throws(RowError) -> Int64? { try valueOrNil(c, [.timestamptz], "timestamptz", decodeInstant) }

    /// date as days since 1970-01-01.
    package func date(_ c: Column) throws(RowError) -> Int { try value(c, [.date], "date", decodeDate) }
    package func dateOrNil(_ c: Column) throws(RowError) -> Int? { try valueOrNil(c, [.date], "date", decodeDate) }

    /// numeric as the exact text that the server would print ("-12.50").
    package func numericText(_ c: Column) throws(RowError) -> String { try value(c, [.numeric], "numeric") { NumericWire($0)?.text } }
    package func numericTextOrNil(_ c: Column) throws(RowError) -> String? {
        try valueOrNil(c, [.numeric], "numeric") { NumericWire($0)?.text }
    }

    /// numeric as mantissa / 10^scale, with the scale that was stored; `.unrepresentable` past 64 bits and for NaN.
    package func numeric(_ c: Column) throws(RowError) -> (mantissa: Int64, scale: Int) {
        try value(c, [.numeric], "numeric") { NumericWire($0)?.fixed }
    }
    package func numericOrNil(_ c: Column) throws(RowError) -> (mantissa: Int64, scale: Int)? {
        try valueOrNil(c, [.numeric], "numeric") { NumericWire($0)?.fixed }
    }

    /// int8multirange as sorted half-open ranges; an unbounded one is `.unrepresentable`.
    package func ranges(_ c: Column) throws(RowError) -> [Range<Int>] { try value(c, [.int8multirange], "int8multirange", decodeRanges) }
    package func rangesOrNil(_ c: Column) throws(RowError) -> [Range<Int>]? {
        try valueOrNil(c, [.int8multirange], "int8multirange", decodeRanges)
    }

    /// int8[] or int4[]; a NULL within is `.unrepresentable` (use `int64sWithNulls`).
    package func int64s(_ c: Column) throws(RowError) -> [Int64] {
        try value(c, [.int8Array, .int4Array], "int8[]") { decodeArray($0, decodeWhole).flatMap(withoutNulls) }
    }
    package func int64sWithNulls(_ c: Column) throws(RowError) -> [Int64?] {
        try value(c, [.int8Array, .int4Array], "int8[]") { decodeArray($0, decodeWhole) }
    }

    package func strings(_ c: Column) throws(RowError) -> [String] {
        try value(c, [.textArray], "text[]") { decodeArray($0, decodeText).flatMap(withoutNulls) }
    }
    package func stringsOrNil(_ c: Column) throws(RowError) -> [String]? {
        try valueOrNil(c, [.textArray], "text[]") { decodeArray($0, decodeText).flatMap(withoutNulls) }
    }
    package func stringsWithNulls(_ c: Column) throws(RowError) -> [String?] {
        try value(c, [.textArray], "text[]") { decodeArray($0, decodeText) }
    }

    /// timestamptz[] as seconds since 1970.
    package func instants(_ c: Column) throws(RowError) -> [Int64] {
        try value(c, [.timestamptzArray], "timestamptz[]") { decodeArray($0, decodeInstant).flatMap(withoutNulls) }
    }

    /// numeric[] as exact texts.
    package func numericTexts(_ c: Column) throws(RowError) -> [String?] {
        try value(c, [.numericArray], "numeric[]") { decodeArray($0) { NumericWire($0)?.text } }
    }

    // MARK: One way in

    private func textOrNil(_ c: Column) throws(RowError) -> String? {
        let isJSONB = OID(rawValue: PQftype(rows.result, try rows.place(c))) == .jsonb
        // jsonb's binary form is a version byte and the text (jsonb_send).
        return try valueOrNil(c, texts, "text") { decodeText(isJSONB ? UnsafeRawBufferPointer(rebasing: $0.dropFirst()) : $0) }
    }

    private func value<T>(
        _ column: Column, _ types: [OID], _ expected: String, _ decode: (UnsafeRawBufferPointer) -> T?
    ) throws(RowError) -> T {
        try valueOrNil(column, types, expected, decode).orNull(name(column))
    }

    private func valueOrNil<T>(
        _ column: Column, _ types: [OID], _ expected: String, _ decode: (UnsafeRawBufferPointer) -> T?
    ) throws(RowError) -> T? {
        let place = try rows.place(column)
        let result = rows.result
        let type = OID(rawValue: PQftype(result, place))
        // A simple-protocol answer is in text: only `query` gives rows that can be read.
        guard types.contains(type), PQfformat(result, place) == 1 else {
            let got = PQfformat(result, place) == 1 ? type.description : "\(type) in text"
            throw .wrongType(column: name(column), expected: expected, got: got)
        }
        if PQgetisnull(result, index, place) == 1 { return nil }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(result, index, place), count: Int(PQgetlength(result, index, place)))
        guard let value = decode(bytes) else { throw .unrepresentable(column: name(column), type: type.description) }
        return value
    }

    private func name(_ column: Column) -> String {
        switch column {
        case .named(let name): name
        case .at(let index): PQfname(rows.result, Int32(clamping: index)).map { String(cString: $0) } ?? "\(index)"
        }
    }
}

private let wholes: [OID] = [.int8, .int4, .int2, .oid]
private let floats: [OID] = [.float8, .float4]
private let texts: [OID] = [.text, .varchar, .bpchar, .name, .json, .jsonb]

extension Optional {
    fileprivate func orNull(_ column: @autoclosure () -> String) throws(RowError) -> Wrapped {
        guard let self else { throw .null(column: column()) }
        return self
    }
}

private func withoutNulls<T>(_ values: [T?]) -> [T]? {
    let present = values.compactMap { $0 }
    return present.count == values.count ? present : nil
}
