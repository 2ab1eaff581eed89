internal import Bytes
internal import Series

/// The envelope of every answer, read before anything of it counts. Three shapes: `{"Status", "Data": {"data", "total", "skip", "limit"}}`,
/// the same with a bare list as `Data`, and an older one in lower case; a failure is told in it too.
struct AccountsAnswer {
    /// As they came, well-formed.
    let records: [[UInt8]]
    /// Records of the whole listing; nil where the answer does not say.
    let total: Int?
    let skip: Int?
    let limit: Int?

    init(_ body: [UInt8]) throws(AnswerDefect) {
        var found = Found()
        do throws(JSONError) {
            found = try Self.read(body)
        } catch {
            do throws(JSONError) { found = try Self.read(MendedJSON.bytes(body)) } catch _ {
                throw AnswerDefect(.malformed, "expected a listing of metrics: \(error)")
            }
        }
        if let status = found.status?.lowercased(), !["ok", "success"].contains(status) {
            throw AccountsErrors.defect(status: status, message: found.message)
        }
        guard let records = found.records else { throw AnswerDefect(.malformed, "expected a listing of metrics: there is no list") }
        self.records = records
        (total, skip, limit) = (found.total, found.skip, found.limit)
    }

    private struct Found {
        var status: String?
        var message: String?
        var records: [[UInt8]]?
        var total: Int?
        var skip: Int?
        var limit: Int?
    }

    private static func read(_ body: [UInt8]) throws(JSONError) -> Found {
        var found = Found()
        var reader = try JSONReader(body)
        try members(&reader, into: &found)
        try reader.end()
        return found
    }

    private static func members(_ reader: inout JSONReader, into found: inout Found) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key.description.lowercased() {
            case "status": found.status = try text(&reader)
            case "error", "message":
                if let said = try text(&reader) { found.message = found.message.map { "\($0) \(said)" } ?? said }
            case "data": try data(&reader, into: &found)
            case "total": found.total = try count(&reader)
            case "skip": found.skip = try count(&reader)
            case "limit": found.limit = try count(&reader)
            default: try reader.skip()
            }
        }
    }

    private static func data(_ reader: inout JSONReader, into found: inout Found) throws(JSONError) {
        switch try reader.peek() {
        case .object: try members(&reader, into: &found)
        case .array:
            var records: [[UInt8]] = []
            try reader.beginArray()
            while try reader.nextElement() { records.append(Array(try reader.raw())) }
            found.records = records
        default: try reader.skip()
        }
    }

    /// A text as it is, null as none, and anything else as it stands.
    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String? {
        switch try reader.peek() {
        case .null:
            try reader.null()
            return nil
        case .string: return try reader.string()
        default: return String(decoding: try reader.raw().prefix(300), as: UTF8.self)
        }
    }

    /// nil for what is no count.
    private static func count(_ reader: inout JSONReader) throws(JSONError) -> Int? {
        let raw = try reader.raw()
        // What does not fit 32 bits is no count of records, and would only overflow what is reckoned with it.
        guard let value = MetricValue(raw).whole, (0...Int64(Int32.max)).contains(value) else { return nil }
        return Int(value)
    }
}
