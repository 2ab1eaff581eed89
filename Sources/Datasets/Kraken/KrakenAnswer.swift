internal import Bytes
internal import Series

/// The envelope of every answer, `{"error": [...], "result": {...}}`, read before anything of it counts.
struct KrakenAnswer {
    /// The result as it stands in the text, well-formed.
    let result: [UInt8]

    /// Throws as malformed what is no envelope, and by its meaning what names an error.
    init(_ body: [UInt8]) throws(AnswerDefect) {
        let errors: [String]?
        let found: ArraySlice<UInt8>?
        do throws(JSONError) {
            (errors, found) = try Self.read(body)
        } catch {
            throw AnswerDefect(.malformed, "expected an answer of Kraken's: \(error)")
        }
        guard let errors else { throw AnswerDefect(.malformed, "the answer has no list of errors") }
        if let defect = KrakenErrors.defect(errors) { throw defect }
        guard let found else { throw AnswerDefect(.malformed, "the answer has neither a result nor an error") }
        result = Array(found)
    }

    private static func read(_ body: [UInt8]) throws(JSONError) -> (errors: [String]?, result: ArraySlice<UInt8>?) {
        var errors: [String]?
        var result: ArraySlice<UInt8>?
        var reader = try JSONReader(body)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "error":
                if errors != nil { throw JSONError(.duplicateKey, at: reader.offset) }
                var list: [String] = []
                try reader.beginArray()
                while try reader.nextElement() { list.append(try reader.string()) }
                errors = list
            case "result":
                if result != nil { throw JSONError(.duplicateKey, at: reader.offset) }
                if try !reader.nullIfPresent() { result = try reader.raw() }
            default: try reader.skip()
            }
        }
        try reader.end()
        return (errors, result)
    }
}

/// A result that lists records of one pair, `{"XXBTZUSD": [...], "last": ...}`: what OHLC and Trades answer.
struct KrakenListing {
    /// The pair as the answer names it.
    let key: String
    /// Seconds or nanoseconds, as a number or as a text of digits.
    let last: Int64
    /// The fields of each record as text without quotes; nil for a record that is no list of texts and numbers.
    let records: [[ArraySlice<UInt8>]?]
    private let raw: [ArraySlice<UInt8>]

    /// Throws where the answer is an error, not a listing, or of another pair.
    init(_ body: [UInt8], of pair: KrakenPair) throws(AnswerDefect) {
        let answer = try KrakenAnswer(body)
        let found: (key: String?, last: Int64?, raw: [ArraySlice<UInt8>])
        do throws(JSONError) {
            found = try Self.read(answer.result)
        } catch {
            throw AnswerDefect(.malformed, "expected a list of one pair: \(error)")
        }
        guard let key = found.key, let last = found.last else {
            throw AnswerDefect(.malformed, "the result has no \(found.key == nil ? "pair" : "last")")
        }
        guard pair.matches(resultKey: key) else {
            throw AnswerDefect(.filterIgnored, "asked for \(pair), the answer is of another pair")
        }
        self.key = key
        self.last = last
        raw = found.raw
        records = raw.map { try? Self.fields($0) }
    }

    /// Where a record stands, for people.
    func place(_ index: Int) -> String { "\(key)[\(index)]" }

    /// A record as it came, clipped.
    func text(_ index: Int) -> String { String(decoding: raw[index].prefix(2000), as: UTF8.self) }

    private static func read(_ result: [UInt8]) throws(JSONError) -> (String?, Int64?, [ArraySlice<UInt8>]) {
        var key: String?
        var last: Int64?
        var raw: [ArraySlice<UInt8>] = []
        var reader = try JSONReader(result)
        try reader.beginObject()
        while let name = try reader.nextKey() {
            let isFirst = name == "last" ? last == nil : key == nil
            guard isFirst else { throw JSONError(.duplicateKey, at: reader.offset) }
            if name == "last" {
                last = try integer(&reader)
            } else {
                key = name.description
                try reader.beginArray()
                while try reader.nextElement() { raw.append(try reader.raw()) }
            }
        }
        try reader.end()
        return (key, last, raw)
    }

    private static func integer(_ reader: inout JSONReader) throws(JSONError) -> Int64 {
        guard try reader.peek() == .string else { return try reader.int() }
        let at = reader.offset
        guard let value = NumberText.int(try reader.stringBytes()) else { throw JSONError(.notInteger, at: at) }
        return value
    }

    private static func fields(_ record: ArraySlice<UInt8>) throws(JSONError) -> [ArraySlice<UInt8>] {
        var fields: [ArraySlice<UInt8>] = []
        var reader = try JSONReader(Array(record))
        try reader.beginArray()
        while try reader.nextElement() {
            fields.append(try reader.peek() == .string ? try reader.stringBytes() : try reader.numberText())
        }
        return fields
    }
}
