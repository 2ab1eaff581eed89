internal import Bytes

extension Sandbox.PolygonFaults {
    typealias Refused = Sandbox.Faults.Refused

    /// Changes what the object names.
    mutating func change(_ member: FaultMember) throws(Refused) {
        for (name, value) in try member.members() { try set(FaultMember(name: "polygon." + name, value: value), name) }
    }

    private mutating func set(_ member: FaultMember, _ name: String) throws(Refused) {
        if let rate = Self.rates.first(where: { $0.name == name }) { return self[keyPath: rate.path] = try member.rate() }
        if let count = Self.counts.first(where: { $0.name == name }) {
            return self[keyPath: count.path] = min(600_000, try member.count() ?? 0)
        }
        if let bound = Self.bounds.first(where: { $0.name == name }) {
            let count = try member.count()
            if count == 0 { throw Refused(name: member.name) }
            return self[keyPath: bound.path] = count
        }
        if let flag = Self.switches.first(where: { $0.name == name }) { return self[keyPath: flag.path] = try member.flag() }
        switch name {
        case "unknown_ticker": unknownTicker = try member.word(Unknown.self)
        case "next_url_base":
            if !member.value.isNull, member.value.string == nil { throw Refused(name: member.name) }
            nextURLBase = member.value.string
        case "splits": splits = try member.splits()
        case "lost":
            lost = [:]
            for (ticker, days) in try member.members() {
                let days = try FaultMember(name: member.name, value: days).days()
                lost[ticker] = Set(days.compactMap { LocalDate($0)?.daysSince1970 })
            }
        case "garbage":
            garbage = Set(try member.words(Sandbox.Faults.Garbage.self))
            if garbage.isEmpty { garbage = Set(Sandbox.Faults.Garbage.allCases) }
        default: throw Refused(name: member.name)
        }
    }

    /// All of them, in the form in which they are set.
    func write(_ out: inout JSONWriter) {
        out.beginObject()
        for (name, path) in Self.rates { out.member(name) { $0.double(self[keyPath: path]) } }
        for (name, path) in Self.counts { out.member(name) { $0.int(self[keyPath: path]) } }
        for (name, path) in Self.bounds { out.member(name) { $0.count(self[keyPath: path]) } }
        for (name, path) in Self.switches { out.member(name) { $0.bool(self[keyPath: path]) } }
        out.member("unknown_ticker") { $0.string(unknownTicker.rawValue) }
        out.member("next_url_base") { out in
            if let nextURLBase { out.string(nextURLBase) } else { out.null() }
        }
        out.member("garbage") { $0.strings(garbage.map(\.rawValue).sorted()) }
        out.member("splits") { out in
            out.beginArray()
            for split in splits {
                out.beginObject()
                out.member("ticker") { $0.string(split.ticker) }
                out.member("date") { $0.string(LocalDate(daysSince1970: split.day).description) }
                out.member("ratio") { $0.double(split.ratio) }
                out.endObject()
            }
            out.endArray()
        }
        out.member("lost") { out in
            out.beginObject()
            for (ticker, days) in lost.sorted(by: { $0.key < $1.key }) {
                out.member(ticker) { $0.strings(days.sorted().map { LocalDate(daysSince1970: $0).description }) }
            }
            out.endObject()
        }
        out.endObject()
    }
}

extension FaultMember {
    /// `[{"ticker":"AAPL","date":"2025-06-10","ratio":4}]`.
    fileprivate func splits() throws(Refused) -> [Sandbox.PolygonFaults.Split] {
        guard let list = value.array else { throw Refused(name: name) }
        var splits: [Sandbox.PolygonFaults.Split] = []
        for one in list {
            guard one.object?.count == 3, let ticker = one["ticker"]?.string, let date = one["date"]?.string.flatMap({ LocalDate($0) }),
                let ratio = one["ratio"]?.double, (0.001...1_000).contains(ratio)
            else { throw Refused(name: name) }
            splits.append(Sandbox.PolygonFaults.Split(ticker: ticker, day: date.daysSince1970, ratio: ratio))
        }
        return splits
    }
}
