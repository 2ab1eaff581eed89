internal import Bytes

/// Reads fields of a product one by one. What is broken as JSON throws; a value of another type than promised is passed over, and its
/// field's name remembered: the product is refused, and those beside it stand.
struct KeepaFields {
    var reader: JSONReader
    /// The first field that was of a wrong type.
    var flaw: String?

    /// No figure of the upstream comes near it; beyond it sums might leave 64 bits.
    private static let most: Int64 = 1_000_000_000_000_000

    init(_ reader: JSONReader) { self.reader = reader }

    mutating func whole(_ field: String) throws(JSONError) -> KeepaTold<Int64> {
        switch try reader.peek() {
        case .null:
            try reader.null()
            return .none
        case .number:
            if let number = NumberText.int(try reader.numberText()), abs(number.clamped) <= Self.most { return .value(number) }
            wrong(field)
        default:
            try reader.skip()
            wrong(field)
        }
        return .absent
    }

    mutating func decimal(_ field: String) throws(JSONError) -> KeepaTold<Decimal> {
        switch try reader.peek() {
        case .null:
            try reader.null()
            return .none
        case .number:
            if let number = Decimal(utf8: try reader.numberText()) { return .value(number) }
            wrong(field)
        default:
            try reader.skip()
            wrong(field)
        }
        return .absent
    }

    mutating func text(_ field: String) throws(JSONError) -> KeepaTold<String> {
        switch try reader.peek() {
        case .null:
            try reader.null()
            return .none
        case .string: return .value(try reader.string())
        default:
            try reader.skip()
            wrong(field)
            return .absent
        }
    }

    /// Whole numbers; null among them is -1, "none".
    mutating func numbers(_ field: String) throws(JSONError) -> KeepaTold<[Int64]> {
        guard try begins(.array, field) else { return isNull ? .none : .absent }
        var numbers: [Int64] = []
        try reader.beginArray()
        while try reader.nextElement() { numbers.append(try whole(field).content ?? -1) }
        return .value(numbers)
    }

    /// Whether a container of this kind is due; what else stands there is passed over, and `isNull` says whether that was null.
    mutating func begins(_ kind: JSONKind, _ field: String) throws(JSONError) -> Bool {
        let found = try reader.peek()
        isNull = found == .null
        if found == kind { return true }
        try reader.skip()
        if !isNull { wrong(field) }
        return false
    }

    private(set) var isNull = false

    mutating func wrong(_ field: String) { flaw = flaw ?? field }
}

extension Int64 {
    /// So that its magnitude is one too.
    fileprivate var clamped: Int64 { Swift.max(self, -Int64.max) }
}
