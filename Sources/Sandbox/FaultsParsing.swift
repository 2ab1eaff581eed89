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
        for (name, value) in members { try changed.set(Member(name: name, value: value)) }
        self = changed
    }

    private mutating func set(_ member: Member) throws(Refused) {
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
        case "downSources": downSources = Set(try member.words(Source.self))
        case "garbage":
            garbage = Set(try member.words(Garbage.self))
            if garbage.isEmpty { garbage = Set(Garbage.allCases) }
        case "lateDays":
            var days: [String: Int] = [:]
            for (day, value) in try member.members() {
                guard LocalDate(day) != nil, let count = try Member(name: name, value: value).count() else { throw Refused(name: name) }
                days[day] = count
            }
            lateDays = days
        default: throw Refused(name: name)
        }
    }

    private mutating func setThrottle(_ member: Member) throws(Refused) {
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

/// A named value of the document, read as one type or another.
private struct Member {
    typealias Refused = Sandbox.Faults.Refused
    let name: String
    let value: JSONValue

    func rate() throws(Refused) -> Double {
        guard let rate = value.double, (0...1).contains(rate) else { throw Refused(name: name) }
        return rate
    }

    func count() throws(Refused) -> Int? {
        if value.isNull { return nil }
        guard let count = value.int, count >= 0 else { throw Refused(name: name) }
        return Int(count)
    }

    func flag() throws(Refused) -> Bool {
        guard let flag = value.bool else { throw Refused(name: name) }
        return flag
    }

    func word<T: RawRepresentable>(_ type: T.Type) throws(Refused) -> T where T.RawValue == String {
        guard let text = value.string ?? value.numberText, let word = T(rawValue: text) else { throw Refused(name: name) }
        return word
    }

    func words<T: RawRepresentable>(_ type: T.Type) throws(Refused) -> [T] where T.RawValue == String {
        guard let list = value.array else { throw Refused(name: name) }
        var words: [T] = []
        for one in list { words.append(try Member(name: name, value: one).word(type)) }
        return words
    }

    func days() throws(Refused) -> [String] {
        guard let list = value.array else { throw Refused(name: name) }
        var days: [String] = []
        for one in list {
            guard let text = one.string, LocalDate(text) != nil else { throw Refused(name: name) }
            days.append(text)
        }
        return days
    }

    func members() throws(Refused) -> [(String, JSONValue)] {
        guard let members = value.object else { throw Refused(name: name) }
        return members
    }

    func inner(_ inner: String) throws(Refused) -> Member {
        Member(name: name, value: try members().first { $0.0 == inner }?.1 ?? .null)
    }

    /// An object by source changes those that it names; anything else is for all sources, and null takes all back.
    func perSource<T>(_ values: inout [Source: T], _ read: (Member) throws(Refused) -> T) throws(Refused) {
        if value.isNull { return values = [:] }
        guard let members = value.object else {
            let one = try read(self)
            for source in Source.allCases { values[source] = one }
            return
        }
        for (key, value) in members {
            guard let source = Source(rawValue: key) else { throw Refused(name: name) }
            values[source] = value.isNull ? nil : try read(Member(name: name, value: value))
        }
    }
}
