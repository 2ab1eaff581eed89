internal import Bytes

extension Operator {
    /// One JSON object a line, of `pid` or `pcp`: by bus, then hour; the latest issue that is served, or each where
    /// `everyIssue`. `node` is any of a bus's names; nil for one that does not exist.
    func truth(programme source: Source, node: String?, from: Int64, to: Int64, everyIssue: Bool) -> [UInt8]? {
        var buses = Array(programmes.buses.indices)
        if let node {
            buses = buses.filter { [programmes.buses[$0].key, programmes.buses[$0].info, programmes.buses[$0].node].contains(node) }
            if buses.isEmpty { return nil }
        }
        let now = clock.now
        let all = from < to ? programmes.issues(source, covering: from..<to) : []
        var days: [LocalDate: DeliveredDay] = [:]
        var out: [UInt8] = []
        for bus in buses {
            for hour in stride(from: (from + 3599) / 3600 * 3600, to: to, by: 3600) {
                let local = zone.local(at: hour)
                let day = days[local.date] ?? DeliveredDay(local.date, in: zone)
                days[local.date] = day
                let found = all.filter { $0.covers.contains(hour) }.compactMap { issue in
                    programmes.value(source, bus: bus, hour: hour, of: issue).map { (issue, $0) }
                }
                if found.isEmpty { continue }
                let served = found.filter { $0.0.published <= now }
                let fate: Fate = day.quarters[local.hour * 4].instant != hour ? .never : served.isEmpty ? .later : .served
                let told = fate == .never ? [] : served.isEmpty ? [found[0]] : everyIssue ? served : [served[served.count - 1]]
                if told.isEmpty { line(bus, hour, local.offset, nil, fate, to: &out) }
                for one in told { line(bus, hour, local.offset, one, fate, to: &out) }
            }
        }
        return out
    }

    private func line(_ bus: Int, _ hour: Int64, _ offset: Int, _ told: (Issue, Decimal)?, _ fate: Fate, to out: inout [UInt8]) {
        let bus = programmes.buses[bus]
        var json = JSONWriter(capacity: 240)
        json.beginObject()
        json.member("node") { $0.string(bus.key) }
        json.member("instant") { $0.int(hour) }
        json.member("at") { $0.timestamp(hour, offset: offset) }
        json.member("usd") { json in
            guard let value = told?.1 else { return json.null() }
            var number: [UInt8] = []
            value.append(to: &number)
            json.number(number)
        }
        json.member("fate") { $0.string(fate.rawValue) }
        json.member("issued") { json in
            if let issued = told?.0.issued { json.int(issued) } else { json.null() }
        }
        json.member("name") { $0.string(bus.info) }
        json.member("bus") { json in
            if let node = bus.node { json.string(node) } else { json.null() }
        }
        json.endObject()
        out += json.bytes
        out.append(10)
    }
}
