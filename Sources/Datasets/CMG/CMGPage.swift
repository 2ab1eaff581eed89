internal import Bytes
internal import Series

/// One page, read whole before anything of it counts.
struct CMGPage {
    /// The envelope's echoes and its count of pages; nil where it does not say.
    var page: Int?
    var limit: Int?
    var totalPages: Int?

    var records = 0
    /// One for each record that says which it is, equal for equal records.
    var identities: [UInt64] = []
    var rows: [Row] = []
    var dropped = 0
    /// Of the rows, those of a programme from before the hour's own day, by their places.
    var early: [Int] = []
    /// Records of buses that were not asked for.
    var strangers = 0
    /// Records that could not be read, other than those of hours known to be wrong.
    var refused = 0
    var quarantined: [QuarantinedRecord] = []

    private var unnamed = 0
    private var reader: JSONReader
    private var found: [JSONMember]

    init(_ body: [UInt8], for quest: CMGQuest) throws(AnswerDefect) {
        let names = quest.source.isProgramme ? CMGProgrammes.names : CMGQuarters.names
        found = Array(repeating: .absent, count: names.count)
        do throws(JSONError) {
            reader = try JSONReader(body)
            // A record is some 300 bytes.
            identities.reserveCapacity(body.count / 300 + 8)
            try readEnvelope(quest, names)
        } catch {
            throw AnswerDefect(.malformed, "expected a page of marginal costs: \(error)")
        }
        if records > 0, unnamed == records { throw AnswerDefect(.malformed, "no record of the page names its bus") }
    }

    private mutating func readEnvelope(_ quest: CMGQuest, _ names: JSONNames) throws(JSONError) {
        var hasData = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "data":
                hasData = true
                try reader.beginArray()
                if quest.source.isProgramme { try readProgrammes(quest, names) } else { try readQuarters(quest, names) }
            case "page": page = try count()
            case "limit": limit = try count()
            case "totalPages": totalPages = try count()
            default: try reader.skip()
            }
        }
        let end = reader.offset
        try reader.end()
        if !hasData { throw JSONError(.notArray, at: end) }
    }

    private mutating func count() throws(JSONError) -> Int? {
        if try reader.nullIfPresent() { return nil }
        let at = reader.offset
        let value = try reader.int()
        // What does not fit 32 bits is no count of pages, and would only overflow what is reckoned with it.
        guard (0...Int64(Int32.max)).contains(value) else { throw JSONError(.notInteger, at: at) }
        return Int(value)
    }

    private mutating func readQuarters(_ quest: CMGQuest, _ names: JSONNames) throws(JSONError) {
        var quarters = CMGQuarters(isReal: quest.source == .real, isBounded: !quest.isLenient)
        let bytes = reader.bytes
        while try reader.nextElement() {
            guard let start = try nextObject(names) else { continue }
            if let identity = quarters.identity(found, bytes) { identities.append(identity) }
            let places = places(of: CMGQuarters.bus(found), bytes, quest)
            if places.isEmpty {
                count(stranger: CMGQuarters.bus(found).isString, "barra_transf is missing", bytes, from: start)
            } else {
                take(quarters.verdict(found, bytes, in: quest.days), places, bytes[start..<reader.offset])
            }
        }
    }

    private mutating func readProgrammes(_ quest: CMGQuest, _ names: JSONNames) throws(JSONError) {
        var programmes = CMGProgrammes(quest.source, zone: quest.zone, isBounded: !quest.isLenient)
        let bytes = reader.bytes
        while try reader.nextElement() {
            guard let start = try nextObject(names) else { continue }
            if let identity = programmes.identity(found, bytes) { identities.append(identity) }
            let (key, name) = (CMGProgrammes.key(found), CMGProgrammes.name(found))
            // Nodes are mapped to either; both names of one bus may be in use.
            let places = places(of: key, bytes, quest) + places(of: name, bytes, quest)
            if places.isEmpty {
                count(stranger: key.isString || name.isString, "llave_cmg and nmb_barra_info are missing", bytes, from: start)
            } else {
                take(programmes.verdict(found, bytes, in: quest.days), places, bytes[start..<reader.offset])
            }
        }
    }

    /// Reads the element that is due; nil where it is no object.
    private mutating func nextObject(_ names: JSONNames) throws(JSONError) -> Int? {
        records += 1
        if try reader.peek() != .object {
            unnamed += 1
            refuse(try reader.raw(), "the record is not an object")
            return nil
        }
        let start = reader.offset
        try reader.members(names, into: &found)
        return start
    }

    private func places(of name: JSONMember, _ bytes: [UInt8], _ quest: CMGQuest) -> [Int] {
        if name.kind == .string { return quest.places(of: bytes.span, in: name.start + 1..<name.end - 1) }
        guard let text = name.text(in: bytes) else { return [] }
        return quest.places(of: text.span, in: 0..<text.count)
    }

    private mutating func count(stranger isNamed: Bool, _ reason: String, _ bytes: [UInt8], from start: Int) {
        if isNamed {
            strangers += 1
        } else {
            unnamed += 1
            refuse(bytes[start..<reader.offset], reason)
        }
    }

    private mutating func take(_ verdict: CMGVerdict, _ places: [Int], _ record: ArraySlice<UInt8>) {
        switch verdict {
        case .row(let time, let values): add(time, values, places)
        case .dropped: dropped += 1
        case .early(let time, let values):
            early += rows.count..<rows.count + places.count
            add(time, values, places)
        case .refused(let reason, let time):
            refused += 1
            for place in places { quarantine(record, reason, series: place, time: time) }
        }
    }

    private mutating func add(_ time: Int64, _ values: [Value], _ places: [Int]) {
        for place in places { rows.append(Row(series: place, time: time, values: values)) }
    }

    private mutating func refuse(_ record: ArraySlice<UInt8>, _ reason: String) {
        refused += 1
        quarantine(record, reason)
    }

    private mutating func quarantine(_ record: ArraySlice<UInt8>, _ reason: String, series: Int? = nil, time: Int64? = nil) {
        // One byte more than is kept says that it was longer.
        let text = String(decoding: record.prefix(QuarantinedRecord.bytesMax + 1), as: UTF8.self)
        quarantined.append(
            QuarantinedRecord(reason: reason, record: text, series: series, time: time, place: "data[\(records - 1)]"))
    }
}
