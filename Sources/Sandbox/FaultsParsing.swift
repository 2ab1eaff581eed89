internal import Bytes
internal import EventLoop

extension Sandbox.Faults {
    /// A value outside its range, an unknown name or a wrong type: the name.
    package struct Refused: Error, Sendable, Hashable, CustomStringConvertible {
        package let name: String
        package var description: String { "not understood: \(name)" }
    }

    /// Changes what the document names, and leaves the rest as it is; an empty object changes nothing. A burst begins
    /// now.
    package mutating func change(by json: [UInt8]) throws(Refused) {
        guard case .object(let members)? = try? JSONValue(parsing: json) else { throw Refused(name: "the body is not a JSON object") }
        var changed = self
        for (name, value) in members { try changed.set(FaultMember(name: name, value: value)) }
        self = changed
    }

    private mutating func set(_ member: FaultMember) throws(Refused) {
        let name = member.name
        if let rate = Self.rates.first(where: { $0.name == name }) { return self[keyPath: rate.path] = try member.rate() }
        if let count = Self.counts.first(where: { $0.name == name }) {
            return self[keyPath: count.path] = min(600_000, try member.count() ?? 0)
        }
        if let bound = Self.bounds.first(where: { $0.name == name }) { return self[keyPath: bound.path] = try member.count() }
        if let flag = Self.switches.first(where: { $0.name == name }) { return self[keyPath: flag.path] = try member.flag() }
        if let list = Self.dayLists.first(where: { $0.name == name }) { return self[keyPath: list.path] = try member.days() }
        switch name {
        case "filter": filters[.online] = try member.word(Filter.self)
        case "filters": try member.perSource(&filters) { (one) throws(Refused) in try one.word(Filter.self) }
        case "pageBase": try member.perSource(&pageBases) { (one) throws(Refused) in try one.word(Sandbox.PageBase.self) }
        case "limitCeiling": try member.perSource(&limitCeilings) { (one) throws(Refused) in try one.count() ?? 1 }
        case "throttle": try setThrottle(member)
        case "burst502":
            burst502 = nil
            if member.value.isNull { return }
            guard let every = try member.inner("everySeconds").count(), let seconds = try member.inner("seconds").count(), every > 0 else {
                throw Refused(name: name)
            }
            burst502 = Burst(everySeconds: every, seconds: seconds, origin: Deadline.now)
        case "kraken": try kraken.change(member)
        case "metrics": try metrics.change(member)
        case "polygon": try polygon.change(member)
        case "keepa": try keepa.change(member)
        case "downSources": downSources = Set(try member.words(Source.self))
        case "garbage":
            garbage = Set(try member.words(Garbage.self))
            if garbage.isEmpty { garbage = Set(Garbage.allCases) }
        case "lateDays":
            var days: [String: Int] = [:]
            for (day, value) in try member.members() {
                let count = try FaultMember(name: name, value: value).count()
                guard LocalDate(day) != nil, let count else { throw Refused(name: name) }
                days[day] = count
            }
            lateDays = days
        default: throw Refused(name: name)
        }
    }

    private mutating func setThrottle(_ member: FaultMember) throws(Refused) {
        (throttlePerHour, retryAfter) = (nil, nil)
        if member.value.isNull { return }
        throttlePerHour = try member.inner("perHour").count()
        let after = try member.inner("retryAfter")
        guard case .string(let text) = after.value else { return retryAfter = try after.count().map { .seconds($0) } }
        // A line break would be a field of its own.
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw Refused(name: member.name) }
        let offset = text.hasPrefix("date:") ? Int(text.dropFirst(5)) : nil
        retryAfter = offset.map { .date($0) } ?? .text(text)
    }
}

extension FaultMember {
    /// An object by source changes those that it names; anything else is for all sources, and null takes all back.
    fileprivate func perSource<T>(_ values: inout [Source: T], _ read: (FaultMember) throws(Refused) -> T) throws(Refused) {
        if value.isNull { return values = [:] }
        guard let members = value.object else {
            let one = try read(self)
            for source in Source.allCases { values[source] = one }
            return
        }
        for (key, value) in members {
            guard let source = Source(rawValue: key) else { throw Refused(name: name) }
            values[source] = value.isNull ? nil : try read(FaultMember(name: name, value: value))
        }
    }
}
