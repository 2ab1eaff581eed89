internal import Bytes
internal import Series

/// What a call looks for: whose rows, of which days.
struct CMGQuest {
    let days: CMGDays
    /// Names of the wanted buses as bytes, by their place in the order; nil for a series that this endpoint does not serve.
    private let buses: [[UInt8]?]
    private let places: [UInt64: [Int]]
    /// The one bus that the upstream is asked to filter by.
    let filter: String?

    init(_ order: CallOrder, zone: Zone) {
        days = CMGDays(order.periods, zone: zone, now: order.now)
        buses = order.series.map { $0.values.count == 2 && $0.values[1] == CMG.online ? Array($0.values[0].utf8) : nil }
        var places: [UInt64: [Int]] = [:]
        for (place, bus) in buses.enumerated() {
            if let bus { places[Self.hash(bus[...]), default: []].append(place) }
        }
        self.places = places
        filter = order.shape == CMG.Shape.node ? order.series.first?.values.first : nil
    }

    var seriesCount: Int { buses.count }

    /// The bus's place among the wanted series.
    func place(of bus: ArraySlice<UInt8>) -> Int? {
        places[Self.hash(bus)]?.first { place in buses[place].map { $0.elementsEqual(bus) } ?? false }
    }

    private static func hash(_ bus: ArraySlice<UInt8>) -> UInt64 {
        var hash = ByteHash()
        hash.add(bus)
        return hash.value
    }
}

/// One page, read whole before anything of it counts.
struct CMGPage {
    /// The envelope's echoes and its count of pages; nil where it does not say.
    var page: Int?
    var limit: Int?
    var totalPages: Int?

    var records = 0
    /// One for each record, equal for equal records.
    var identities: [UInt64] = []
    var rows: [Row] = []
    var dropped = 0
    /// Records of buses that were not asked for.
    var strangers = 0
    /// Records that could not be read, other than those of hours known to be wrong.
    var refused = 0
    var quarantined: [QuarantinedRecord] = []

    init(_ body: [UInt8], for quest: CMGQuest) throws(AnswerDefect) {
        var hasData = false
        do {
            var reader = try JSONReader(body)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                switch key {
                case "data":
                    hasData = true
                    try reader.beginArray()
                    while try reader.nextElement() { try take(&reader, for: quest) }
                case "page": page = try Self.count(&reader)
                case "limit": limit = try Self.count(&reader)
                case "totalPages": totalPages = try Self.count(&reader)
                default: try reader.skip()
                }
            }
            try reader.end()
        } catch {
            throw AnswerDefect(.malformed, "expected a page of marginal costs: \(error)")
        }
        if !hasData { throw AnswerDefect(.malformed, "expected a page of marginal costs: it has no 'data'") }
        if records > 0, unnamed == records { throw AnswerDefect(.malformed, "no record of the page names its bus (barra_transf)") }
    }

    private var unnamed = 0

    private static func count(_ reader: inout JSONReader) throws(JSONError) -> Int? {
        if try reader.nullIfPresent() { return nil }
        let at = reader.offset
        let value = try reader.int()
        // What does not fit 32 bits is no count of pages, and would only overflow what is reckoned with it.
        guard (0...Int64(Int32.max)).contains(value) else { throw JSONError(.notInteger, at: at) }
        return Int(value)
    }

    private mutating func take(_ reader: inout JSONReader, for quest: CMGQuest) throws(JSONError) {
        records += 1
        guard try reader.peek() == .object else {
            unnamed += 1
            let raw = try reader.raw()
            var hash = ByteHash()
            hash.add(raw)
            identities.append(hash.value)
            quarantine(raw, "the record is not an object")
            refused += 1
            return
        }
        let start = reader.offset
        let record = try CMGRecord(&reader)
        identities.append(record.identity)
        guard let bus = record.bus else {
            unnamed += 1
            quarantine(reader.bytes[start..<reader.offset], "barra_transf is missing")
            refused += 1
            return
        }
        guard let place = quest.place(of: bus) else {
            strangers += 1
            return
        }
        switch record.verdict(in: quest.days) {
        case .row(let time, let values): rows.append(Row(series: place, time: time, values: values))
        case .dropped: dropped += 1
        case .foreignHour:
            quarantine(reader.bytes[start..<reader.offset], "the hour before the doubled one carries values of no known hour")
        case .refused(let reason):
            quarantine(reader.bytes[start..<reader.offset], reason)
            refused += 1
        }
    }

    private mutating func quarantine(_ record: ArraySlice<UInt8>, _ reason: String) {
        quarantined.append(QuarantinedRecord(reason: reason, record: String(decoding: record.prefix(2000), as: UTF8.self)))
    }
}
