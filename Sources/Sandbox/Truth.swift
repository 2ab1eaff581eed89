internal import Bytes

/// What a client should hold in the end, told beside the imitated service: every quarter that really was, by instant,
/// with what the service makes of it.
extension Operator {
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

    /// One JSON object a line: `node`, `instant` (seconds since 1970), `at` (RFC 3339, local), `usd` and `fate`. `from` and
    /// `to` are instants, half-open. nil for a node that does not exist.
    func truth(node: String?, from: Int64, to: Int64) -> [UInt8]? {
        var buses = Array(market.buses.indices)
        if let node {
            guard let only = index(of: node) else { return nil }
            buses = [only]
        }
        let now = clock.now
        var out: [UInt8] = []
        var days: [LocalDate: DeliveredDay] = [:]
        for bus in buses {
            for quarter in stride(from: (from + 899) / 900 * 900, to: to, by: 900) {
                guard let dollars = market.dollars(bus: bus, quarter: quarter) else { continue }
                let local = zone.local(at: quarter)
                let day = days[local.date] ?? DeliveredDay(local.date, in: zone)
                days[local.date] = day
                var json = JSONWriter(capacity: 140)
                json.beginObject()
                json.key("node")
                json.string(market.buses[bus].node)
                json.key("instant")
                json.int(quarter)
                json.key("at")
                json.timestamp(quarter, offset: local.offset)
                json.key("usd")
                var number: [UInt8] = []
                dollars.append(to: &number)
                json.number(number)
                json.key("fate")
                json.string(fate(bus: bus, quarter, local, day, now: now).rawValue)
                json.endObject()
                out += json.bytes
                out.append(10)
            }
        }
        return out
    }

    private func fate(bus: Int, _ instant: Int64, _ local: Zone.Local, _ day: DeliveredDay, now: Int64) -> Fate {
        let quarter = day.quarters[local.hour * 4 + local.minute / 15]
        if quarter.instant != instant { return .never }
        if let window = faults.windowDays, local.date < zone.day(at: now).advanced(by: -window) { return .never }
        if quarter.kind == .foreign { return .foreign }
        return isPublished(bus: bus, quarter, now: now) ? .served : .later
    }
}
