internal import Bytes

extension Sandbox.MetricsFaults {
    typealias Refused = Sandbox.Faults.Refused

    /// Changes what the object names.
    mutating func change(_ member: FaultMember) throws(Refused) {
        for (name, value) in try member.members() { try set(FaultMember(name: "metrics." + name, value: value), name) }
    }

    private mutating func set(_ member: FaultMember, _ name: String) throws(Refused) {
        if let rate = Self.rates.first(where: { $0.name == name }) { return self[keyPath: rate.path] = try member.rate() }
        if let count = Self.counts.first(where: { $0.name == name }) {
            return self[keyPath: count.path] = min(600_000, try member.count() ?? 0)
        }
        if let bound = Self.bounds.first(where: { $0.name == name }) { return self[keyPath: bound.path] = try member.count() }
        if let share = Self.shares.first(where: { $0.name == name }) { return self[keyPath: share.path] = try member.share() }
        switch name {
        case "hoursIgnored": hoursIgnored = try member.flag()
        case "rateLimit": rateLimit = try member.rateLimit()
        case "poison": poison = Set(try member.ids())
        case "withheld": withheld = try member.withheld()
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
        for (name, path) in Self.shares { out.member(name) { $0.share(self[keyPath: path]) } }
        out.member("hoursIgnored") { $0.bool(hoursIgnored) }
        out.member("rateLimit") { $0.rateLimit(rateLimit) }
        out.member("poison") { $0.strings(poison.sorted()) }
        out.member("garbage") { $0.strings(garbage.map(\.rawValue).sorted()) }
        out.member("withheld") { out in
            guard let withheld else { return out.null() }
            out.beginObject()
            out.member("hours") { $0.int(withheld.hours) }
            out.member("from") { $0.string(LocalDate(daysSince1970: withheld.days.lowerBound).description) }
            out.member("to") { $0.string(LocalDate(daysSince1970: withheld.days.upperBound).description) }
            if let until = withheld.until { out.member("until") { $0.timestamp(until) } }
            out.endObject()
        }
        out.endObject()
    }
}

extension FaultMember {
    private func has(_ inner: String) throws(Refused) -> Bool { try members().contains { $0.0 == inner && !$0.1.isNull } }

    /// None but these names stand in the object.
    private func only(_ names: [String]) throws(Refused) {
        for (inner, _) in try members() where !names.contains(inner) { throw Refused(name: "\(name).\(inner)") }
    }

    /// `{"rate":R}`, with `"until":instant` or `"hoursAfter":H`; null is none.
    fileprivate func share() throws(Refused) -> Sandbox.MetricsFaults.Share? {
        if value.isNull { return nil }
        try only(["rate", "until", "hoursAfter"])
        return Sandbox.MetricsFaults.Share(
            rate: try inner("rate").rate(), until: try has("until") ? try inner("until").instant() : nil,
            hoursAfter: try inner("hoursAfter").count().map { min($0, 1_000_000) })
    }

    /// `{"hours":N,"from":day,"to":day}`, the last not among them, with `"until":instant`; null is none.
    fileprivate func withheld() throws(Refused) -> Sandbox.MetricsFaults.Withheld? {
        if value.isNull { return nil }
        try only(["hours", "from", "to", "until"])
        guard let hours = try inner("hours").count(), let from = try inner("from").value.string.flatMap({ LocalDate($0) }),
            let to = try inner("to").value.string.flatMap({ LocalDate($0) }), from < to,
            from.distance(to: to) <= 1_100
        else { throw Refused(name: name) }
        return Sandbox.MetricsFaults.Withheld(
            hours: hours, days: from.daysSince1970..<to.daysSince1970, until: try has("until") ? try inner("until").instant() : nil)
    }

    /// A list of account ids, as texts or numbers.
    fileprivate func ids() throws(Refused) -> [String] {
        guard let list = value.array else { throw Refused(name: name) }
        var ids: [String] = []
        for one in list {
            guard let id = one.string ?? one.numberText else { throw Refused(name: name) }
            ids.append(id)
        }
        return ids
    }
}

extension JSONWriter {
    fileprivate mutating func share(_ share: Sandbox.MetricsFaults.Share?) {
        guard let share else { return null() }
        beginObject()
        member("rate") { $0.double(share.rate) }
        if let until = share.until { member("until") { $0.timestamp(until) } }
        if let hours = share.hoursAfter { member("hoursAfter") { $0.int(hours) } }
        endObject()
    }
}
