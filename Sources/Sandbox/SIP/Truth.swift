internal import Bytes

/// What a client should hold now, told beside the imitated service: every quarter that really was, by instant, with what
/// the service makes of it.
enum Fate: String {
    /// The service answers with this value.
    case served
    /// It will, once published.
    case later
    /// The service answers with another value in its place (the hour before the one that came twice).
    case foreign
    /// The service never answers with it (the first pass of the hour that came twice; a day out of the window).
    case never
}

extension Operator {
    /// A quarter of an hour, worked out once for all buses.
    private struct Moment {
        let instant: Int64
        let date: LocalDate
        let quarter: DeliveredDay.Quarter
        /// In the day's 96.
        let index: Int
        /// `"instant":…,"at":"…"`
        let text: [UInt8]
        let opens: Int64
    }

    /// One JSON object a line, of `real` or `online`: by bus, then time. `from` and `to` are instants, half-open. nil for a
    /// node that does not exist.
    func truth(_ source: Source, node: String?, from: Int64, to: Int64) -> [UInt8]? {
        var buses = Array(market.buses.indices)
        if let node {
            guard let only = index(of: node) else { return nil }
            buses = [only]
        }
        let now = clock.now
        let moments = moments(source, from: from, to: to)
        let recorded = recorded(source, moments)
        var out: [UInt8] = []
        for bus in buses {
            var head = JSONWriter()
            head.beginObject()
            head.member("node") { $0.string(market.buses[bus].node) }
            for moment in moments {
                let edition = market.edition(source, moment.date, now: now)
                let value: Price?
                var version = (edition ?? market.first(source, moment.date))?.version
                if let recorded {
                    guard let day = recorded[RecordedDay(bus: bus, date: moment.date)] else { continue }
                    let row = moment.quarter.instant == moment.instant && moment.quarter.kind == .plain ? day[moment.index] : nil
                    // Of a scan, what it omitted is not known to be.
                    if row == nil, moment.quarter.kind == .plain, moment.quarter.instant == moment.instant { continue }
                    value = row?.dollars
                    version = row?.version ?? version
                } else {
                    value = market.dollars(bus: bus, quarter: moment.instant, edition ?? market.first(source, moment.date) ?? .online)
                    if value == nil { continue }
                }
                out += head.bytes
                out += moment.text
                if let value { value.append(to: &out) } else { out += "null".utf8 }
                let fate = fate(source, bus, moment, isSettled: edition != nil, isRecorded: recorded != nil, now: now)
                out += #","fate":"\#(fate.rawValue)","version":"\#(version?.text ?? "")"}"#.utf8
                out.append(10)
            }
        }
        return out
    }

    private func moments(_ source: Source, from: Int64, to: Int64) -> [Moment] {
        var days: [LocalDate: DeliveredDay] = [:]
        return stride(from: (from + 899) / 900 * 900, to: to, by: 900).map { instant in
            let local = zone.local(at: instant)
            let day = days[local.date] ?? DeliveredDay(local.date, in: zone)
            days[local.date] = day
            let index = local.hour * 4 + local.minute / 15
            var text = Array(#","instant":\#(instant),"at":""#.utf8)
            Timestamp.append(instant, offset: local.offset, to: &text)
            text += #"","usd":"#.utf8
            return Moment(
                instant: instant, date: local.date, quarter: day.quarters[index], index: index, text: text,
                opens: source == .online ? publication.opens(instant) : 0)
        }
    }

    private struct RecordedDay: Hashable {
        let bus: Int
        let date: LocalDate
    }

    /// Rows that are served as they stand, by their place in the day; nil where rows are made from prices.
    private func recorded(_ source: Source, _ moments: [Moment]) -> [RecordedDay: [Int: Row]]? {
        guard let last = moments.last, market.recorded(source, last.date) != nil else { return nil }
        var found: [RecordedDay: [Int: Row]] = [:]
        for date in Set(moments.map(\.date)) {
            for row in market.recorded(source, date) ?? [] {
                found[RecordedDay(bus: Int(row.bus), date: date), default: [:]][Int(row.quarter)] = row
            }
        }
        return found
    }

    private func fate(_ source: Source, _ bus: Int, _ moment: Moment, isSettled: Bool, isRecorded: Bool, now: Int64) -> Fate {
        if moment.quarter.instant != moment.instant || market.first(source, moment.date) == nil { return .never }
        if source == .online, let window = faults.windowDays, moment.date < zone.day(at: now).advanced(by: -window) { return .never }
        if moment.quarter.kind == .foreign { return .foreign }
        if source == .real || isRecorded { return isSettled && moment.date <= zone.day(at: now) ? .served : .later }
        let appears = publication.appears(bus: bus, quarter: moment.instant, opens: moment.opens)
        return appears + Int64(faults.extraLagMinutes) * 60 <= now ? .served : .later
    }
}
