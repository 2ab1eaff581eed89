internal import Bytes
internal import Series

/// A value of a record as it stands in the text, well-formed.
struct MetricValue {
    let raw: ArraySlice<UInt8>

    init(_ raw: ArraySlice<UInt8>) { self.raw = raw }

    var isNull: Bool { raw.first == UInt8(ascii: "n") }
    private var isString: Bool { raw.first == UInt8(ascii: "\"") }
    private var isNumber: Bool { raw.first.map { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 } ?? false }

    /// A string's text.
    var string: String? {
        guard isString else { return nil }
        let inner = raw[raw.startIndex + 1..<raw.endIndex - 1]
        if !inner.contains(UInt8(ascii: "\\")) { return String(decoding: inner, as: UTF8.self) }
        return (try? JSONValue(parsing: Array(raw)))?.string
    }

    /// A string, or a number as it is written.
    var text: String? { isNumber ? String(decoding: raw, as: UTF8.self) : string }

    /// A number, or a string of one, as far as the type holds it exactly.
    var decimal: Decimal? {
        if isNumber { return Decimal(utf8: raw) }
        return string.flatMap { Decimal(AccountName.trimmed($0)) }
    }

    /// The same where it is whole: `12`, `12.0`, `"12"`.
    var whole: Int64? { decimal.flatMap { $0.scale == 0 ? $0.mantissa : nil } }

    /// As a column of this kind has it; nil where it does not fit.
    func value(_ kind: RowSchema.Column.Kind) -> Value? {
        if isNull { return .null }
        switch kind {
        case .integer: return whole.map(Value.integer)
        case .decimal: return decimal.map(Value.decimal)
        case .text: return text.map(Value.text)
        case .json: return nil
        }
    }
}
