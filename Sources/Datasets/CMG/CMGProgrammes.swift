internal import Bytes
internal import Series

/// Records of the programmes PID and PCP. One hour stands in several issues; each is handed out, ranked by when it was issued.
///
///     {"nmb_barra_info": "BA S/E CHILOE 110KV BP1", "llave_cmg": "Chiloe110", "cmg_usd_mwh": 66.3493904428098, "fecha_hora":
///      "2026-02-17 00:00:00", "fecha_programa": "2026-02-17", "hora_programa": 4, "zona": "Sur", "region": "Los Lagos"}
struct CMGProgrammes {
    static let names = JSONNames(["llave_cmg", "nmb_barra_info", "fecha_hora", "fecha_programa", "hora_programa", "cmg_usd_mwh"])

    private enum Field {
        static let key = 0
        static let name = 1
        static let stamp = 2
        static let issueDate = 3
        static let issueHour = 4
        static let usd = 5
    }

    private let source: CMGSource
    private let zone: Zone
    private let isBounded: Bool
    private var stamps = CMGStampReader()
    private var stamp: CMGStamp?
    /// Day and hour of the issue.
    private var issue: (day: Int, hour: Int)?
    private var lastDate: (text: [UInt8], day: Int) = ([], 0)

    /// `isBounded`: as of `CMGPrice.read`.
    init(_ source: CMGSource, zone: Zone, isBounded: Bool = true) {
        self.source = source
        self.zone = zone
        self.isBounded = isBounded
    }

    static func key(_ found: [JSONMember]) -> JSONMember { found[Field.key] }
    static func name(_ found: [JSONMember]) -> JSONMember { found[Field.name] }

    /// Tells records apart by bus, hour and issue; nil where one of these is missing, so that the record could be any.
    mutating func identity(_ found: [JSONMember], _ bytes: [UInt8]) -> UInt64? {
        stamp = stamps.read(found[Field.stamp], in: bytes)
        issue = readIssue(found, bytes)
        guard let stamp, let issue, found[Field.key].isString, found[Field.name].isString else { return nil }
        var hash = WordHash()
        hash.add(bytes.span, in: found[Field.key].range)
        hash.add(bytes.span, in: found[Field.name].range)
        hash.add(stamp.word)
        hash.add(UInt64(truncatingIfNeeded: issue.day) << 8 | UInt64(issue.hour))
        return hash.value
    }

    private mutating func readIssue(_ found: [JSONMember], _ bytes: [UInt8]) -> (day: Int, hour: Int)? {
        guard let text = found[Field.issueDate].text(in: bytes) else { return nil }
        if !text.elementsEqual(lastDate.text) {
            guard let stamp = LocalStamp(text), let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day)
            else { return nil }
            lastDate = (Array(text), date.daysSince1970)
        }
        let member = found[Field.issueHour]
        // A programme of which there is one a day may do without.
        if member.kind == .absent || (member.kind == .other && bytes[member.range].elementsEqual("null".utf8)) { return (lastDate.day, 0) }
        // `4`, or a text: `"4"`, `"04:00"`.
        let digits = (member.text(in: bytes) ?? bytes[member.range]).split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let hour = digits.first.flatMap({ NumberText.int($0) }), (0...24).contains(hour) else { return nil }
        return (lastDate.day, Int(hour))
    }

    /// Of the record whose identity was asked for last.
    func verdict(_ found: [JSONMember], _ bytes: [UInt8], in days: CMGDays) -> CMGVerdict {
        guard let stamp else { return .refused("fecha_hora is not a date and time") }
        guard stamp.minute == 0 else { return .refused("fecha_hora is not on the hour") }
        guard let issue else { return .refused("fecha_programa and hora_programa do not say when it was issued") }
        switch days.hour(stamp.hour, day: stamp.day) {
        case nil, .skipped, .foreign, .unsettled: return .dropped
        case .at(let start):
            guard days.isDue(start) || isOwn(stamp.day, issue.day) else { return .dropped }
            switch CMGPrice.read(
                found[Field.usd], in: bytes, field: "cmg_usd_mwh", places: CMG.programmePlaces, isBounded: isBounded)
            {
            case .refused(let reason): return .refused(reason, time: start)
            case .value(let price):
                let issued = Value.integer(instant(issue))
                let values: [Value] = [.decimal(price), .null, .text(source == .pid ? "PID" : "PCP"), issued]
                let isEarly = source == .pcp && issue.day < stamp.day && !days.isLong(start)
                return isEarly ? .early(time: start, values: values) : .row(time: start, values: values)
            }
        }
    }

    /// Of PCP the day's own issue is the last, so that it is taken before the hour is due.
    private func isOwn(_ day: Int, _ issueDay: Int) -> Bool { source == .pcp && issueDay >= day }

    /// When the programme was issued. An hour that the clocks jumped over is the next one that was.
    private func instant(_ issue: (day: Int, hour: Int)) -> Int64 {
        let date = LocalDate(daysSince1970: issue.day)
        if issue.hour == 24 { return zone.start(of: date.advanced(by: 1)) }
        return zone.instants(date, hour: issue.hour, minute: 0).last ?? zone.start(of: date)
    }
}

extension CMG {
    /// Digits after the point of programmed costs, as they come.
    static let programmePlaces = 13
}
