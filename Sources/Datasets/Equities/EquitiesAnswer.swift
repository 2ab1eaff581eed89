internal import Bytes
internal import Series

/// One answer that lists bars, `{"status", "ticker", "adjusted", "queryCount", "resultsCount", "results": [...], "next_url"}`: a page of a
/// ticker's, or a session's (polygon-io/client-python, .massive/rest.json). Where there are none, `results` is left out. What else
/// it may tell is not looked at.
struct EquitiesAnswer {
    let records: [EquityRecord]
    /// Where the next page is; nil on the last.
    let next: String?

    /// - Parameter ticker: whose bars were asked for; nil: everybody's.
    /// - Throws: what is not such an answer, is not whole, or is of something else than was asked for.
    init(_ body: [UInt8], of ticker: String?) throws(AnswerDefect) {
        var found = Found()
        do throws(JSONError) { try found.read(body) } catch {
            throw AnswerDefect(.malformed, "expected a list of bars: \(error)")
        }
        guard let status = found.status else { throw AnswerDefect(.malformed, "expected a list of bars: there is no status") }
        if status != "OK", status != "DELAYED" { throw EquitiesErrors.defect(status, found.error ?? "") }
        if let ticker, let told = found.ticker, told != ticker {
            throw AnswerDefect(.malformed, "asked for \(ticker), the answer is of another ticker")
        }
        if found.isAdjusted == false { throw AnswerDefect(.filterIgnored, "asked for adjusted bars, the answer's are not") }
        let told = [found.resultsCount, found.count].compactMap(\.self).max()
        guard found.records != nil || (told ?? found.queryCount) != nil else {
            throw AnswerDefect(.malformed, "expected a list of bars: there are none, and it is not told that there are none")
        }
        records = found.records ?? []
        if let told, records.count < told {
            throw AnswerDefect(.incomplete, "the answer tells of \(told) bars and brings \(records.count)")
        }
        if records.isEmpty, let base = found.queryCount, base > 0 {
            throw AnswerDefect(.incomplete, "the answer is made of \(base) bars and brings none")
        }
        next = found.next
    }

    private struct Found {
        var status: String?
        var error: String?
        var ticker: String?
        var isAdjusted: Bool?
        var queryCount: Int?
        var resultsCount: Int?
        var count: Int?
        var records: [EquityRecord]?
        var next: String?

        mutating func read(_ body: [UInt8]) throws(JSONError) {
            var reader = try JSONReader(body)
            var seen: Set<String> = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "status", "ticker", "adjusted", "queryCount", "resultsCount", "count", "results", "next_url":
                    guard seen.insert(key.description).inserted else { throw JSONError(.duplicateKey, at: reader.offset) }
                default: break
                }
                if try reader.nullIfPresent() { continue }
                switch key {
                case "status": status = try reader.string()
                case "error", "message":
                    if try reader.peek() == .string { error = try reader.string() } else { try reader.skip() }
                case "ticker": ticker = try reader.string()
                case "adjusted": isAdjusted = try reader.bool()
                case "queryCount": queryCount = try Self.count(&reader)
                case "resultsCount": resultsCount = try Self.count(&reader)
                case "count": count = try Self.count(&reader)
                case "results": records = try Self.records(&reader, body)
                case "next_url":
                    let address = try reader.string()
                    next = address.isEmpty ? nil : address
                default: try reader.skip()
                }
            }
            try reader.end()
        }

        private static func count(_ reader: inout JSONReader) throws(JSONError) -> Int {
            let at = reader.offset
            guard let number = Decimal(utf8: try reader.numberText()), number.scale == 0, (0...Int64(Int32.max)).contains(number.mantissa)
            else { throw JSONError(.notInteger, at: at) }
            return Int(number.mantissa)
        }

        private static func records(_ reader: inout JSONReader, _ body: [UInt8]) throws(JSONError) -> [EquityRecord] {
            var records: [EquityRecord] = []
            var members = Array(repeating: JSONMember.absent, count: EquityRecord.names.count)
            try reader.beginArray()
            while try reader.nextElement() {
                let isObject = try reader.peek() == .object
                let start = reader.offset
                if isObject { try reader.members(EquityRecord.names, into: &members) } else { try reader.skip() }
                records.append(EquityRecord(body, start..<reader.offset, isObject ? members : []))
            }
            return records
        }
    }
}

/// One element of `results` as it stands in the answer, well-formed; nothing of it is read before it is wanted.
struct EquityRecord {
    enum Member: Int, CaseIterable {
        case ticker, open, high, low, close, volume, vwap, transactions, stamp
    }

    private let body: [UInt8]
    private let range: Range<Int>
    private let members: [JSONMember]

    static let names = JSONNames(["T", "o", "h", "l", "c", "v", "vw", "n", "t"])

    /// `members`: by `names`; none of what is no object.
    init(_ body: [UInt8], _ range: Range<Int>, _ members: [JSONMember]) {
        self.body = body
        self.range = range
        self.members = members
    }

    /// Of one record by itself; nil where it is no object.
    init?(_ text: [UInt8]) {
        var members = Array(repeating: JSONMember.absent, count: Self.names.count)
        guard var reader = try? JSONReader(text), (try? reader.members(Self.names, into: &members)) != nil, (try? reader.end()) != nil
        else { return nil }
        self.init(text, text.indices, members)
    }

    var text: ArraySlice<UInt8> { body[range] }

    /// A member as it stands in the text; nil where there is none, and of null.
    subscript(_ member: Member) -> ArraySlice<UInt8>? {
        guard !members.isEmpty, members[member.rawValue].kind != .absent else { return nil }
        let raw = body[members[member.rawValue].range]
        return raw.first == UInt8(ascii: "n") ? nil : raw
    }

    /// Whose bar it is, in answers of a session; nil where it does not say.
    var ticker: String? {
        guard !members.isEmpty else { return nil }
        return members[Member.ticker.rawValue].text(in: body).map { String(decoding: $0, as: UTF8.self) }
    }
}
